"""The one noun: jobs, their steps, their queue, the runner and the sandbox, and what sweeps up after them."""
