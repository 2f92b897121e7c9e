"""Door -> what its face keeps when its job succeeds, in the transaction that finishes the job."""

from filemill.jobs.runner import Outcome

OUTCOMES: dict[str, Outcome] = {}
