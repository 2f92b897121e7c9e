"""The upload of an input: its URL, its parts, and the mark that queues the job."""

from uuid import UUID

import msgspec

from filemill import connections, threads
from filemill.accounts import owner_queries as owners
from filemill.errors import BadRequest, WrongStatus
from filemill.jobs import commands, context, wakeups
from filemill.jobs.job import DATA, MAIN_INPUT, Job, Status
from filemill.jobs.rows import files, jobs, transitions
from filemill.jobs.rows.files import FileRow
from filemill.pipelines.formats import format_of
from filemill.storage import objects, sniffing
from filemill.storage import queries as rows
from filemill.storage.objects import Part, Stat
from filemill.storage.s3 import Store

LONGEST_TOLD = 400
"""Most characters of a wrong key in an error. Every key of the service is shorter."""

MOST_PARTS = 10_000
"""Most parts of one upload in every S3 store."""


class SignedPart(msgspec.Struct, frozen=True):
    """A URL for one part of an upload."""

    part_number: int
    url: str


async def _input(job_id: UUID, owner: UUID, name: str) -> tuple[Job, FileRow]:
    job = await commands.get(job_id, owner, DATA)
    _want_pending(job.status)
    inputs = await files.of_job(job_id, "in")
    for file in inputs:
        if file.name == name:
            return job, file
    names = ", ".join(repr(file.name) for file in inputs)
    raise BadRequest(f"The job has no input {name[:60]!r}; its inputs are {names}.")


def _want_pending(status: Status | None) -> None:
    if status is not Status.PENDING:
        raise WrongStatus(f"The job is {status}; files can be uploaded only while it is PENDING.")


def _key(job_id: UUID, file: FileRow) -> str:
    return objects.input_key(job_id, file.file_name, None if file.name == MAIN_INPUT else file.name)


@connections.in_transaction
async def _expect(job: Job, file: FileRow, *, is_url: bool) -> tuple[UUID, str, str | None]:
    """Commits the object's row before anything may be written under its key -> the object's id, key and open upload.

    Raises WrongStatus, NoRoom.
    """
    context.get().want_room()
    settings = context.get().settings
    key = _key(job.id, file)
    _want_pending(await jobs.lock(job.id))
    before = await rows.by_key(key)
    if is_url and before is not None and before.is_signed and before.upload_id is None:
        raise WrongStatus("An upload URL was given already and is still valid; ask again when it has expired.")
    seconds = settings.upload_url_seconds + objects.LONGEST_UPLOAD_SECONDS
    object_id = await rows.expect(key, job.owner, job.id, seconds, most_bytes=file.announced_size)
    await files.expect_input(job.id, file.name, object_id, settings.pending_seconds)
    return object_id, key, before.upload_id if before is not None else None


async def sign(job_id: UUID, owner: UUID, input_name: str = MAIN_INPUT) -> str:
    """A URL that uploads an input in one piece. Raises WrongStatus while a former URL is valid."""
    job, file = await _input(job_id, owner, input_name)
    _, key, _ = await _expect(job, file, is_url=True)
    at_hand = context.get()
    return at_hand.store.presign_put(key, at_hand.settings.upload_url_seconds)


async def mark(job_id: UUID, owner: UUID, object_key: str, sha256: str | None = None) -> Job:
    """Marks an input as uploaded, and queues the job with its last missing input.

    Raises WrongStatus where the job is not PENDING; BadRequest for another job's key, a missing object, a file that is
    larger than announced or not of the format in its name, or more stored bytes than allowed.
    """
    at_hand = context.get()
    job = await commands.get(job_id, owner, DATA)
    _want_pending(job.status)
    at_hand.want_room()
    inputs = await files.of_job(job_id, "in")
    file = next((f for f in inputs if f.key == object_key), None)
    if file is None or file.object_id is None:
        raise BadRequest(_no_upload(object_key, [_key(job_id, one) for one in inputs]))
    looked = await at_hand.store.look(object_key, sniffing.HEAD_BYTES)
    if looked is None:
        if file.refused is not None:
            raise BadRequest(f"object_key: {file.refused}")
        what = "complete the upload in parts" if file.upload_id is not None else "upload the file"
        raise BadRequest(f"object_key: there is no object under this key yet; {what} first.")
    found, head = looked
    if file.announced_size is not None and found.size > file.announced_size:
        raise BadRequest(
            f"The uploaded file has {found.size} bytes, more than the {file.announced_size} bytes announced."
        )
    kind = format_of(file.file_name)
    if kind is not None and not _is_known(file, found):
        await sniffing.check(file.file_name, kind, head, found.size)
    job = await _mark(job_id, owner, file, found, sha256)
    if job.status is Status.QUEUED:
        await wakeups.wake(job.lane)
    if file.upload_id is not None:  # the caller began an upload in parts, then uploaded in one piece
        await at_hand.store.abort_upload(object_key, file.upload_id)
    return job


def _is_known(file: FileRow, found: Stat) -> bool:
    """Whether these bytes were looked at when the input was marked before."""
    return file.state == "stored" and (file.etag, file.size) == (found.etag, found.size)


