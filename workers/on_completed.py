"""What the APIs have to say to a worker: what they do once their jobs succeed, and what they keep that expires."""

from filemill.apis.conversion import on_completed as conversion
from filemill.apis.conversion import queries as conversion_queries
from filemill.jobs.job import CONVERSION
from filemill.jobs.sweep import Forget
from filemill.runs.runner import OnCompleted

ON_COMPLETED: dict[str, OnCompleted] = {CONVERSION: conversion.converted}
"""API -> what its API does in the transaction that finishes the job."""

EXPIRIES: tuple[Forget, ...] = (conversion_queries.forget_expired,)
"""Every API's own rows whose time is over."""
