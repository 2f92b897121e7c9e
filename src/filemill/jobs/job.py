"""The job: its statuses, its legal transitions, and the codes of its failures."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

import msgspec


class Status(StrEnum):
    """The status of a job."""

    PENDING = "PENDING"
    QUEUED = "QUEUED"
    RUNNING = "RUNNING"
    CANCELLATION_REQUESTED = "CANCELLATION_REQUESTED"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"


OPEN = frozenset({Status.PENDING, Status.QUEUED, Status.RUNNING, Status.CANCELLATION_REQUESTED})
"""Statuses of jobs that have not ended."""

ENDED = frozenset(Status) - OPEN

TRANSITIONS: dict[Status, frozenset[Status]] = {
    Status.PENDING: frozenset({Status.QUEUED, Status.CANCELLED}),
    Status.QUEUED: frozenset({Status.RUNNING, Status.CANCELLED, Status.FAILED}),
    Status.RUNNING: frozenset({Status.COMPLETED, Status.FAILED, Status.CANCELLATION_REQUESTED, Status.QUEUED}),
    Status.CANCELLATION_REQUESTED: frozenset({Status.CANCELLED}),
    Status.COMPLETED: frozenset(),
    Status.FAILED: frozenset({Status.QUEUED}),
    Status.CANCELLED: frozenset({Status.QUEUED}),
}
"""Every legal transition. The queries make no other transition, and the database refuses any other."""

MAIN_INPUT, MAIN_OUTPUT, BAD_ROWS = "input", "output", "bad_rows"
"""The names of the input of every job, of the output of every job, and of the output for bad rows."""

DATA, CONVERSION = "data", "conversion"
APIS: dict[str, str] = {DATA: "data-jobs", CONVERSION: "conversion-sessions"}
"""The APIs at which a job can begin: the name in the row -> the name for callers."""

WITHOUT_URLS = frozenset({CONVERSION})
"""APIs whose results no presigned URL opens: such a URL would work for whoever has it, without the session's cookie."""

MOST_RUNS = 3
"""How often the process of a job's run may die before the job becomes FAILED as `crashed`."""

MOST_WORKERS_LOST = 10
"""How often a job may lose its worker, machine and all, before the job becomes FAILED. The file is not to blame."""

ERROR_CODES: dict[str, str] = {
    "bad_value": "A value is not of the type a step or the output needs.",
    "unknown_column": "A step names a column that the table does not have at that point.",
    "bad_file": "The file is not what its name says, is damaged, or is empty.",
    "encrypted": "The file is encrypted.",
    "too_much_memory": "The job needs more memory than a job may have.",
    "too_large": "An output is larger than an output may be.",
    "quota": "The output does not fit into what the owner's files may take.",
    "too_slow": "The job took longer than a job may take.",
    "crashed": "The process that worked on the job died every time.",
    "store_away": "The object store was out of reach for too long.",
    "input_changed": "An input was changed after it had been marked as uploaded.",
    "not_installed": "A program that the conversion takes is not installed.",
    "disk_full": "The disk that jobs work on is full.",
    "internal": "Something went wrong on our side.",
}
"""Every `error_code` of a FAILED job -> its meaning."""


class Job(msgspec.Struct, frozen=True):
    """A job as its owner may see the job: a frozen value. Only the queries make transitions.

    Sizes are in bytes, `progress` goes from 0 to 1, times are UTC. `as_sent` is the JSON text of the steps as the
    caller wrote the steps. `file_name`, `announced_size`, `input_size` and `input_key` belong to the main input;
    `input_key` is None until the upload is marked. `output_key` is None until the job has COMPLETED.
    """

    id: UUID
    owner: UUID
    api: str
    lane: str
    status: Status
    as_sent: msgspec.Raw
    file_name: str
    announced_size: int | None
    input_size: int | None
    input_key: str | None
    output_key: str | None
    progress: float
    phase: str | None
    fence: int
    error_code: str | None
    error_message: str | None
    at_fault: str | None
    created_at: datetime
    updated_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    expires_at: datetime | None


class Event(msgspec.Struct, frozen=True):
    """An event of a job. `n` counts from 1 per job; `kind` is moved (a transition), phase or warning."""

    n: int
    at: datetime
    kind: str
    data: dict[str, object]
