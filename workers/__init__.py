"""The back doors: processes that claim jobs and take them through."""
