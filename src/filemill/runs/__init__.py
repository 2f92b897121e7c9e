"""Who takes a job through: the runner, its lease, its watch, its files."""