@connections.in_transaction
async def _mark(job_id: UUID, owner: UUID, file: FileRow, found: Stat, sha256: str | None) -> Job:
    """Records the found object of an input, and queues the job with its last missing input."""
    assert file.object_id is not None
    await owners.lock(owner)
    _want_pending(await jobs.lock(job_id))
    used, allowed = await rows.stored_bytes(await owners.owned(owner), but=file.object_id), _most_bytes()
    if used + found.size > allowed:
        raise BadRequest(
            f"Your files take {used} of the {allowed} bytes allowed; this one of {found.size} does not fit."
        )
    kind = format_of(file.file_name)
    if not await rows.store(
        file.object_id,
        size=found.size,
        etag=found.etag,
        media_type=kind.media_type if kind else None,
        sha256=sha256,
    ):
        raise WrongStatus("The upload is being deleted.")
    if await files.mark_input(job_id, file.name):
        await transitions.queue(job_id, (Status.PENDING,), "uploaded")
    return await commands.get(job_id, owner)


def _most_bytes() -> int:
    return context.get().settings.stored_bytes


def _no_upload(given: str, keys: list[str]) -> str:
    if given in keys:
        return (
            "object_key: nothing can have been uploaded under this key yet, as no upload URL was asked for. Ask for"
            " one, upload the file, then mark it."
        )
    told = given if len(given) <= LONGEST_TOLD else f"{given[:LONGEST_TOLD]}..."
    return f"object_key: {told!r} is not an upload of this job; its input's key is {' or '.join(map(repr, keys))}."


async def open_multipart(job_id: UUID, owner: UUID, input_name: str = MAIN_INPUT) -> str:
    """Begins an upload in parts -> its id. An open upload is resumed: the function returns its id."""
    job, file = await _input(job_id, owner, input_name)
    object_id, key, upload_id = await _expect(job, file, is_url=False)
    if upload_id is not None:
        return upload_id
    # The row is committed before the first byte. Its lock is held while the store answers, so only one upload opens.
    # Nothing else is locked here, so nobody can wait for this transaction while it waits: it need not be repeatable.
    async with connections.transaction():
        row = await rows.by_key(key)
        if row is not None and row.upload_id is not None:
            return row.upload_id
        upload_id = await context.get().store.create_upload(key)
        await rows.note_upload(object_id, upload_id)
    return upload_id


async def _open_upload(job_id: UUID, owner: UUID, input_name: str) -> tuple[Job, FileRow, str, str]:
    job, file = await _input(job_id, owner, input_name)
    key = _key(job_id, file)
    row = await rows.by_key(key)
    if row is None or row.upload_id is None:
        raise WrongStatus(
            "There is no open upload in parts: none was begun, or it was completed or given up. Mark what was"
            " completed; else begin one first."
        )
    return job, file, key, row.upload_id


async def parts(job_id: UUID, owner: UUID, input_name: str = MAIN_INPUT) -> list[Part]:
    """The parts that have arrived, so that a caller can resume an upload. Raises WrongStatus."""
    _, _, key, upload_id = await _open_upload(job_id, owner, input_name)
    return await context.get().store.list_parts(key, upload_id)


async def sign_parts(job_id: UUID, owner: UUID, numbers: list[int], input_name: str = MAIN_INPUT) -> list[SignedPart]:
    """URLs for these parts, counted from 1. Raises WrongStatus, BadRequest."""
    if not numbers or len(numbers) > 1000 or any(not 1 <= n <= MOST_PARTS for n in numbers):
        raise BadRequest(f"part_numbers: name 1 to 1000 numbers between 1 and {MOST_PARTS}.")
    job, file, key, upload_id = await _open_upload(job_id, owner, input_name)
    await _expect(job, file, is_url=False)
    at_hand = context.get()
    seconds = at_hand.settings.upload_url_seconds
    return await threads.run(_signed, at_hand.store, key, upload_id, numbers, seconds)  # a thousand take 0.1 s


def _signed(store: Store, key: str, upload_id: str, numbers: list[int], seconds: int) -> list[SignedPart]:
    return [SignedPart(n, store.presign_part(key, upload_id, n, seconds)) for n in numbers]


async def complete(job_id: UUID, owner: UUID, done: list[Part], input_name: str = MAIN_INPUT) -> None:
    """Makes the object from its parts; the caller must still call `mark`. Raises WrongStatus, BadRequest."""
    _, file, key, upload_id = await _open_upload(job_id, owner, input_name)
    await context.get().store.complete_upload(key, upload_id, done)
    if file.object_id is not None:
        await rows.note_upload(file.object_id, None)


async def abort(job_id: UUID, owner: UUID, input_name: str = MAIN_INPUT) -> None:
    """Aborts an upload in parts and drops its parts. Raises WrongStatus where no upload is open."""
    _, file, key, upload_id = await _open_upload(job_id, owner, input_name)
    await context.get().store.abort_upload(key, upload_id)
    if file.object_id is not None:
        await rows.note_upload(file.object_id, None)
