"""What the doors have to say to a worker: what they do once their jobs succeed, and what they keep that expires."""

from filemill.faces.conversion import outcome as conversion
from filemill.faces.conversion import queries as conversion_queries
from filemill.jobs.job import CONVERSION
from filemill.jobs.runner import Outcome
from filemill.jobs.sweep import Forget

OUTCOMES: dict[str, Outcome] = {CONVERSION: conversion.converted}
"""Door -> what its face does in the transaction that finishes the job."""

EXPIRIES: tuple[Forget, ...] = (conversion_queries.forget_expired,)
"""Every door's own rows whose time is over."""
