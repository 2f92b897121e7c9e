"""The APIs' parts in a worker: what an API writes when its job COMPLETED, and which of its own rows expire."""

from filemill.apis.conversion import on_completed as conversion
from filemill.apis.conversion import queries as conversion_queries
from filemill.jobs.job import CONVERSION
from filemill.jobs.sweep import Forget
from filemill.runs.runner import OnCompleted

ON_COMPLETED: dict[str, OnCompleted] = {CONVERSION: conversion.converted}
"""API -> the function that writes the API's own rows, in the transaction that finishes the job."""

EXPIRIES: tuple[Forget, ...] = (conversion_queries.forget_expired,)
"""The functions that delete the APIs' own expired rows."""
