"""The jobs: how an API makes, reads, waits for, cancels and deletes a job, and the sweep that tidies up after jobs."""
