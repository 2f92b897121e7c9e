"""The workers: processes that claim jobs and run them. `workers` wires lanes to engines, and APIs to `on_completed`."""
