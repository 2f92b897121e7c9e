"""The runs of jobs: the runner, its lease, its watch, and the files of a run."""
