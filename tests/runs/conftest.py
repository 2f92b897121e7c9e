"""Fixtures for runs: jobs to take through."""

from tests.fixtures.jobs import at_hand, new_job, owner, queued

__all__ = ["at_hand", "new_job", "owner", "queued"]
