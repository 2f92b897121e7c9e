"""The commands on jobs for APIs: make, read, list, cancel, retry, delete, download."""

from collections.abc import AsyncIterator
from datetime import datetime
from functools import partial
from uuid import UUID

import msgspec

from filemill import connections, threads
from filemill.accounts import owner_queries as owners
from filemill.errors import Impossible, NotFound, NotYours, StoreAway, TooMany, WrongStatus
from filemill.jobs import context, wakeups
from filemill.jobs.job import APIS, MAIN_INPUT, MAIN_OUTPUT, WITHOUT_URLS, Event, Job, Status
from filemill.jobs.rows import files, jobs, lists, transitions
from filemill.jobs.rows.jobs import NewFile as NewInput
from filemill.pipelines import chains, formats, steps
from filemill.pipelines import options as job_options
from filemill.pipelines.options import Options
from filemill.storage import queries as objects
from filemill.storage import removal

FULL_RETRY_AFTER = 60
MOST_EVENTS = 1000
"""A job with so many events is not tried again: whoever cancels and tries in turns would fill the database."""

DELETED_SECONDS = 600
"""Seconds that a job stays after an unfinished deletion, so that its owner can repeat the call. Then sweep deletes."""


class Possible(msgspec.Struct, frozen=True):
    """A possible job: the formats of its inputs, the main input first, and its lane."""

    sources: tuple[formats.Format, ...]
    lane: str


class NewJob(msgspec.Struct, frozen=True):
    """A job to be made. `as_sent` is the JSON text of the steps as the caller wrote the steps.

    `lane` is set where the API chooses another lane than the lane of the steps, `share` where the job counts for
    somebody else than its owner when slots are shared out.
    """

    owner: UUID
    api: str
    pipeline: steps.Pipeline
    as_sent: bytes
    inputs: tuple[NewInput, ...]
    options: Options = Options()
    idempotency_key: str | None = None
    body_hash: str | None = None
    lane: str | None = None
    share: UUID | None = None


async def want_possible(pipeline: steps.Pipeline, inputs: tuple[NewInput, ...], options: Options) -> Possible:
    """Checks steps, inputs and options -> the possible job. Raises Impossible, BadRequest.

    Expressions take time to read: others are heard meanwhile, where there are more than a few words.
    """
    check = partial(_want_possible, pipeline, inputs, options, context.get().settings.expression_characters)
    return check() if steps.is_quick(pipeline) else await threads.run(check)


def _want_possible(pipeline: steps.Pipeline, inputs: tuple[NewInput, ...], options: Options, longest: int) -> Possible:
    sources = tuple(_format_of(file) for file in inputs)
    lane = chains.lane_of(pipeline, sources[0])
    steps.check(pipeline, [file.name for file in inputs if file.name != MAIN_INPUT], formats.FORMATS, longest)
    job_options.check(options, sources)
    return Possible(sources, lane)


async def create(new: NewJob) -> Job:
    """Makes a PENDING job, or returns the job that was made under the same idempotency key.

    Raises Impossible (another body under the same key, a file that no engine takes), TooMany, NoRoom.
    """
    return await _create(new, await want_possible(new.pipeline, new.inputs, new.options))


@connections.in_transaction
async def _create(new: NewJob, possible: Possible) -> Job:
    settings = context.get().settings
    await owners.lock(new.owner)
    if new.idempotency_key is not None:
        before = await jobs.by_idempotency_key(new.owner, new.idempotency_key, settings.idempotency_seconds)
        if before is not None:
            if before[1] != new.body_hash:
                raise Impossible("Idempotency-Key: this key was used before with another body.")
            return await _read(before[0])
    context.get().want_room()
    n_open, n_pending, is_full = await jobs.count_open(await owners.owned(new.owner))
    _want_room(n_open, settings.open_jobs)
    if is_full:
        raise TooMany(
            f"The rows of your ended jobs (steps, receipts, events; not files) take more than the"
            f" {settings.ended_rows_bytes} bytes allowed, and each job still has its result. Delete some of them.",
            retry_after=FULL_RETRY_AFTER,
        )
    if n_pending >= settings.pending_jobs:
        raise TooMany(
            f"You have {n_pending} jobs that wait for their upload; {settings.pending_jobs} are allowed."
            " Upload, cancel or delete some.",
            retry_after=FULL_RETRY_AFTER,
        )
    return await _read(await _insert(new, possible))


