"""The back APIs: processes that claim jobs and take them through."""
