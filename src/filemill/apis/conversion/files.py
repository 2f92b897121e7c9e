"""What a visitor can do with a file: have it taken in, have it converted, ask how that goes."""

import contextlib
from collections.abc import Collection, Mapping
from datetime import datetime
from uuid import UUID, uuid4

import msgspec

from filemill import connections
from filemill.accounts import addresses, sessions
from filemill.accounts import owner_queries as owners
from filemill.accounts import queries as accounts
from filemill.accounts.sessions import Session
from filemill.apis.conversion import queries
from filemill.apis.conversion.queries import FileRow
from filemill.errors import BadRequest, FileRefused, NoSession, NotFound
from filemill.jobs import commands, context, offers, waiters, wakeups
from filemill.jobs.job import CONVERSION, MAIN_INPUT, OPEN, Job, Status
from filemill.jobs.rows.jobs import NewFile
from filemill.pipelines import formats, pairs, steps
from filemill.pipelines.formats import Format
from filemill.storage import objects
from filemill.storage import queries as rows

UPLOADED, PROCESSING, COMPLETED, FAILED = "uploaded", "processing", "completed", "failed"
_CANCELLED = "Cancelled."
_UNKNOWN = "This session has no job with this job_id."
_UUID_VERSION = 4


class Standing(msgspec.Struct, frozen=True):
    """How a file stands; `progress` goes from 0 to 1."""

    status: str
    error_message: str | None
    completed_at: datetime | None
    progress: float


# --- in ---------------------------------------------------------------------------------------------------------------


def read_job_id(text: str) -> UUID:
    """A visitor's own id of a file. Raises BadRequest for anything but a UUID of version 4."""
    try:
        found = UUID(text)
    except ValueError:
        found = None
    if found is None or found.version != _UUID_VERSION or str(found) != text.lower():
        raise BadRequest("job_id must be a UUID of version 4, such as 3f0c1a52-9d1e-4c86-9a1b-0e9d8f7c6b5a.")
    return found


def format_of(file_name: str) -> Format:
    """The format that a file's name stands for. Raises FileRefused for one that becomes nothing else."""
    found = formats.format_of(file_name)
    if found is None or not pairs.targets_of(found):
        known = ", ".join(name for name, one in formats.FORMATS.items() if pairs.targets_of(one))
        raise FileRefused(f"The extension of {file_name!r} is not one of those that can be converted: {known}.")
    return found


def new_key(file: Format) -> str:
    """Where the next upload is to lie: nobody's own word stands in it."""
    return objects.input_key(uuid4(), f"upload.{file.name}")


async def want_unused(session: Session, job_id: UUID) -> None:
    """Refuses an id that the session has used. Raises BadRequest."""
    if await queries.is_used(session.guest, job_id):
        raise BadRequest("job_id: this session has a file of this id already; make a new UUID for every file.")


async def keep(session: Session, job_id: UUID, file_name: str, object_id: UUID) -> None:
    """Writes down a file whose object was stored in this transaction. Raises NoSession, BadRequest.

    The guest's row is locked before the session is looked at: one that ends meanwhile either is seen to have ended, or
    finds this file and takes it along.
    """
    if not await accounts.lock_live(session.guest) or await sessions.read(session.id) is None:
        raise NoSession
    allowed = context.get().settings.guest_stored_bytes
    used = await rows.stored_bytes(await owners.owned(session.guest), but=object_id)
    size = await rows.size_of(object_id)
    if used + size > allowed:
        raise BadRequest(f"Your files take {used} of the {allowed} bytes allowed; this one of {size} does not fit.")
    if not await queries.insert(session.guest, job_id, file_name, object_id, session.seconds_left):
        await want_unused(session, job_id)


# --- converted --------------------------------------------------------------------------------------------------------


async def targets() -> dict[str, list[str]]:
    """What can be converted here, source -> targets."""
    offered = await offers.grids()
    told: dict[str, list[str]] = {}
    for source, target in pairs.PAIRS:
        if (source, target) in offered:
            told.setdefault(source, []).append(target)
    return told