async def start(new: NewJob, *, object_id: UUID, until: datetime, most_open: int) -> Job:
    """Makes a QUEUED job from a stored object as its one input, inside a transaction.

    The job and its outputs are kept until `until`. The caller commits and then wakes the job's lane. Raises Impossible;
    TooMany where the owner has `most_open` jobs already.
    """
    possible = await want_possible(new.pipeline, new.inputs, new.options)
    await owners.lock(new.owner)
    n_open, _, _ = await jobs.count_open(await owners.owned(new.owner))
    _want_room(n_open, most_open)
    job_id = await _insert(new, possible)
    await files.bind_input(job_id, MAIN_INPUT, object_id)
    await transitions.queue(job_id, (Status.PENDING,), "begun by its owner")
    await jobs.keep_until(job_id, until)
    return await _read(job_id)


def _want_room(n_open: int, most: int) -> None:
    if n_open >= most:
        raise TooMany(
            f"You have {n_open} open jobs; {most} are allowed. Wait until some have ended.",
            retry_after=FULL_RETRY_AFTER,
        )


async def _insert(new: NewJob, possible: Possible) -> UUID:
    return await jobs.insert(
        owner=new.owner,
        share=new.share,
        api=new.api,
        lane=new.lane or possible.lane,
        pipeline=steps.encode(new.pipeline),
        options=job_options.encode(new.options),
        as_sent=new.as_sent,
        inputs=new.inputs,
        pending_seconds=context.get().settings.pending_seconds,
        idempotency_key=new.idempotency_key,
        body_hash=new.body_hash,
    )


def _format_of(file: NewInput) -> formats.Format:
    source = formats.format_of(file.file_name)
    if source is None:
        raise Impossible(f"file_name: the extension of {file.file_name!r} is not one of {', '.join(formats.FORMATS)}.")
    return source


async def _read(job_id: UUID) -> Job:
    job = await jobs.get(job_id)
    if job is None:
        raise NotFound("There is no job with this id.")
    return job


async def get(job_id: UUID, owner: UUID, api: str | None = None) -> Job:
    """A job of this owner, or of a guest merged into this owner.

    Raises NotFound, NotYours; WrongStatus where `api` is given and the job began at another API.
    """
    job = await _read(job_id)
    if job.owner != owner and job.owner not in await owners.owned(owner):
        raise NotYours("This job belongs to somebody else.")
    if api is not None and job.api != api:
        verbs = "read and cancelled" if job.api in WITHOUT_URLS else "read, cancelled and downloaded"
        raise WrongStatus(f"The job was begun at the API {APIS[job.api]}; here it can be {verbs}, nothing else.")
    return job


async def list_of(owner: UUID, skip: int, limit: int) -> AsyncIterator[list[Job]]:
    """The jobs of an owner and of the guests merged into this owner, newest first, page by page."""
    return lists.jobs(await lists.of_owners(await owners.owned(owner), skip, limit))


async def events(job_id: UUID, owner: UUID, after: int = 0) -> AsyncIterator[list[Event]]:
    """The events of a job of this owner after event number `after`, oldest first, page by page.

    Raises NotFound, NotYours.
    """
    await get(job_id, owner)
    return lists.events(job_id, after)


async def settle(ended: list[UUID]) -> None:
    """Sets how long ended jobs and their files are kept, inside the transaction that ended the jobs."""
    settings = context.get().settings
    await jobs.settle(
        ended,
        input_seconds=settings.input_seconds,
        output_seconds=settings.output_seconds,
        row_seconds=settings.job_row_seconds,
    )


