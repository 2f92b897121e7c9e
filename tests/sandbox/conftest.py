"""Fixtures for sandboxes: jobs to work on in one."""

from tests.fixtures.jobs import at_hand, new_job, owner, queued

__all__ = ["at_hand", "new_job", "owner", "queued"]