async def convert(session: Session, job_id: UUID, target_format: str, address: str) -> UUID:
    """Queues the conversion of a file -> the job's id. Sheets become each other as plain grids.

    Where slots are shared out, a member's sessions count as one, and so do all guests who come from one address.

    Raises NotFound, Unavailable where no worker of this installation could do it, TooMany; BadRequest for a format that
    it cannot become, while it is being converted, and once it was.
    """
    share = session.member or addresses.mark_of(address, context.get().settings.secret)
    job = await _start(session.guest, share, job_id, target_format, await offers.grids())
    await wakeups.wake(job.lane)
    return job.id


@connections.in_transaction
async def _start(guest: UUID, share: UUID, job_id: UUID, target_format: str, offered: Mapping[offers.Pair, str]) -> Job:
    await owners.lock(guest)  # whoever changes a guest's files has this lock first
    file = await queries.get(guest, job_id)
    if file is None:
        raise NotFound(_UNKNOWN)
    source, target = _pair(file, target_format, offered)
    pipeline = (steps.ConvertFormat(to_format=target),)
    _want_convertible(file)
    assert file.object_id is not None
    size = await rows.size_of(file.object_id)
    job = await commands.start(
        commands.NewJob(
            owner=guest,
            share=share,
            api=CONVERSION,
            pipeline=pipeline,
            as_sent=steps.encode(pipeline),
            inputs=(NewFile(MAIN_INPUT, file.file_name, size),),
            lane=offered[source, target],
        ),
        object_id=file.object_id,
        until=file.expires_at,
        most_open=context.get().settings.guest_open_jobs,
    )
    if not await queries.set_job(file.id, job.id):  # its time was over in this moment
        raise NotFound(_UNKNOWN)
    return job


def _pair(file: FileRow, target_format: str, offered: Collection[offers.Pair]) -> offers.Pair:
    source = format_of(file.file_name)
    allowed = pairs.targets_of(source)
    target = formats.ALIASES.get(target_format, target_format)
    if target not in allowed:
        raise BadRequest(
            f"target_format: a {source.name} file cannot become {target_format[:40]!r}; it can become one of"
            f" {', '.join(allowed)}."
        )
    offers.want(source, target, offered)
    return source.name, target


def _want_convertible(file: FileRow) -> None:
    if file.status in OPEN:
        raise BadRequest("This file is being converted already; wait until that has ended.")
    if file.status == Status.COMPLETED:
        raise BadRequest("This file was converted, and the original is gone; upload it again to convert it once more.")
    if not file.has_original:
        raise BadRequest("The uploaded file is not there any more; upload it again.")


# --- asked about ------------------------------------------------------------------------------------------------------


async def find(session: Session, job_id: UUID) -> FileRow:
    """A file of this session. Raises NotFound."""
    file = await queries.get(session.guest, job_id)
    if file is None:
        raise NotFound(_UNKNOWN)
    return file


async def wait(session: Session, job_id: UUID, seconds: float) -> FileRow:
    """A file of this session, as soon as it is not being converted or after so many seconds. Raises NotFound."""
    file = await find(session, job_id)
    if seconds <= 0 or file.task is None or file.status not in OPEN:
        return file
    with contextlib.suppress(NotFound):  # removed meanwhile, and then so is the file
        await waiters.wait(file.task, session.guest, seconds)
    return await find(session, job_id)


def standing(file: FileRow) -> Standing:
    """How a file stands, in this API's words."""
    match file.status:
        case None:
            return Standing(UPLOADED, None, None, 0.0)
        case Status.COMPLETED:
            return Standing(COMPLETED, None, file.ended_at, 1.0)
        case Status.FAILED:
            return Standing(FAILED, file.error_message, None, file.progress or 0.0)
        case Status.CANCELLED:
            return Standing(FAILED, _CANCELLED, None, file.progress or 0.0)
    return Standing(PROCESSING, None, None, file.progress or 0.0)


async def queue_position(file: FileRow) -> int | None:
    """The file's place in the queue, the first being 1; None where it does not wait."""
    return await queries.queue_position(file.task) if file.status == Status.QUEUED and file.task else None