async def cancel(job_id: UUID, owner: UUID) -> Job:
    """Cancels a job: a waiting job at once, a running one within two seconds. Raises WrongStatus for an ended job."""
    await get(job_id, owner)
    status, job = await _cancel(job_id)
    if status is None and job.status is not Status.CANCELLATION_REQUESTED:
        raise WrongStatus(f"The job is {job.status}; only a PENDING, QUEUED or RUNNING job can be cancelled.")
    return job


@connections.in_transaction
async def _cancel(job_id: UUID) -> tuple[Status | None, Job]:
    status = await transitions.cancel(job_id, "cancelled by its owner")
    if status is Status.CANCELLED:
        await settle([job_id])
    return status, await _read(job_id)


async def retry(job_id: UUID, owner: UUID, api: str | None = None) -> Job:
    """Queues a FAILED or CANCELLED job again while its inputs are stored. Raises WrongStatus."""
    await get(job_id, owner, api)
    job = await _queue_again(job_id)
    await wakeups.wake(job.lane)
    return job


@connections.in_transaction
async def _queue_again(job_id: UUID) -> Job:
    status = await jobs.lock(job_id)
    if status not in (Status.FAILED, Status.CANCELLED):
        raise WrongStatus(f"The job is {status}; only a FAILED or CANCELLED job can be tried again.")
    if await jobs.count_events(job_id) >= MOST_EVENTS:
        raise WrongStatus(f"The job has {MOST_EVENTS} events or more; make a new job instead of trying it once more.")
    if not await files.keep_inputs(job_id):
        raise WrongStatus("The job's input is not there (any more); make a new job and upload it again.")
    await transitions.queue(job_id, (Status.FAILED, Status.CANCELLED), "tried again by its owner")
    return await _read(job_id)


async def delete(job_id: UUID, owner: UUID, api: str | None = None) -> None:
    """Deletes a job that no worker holds, with its objects.

    Raises WrongStatus for a job that a worker holds; StoreAway where the store did not delete the objects. The job then
    stays, and another call goes on with the deletion.
    """
    await get(job_id, owner, api)
    keys = await _begin_to_delete(job_id)
    if not await removal.remove(context.get().store, await objects.leaving_of(keys)):
        raise StoreAway
    await jobs.delete([job_id])


@connections.in_transaction
async def _begin_to_delete(job_id: UUID) -> list[str]:
    status = await jobs.lock(job_id)
    if status in (Status.RUNNING, Status.CANCELLATION_REQUESTED):
        first = "cancel it first" if status is Status.RUNNING else "wait for its end"
        raise WrongStatus(f"The job is {status}; {first}, then delete it.")
    if status in (Status.PENDING, Status.QUEUED):
        await transitions.cancel(job_id, "deleted by its owner")
    await jobs.keep_for(job_id, DELETED_SECONDS)
    return await objects.leave_all_of([job_id])


async def sign_download(job_id: UUID, owner: UUID, name: str = MAIN_OUTPUT) -> str:
    """A URL that downloads an output of a COMPLETED job. Raises WrongStatus."""
    job = await get(job_id, owner)
    if job.api in WITHOUT_URLS:
        raise WrongStatus(f"The job was begun at the API {APIS[job.api]}; its result can be downloaded there alone.")
    if job.status is not Status.COMPLETED:
        raise WrongStatus(f"The job is {job.status}; only a COMPLETED job has an output.")
    outputs = await files.of_job(job_id, "out")
    for file in outputs:
        if file.name == name and file.key is not None and file.state == "stored":
            at_hand = context.get()
            return at_hand.store.presign_get(file.key, at_hand.settings.download_url_seconds, file.file_name)
    if any(file.name == name for file in outputs):
        raise WrongStatus(f"The output {name!r} was kept for a while and is not there any more; make the job again.")
    names = ", ".join(repr(file.name) for file in outputs) or "none"
    raise WrongStatus(f"The job has no output {name[:60]!r}; its outputs are {names}.")
