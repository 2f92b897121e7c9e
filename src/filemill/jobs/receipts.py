"""The receipt of a COMPLETED job: its files with rows, sizes and hashes, the engines' versions, and the time."""

import asyncio
import contextlib
import time
from uuid import UUID

import msgspec

from filemill import __version__
from filemill.errors import WrongStatus
from filemill.jobs import commands, context
from filemill.jobs.job import BAD_ROWS, MAIN_OUTPUT
from filemill.jobs.rows import receipts
from filemill.pipelines.run import Done, Made

HASHED_AT_ONCE = 1 << 20
"""Bytes. The run hashes a file up to this size as it looks at the store; larger files wait for the job's end."""

WAITED_FOR = 1 << 30
"""Bytes. A receipt waits for the hash of a file up to this size; the hash of a larger file may be null for a while."""

WAIT_SECONDS = 30


class FileSum(msgspec.Struct, frozen=True):
    """One input or output at the end of the job. `size` in bytes; `sha256` in hex digits, None until known."""

    name: str
    key: str
    size: int
    sha256: str | None


class Result(msgspec.Struct, frozen=True):
    """The result in the row of a COMPLETED job. `sha256`: key -> the hash that was computed after the job's end.

    `plan` is a plan as JSON text: PostgreSQL's own JSON keeps neither the order of keys nor every character.
    """

    rows_in: int = 0
    made: tuple[Made, ...] = ()
    inputs: tuple[FileSum, ...] = ()
    outputs: tuple[FileSum, ...] = ()
    versions: dict[str, str] = {}
    sha256: dict[str, str] = {}
    plan: str | None = None


class Receipt(msgspec.Struct, frozen=True):
    """A job's receipt. `rows_in` counts the rows read from all inputs, `rows_out` the rows of the main output."""

    rows_in: int
    rows_out: int
    bad_rows: int
    inputs: tuple[FileSum, ...]
    outputs: tuple[FileSum, ...]
    seconds: float
    versions: dict[str, str]


def encode(done: Done, inputs: list[FileSum], outputs: list[FileSum], engines: dict[str, str]) -> bytes:
    """The result of a run -> JSON text for the job's row."""
    versions = {"filemill": __version__, **engines}
    plan = msgspec.json.encode(done.plan).decode() if done.plan else None
    made = tuple(msgspec.structs.replace(one, stored=None) for one in done.made)
    return msgspec.json.encode(Result(done.rows_in, made, tuple(inputs), tuple(outputs), versions, plan=plan))


async def read(job_id: UUID, owner: UUID) -> Receipt:
    """The receipt of a job; waits a moment for hashes that are due. Raises NotFound, NotYours, WrongStatus."""
    job = await commands.get(job_id, owner)
    listener = context.get().listener
    receipt = await _read(job_id)
    if receipt is None:
        raise WrongStatus(f"The job is {job.status}; only a COMPLETED job has a receipt.")
    if listener is None or _is_whole(receipt):
        return receipt
    until = time.monotonic() + WAIT_SECONDS
    async with listener.watch(job_id) as changed:
        while True:
            changed.clear()
            is_due = await _is_due(receipt)  # first this, then the row, which has every hash that is not due any more
            receipt = await _read(job_id) or receipt
            left = until - time.monotonic()
            if not is_due or left <= 0:
                return receipt
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(changed.wait(), left)


async def _read(job_id: UUID) -> Receipt | None:
    row = await receipts.of(job_id)
    if row is None:
        return None
    kept = msgspec.json.decode(row.result, type=Result)
    rows = {made.name: made.rows for made in kept.made}
    return Receipt(
        kept.rows_in,
        rows.get(MAIN_OUTPUT, 0),
        rows.get(BAD_ROWS, 0),
        _with_late(kept.inputs, kept.sha256),
        _with_late(kept.outputs, kept.sha256),
        round((row.ended_at - row.started_at).total_seconds(), 3),
        kept.versions,
    )


def _with_late(files: tuple[FileSum, ...], late: dict[str, str]) -> tuple[FileSum, ...]:
    return tuple(msgspec.structs.replace(one, sha256=one.sha256 or late.get(one.key)) for one in files)


def _is_whole(receipt: Receipt) -> bool:
    return all(one.sha256 for one in (*receipt.inputs, *receipt.outputs))


async def _is_due(receipt: Receipt) -> bool:
    """Whether a hash of a file up to `WAITED_FOR` bytes is still due."""
    missing = [one.key for one in (*receipt.inputs, *receipt.outputs) if one.sha256 is None]
    return await receipts.count_due(missing, WAITED_FOR) > 0
