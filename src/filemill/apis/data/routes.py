"""The addresses of this API: decode, ask accounts or jobs, answer in this API's words."""

import hashlib
from typing import Annotated

import msgspec
from litestar import Response, Router, delete, get, post
from litestar.datastructures import State
from litestar.params import HeaderParameter, JSONBody, QueryParameter

from filemill.apis.data import account_routes, planning, replies, transfer_routes
from filemill.apis.data.new_jobs import MOST_JOB_BYTES, NewJob
from filemill.apis.data.operations import (
    BODY,
    CANCELLED,
    MISSHAPEN,
    NOTHING,
    PENDING,
    QUEUED,
    SECURITY,
    UNREADABLE,
    Asked,
    JobId,
    account,
    ask,
    refusals,
)
from filemill.apis.data.planning import MOST_PLAN_BYTES, NewPlan, PlanReply
from filemill.apis.data.schemas import (
    EventReply,
    JobReply,
    Nothing,
    ReceiptReply,
)
from filemill.jobs import commands, plans, receipts, waiters
from filemill.jobs.job import DATA
from filemill.pipelines import steps
from filemill.web import lists
from filemill.web.bodies import JsonBody
from filemill.web.guards import known, signed_in, spelled_as_ids
from filemill.web.waiting import Wait, unless_left

MOST_BODY_BYTES = 2**20


@post(
    "/",
    guards=[signed_in],
    dto=JsonBody[NewJob],
    summary="Make a job",
    response_description="The job, PENDING; with a known `Idempotency-Key` the one made before, as it stands.",
    responses=refusals(*BODY, 429, bad=MISSHAPEN),
    request_max_body_size=MOST_JOB_BYTES,
    shows=PENDING,
)
async def make_job(
    request: Asked,
    state: State,
    data: JSONBody[NewJob],
    idempotency_key: Annotated[
        str | None,
        HeaderParameter(
            name="Idempotency-Key",
            pattern=r"^[!-~]{1,255}$",
            schema_extra={"type": "string", "one_of": None},  # it may be absent; null it cannot be
            description="The same key with the same body is answered with the job made before; with another, 422.",
        ),
    ] = None,
) -> JobReply:
    """Makes a PENDING job. Ask for its `upload-url` next, PUT the file there, then call `mark-uploaded`."""
    await data.check_steps(state.settings.expression_characters)
    body = await request.body()
    made = await commands.create(
        commands.NewJob(
            owner=account(request),
            api=DATA,
            pipeline=steps.from_wire(data.processing_steps),
            as_sent=replies.steps_as_sent(body),
            inputs=data.inputs,
            options=data.options,
            idempotency_key=idempotency_key,
            body_hash=_hash(body) if idempotency_key else None,
        )
    )
    return replies.job(made)


@post(
    "/plan",
    guards=[signed_in],
    dto=JsonBody[NewPlan],
    status_code=200,
    summary="Plan a job",
    response_description="What it would do.",
    responses=refusals(*BODY, 403, 404, 429, 504, bad=MISSHAPEN),
    request_max_body_size=MOST_PLAN_BYTES,
)
async def plan_job(request: Asked, state: State, data: JSONBody[NewPlan]) -> PlanReply:
    """What a job would do, told within ten seconds from the beginning of its data; nothing is made or written.

    What `POST /jobs` refuses is refused alike. Everything else that is wrong stands in `errors`, all at once.
    """
    planning.want_small(await request.body())
    await data.check_steps(state.settings.expression_characters)
    plan = await plans.make(
        plans.NewPlan(
            owner=account(request),
            api=DATA,
            pipeline=steps.from_wire(data.processing_steps),
            inputs=data.inputs,
            options=data.options,
            sample=data.text,
            of=data.job,
        )
    )
    return planning.reply(plan)


@get(
    "/",
    summary="List jobs",
    response_description="The jobs, newest first.",
    responses=refusals(401, 422, bad=UNREADABLE),
)
async def list_jobs(
    request: Asked,
    skip: Annotated[int, QueryParameter(ge=0, le=2**63 - 1, description="How many of the newest to pass over.")] = 0,
    limit: Annotated[int, QueryParameter(ge=0, le=1000, description="How many to answer with, at most.")] = 100,
) -> Response[list[JobReply]]:
    """The caller's jobs, newest first, each as it stands when it is sent."""
    pages = await commands.list_of(account(request), skip, limit)
    return await lists.answer(request, pages, replies.job)


@get(
    "/{job_id:uuid}",
    summary="Read a job",
    response_description="The job.",
    responses=refusals(401, 403, 404, 422, bad=UNREADABLE),
)
async def read_job(
    request: Asked,
    job_id: JobId,
    wait: Wait = 0,
) -> JobReply:
    """A job as it stands; with `wait` as soon as it has ended, or when that many seconds are over."""
    return replies.job(await unless_left(request, wait, waiters.wait(job_id, account(request), wait)))


@delete(
    "/{job_id:uuid}",
    summary="Delete a job",
    response_description="The job and its files are gone.",
    responses=refusals(401, 403, 404),
)
async def delete_job(request: Asked, job_id: JobId) -> None:
    """Deletes a job and its files, which are gone when this answers. A running job must be cancelled first."""
    await commands.delete(job_id, account(request), DATA)


@ask(
    "/{job_id:uuid}/cancel",
    dto=JsonBody[Nothing],
    summary="Cancel a job",
    response_description="The job, CANCELLED or CANCELLATION_REQUESTED.",
    shows=CANCELLED,
)
async def cancel_job(request: Asked, job_id: JobId, data: JSONBody[Nothing] = NOTHING) -> JobReply:
    """A waiting job is CANCELLED at once; a running one is asked to stop and ends within two seconds."""
    return replies.job(await commands.cancel(job_id, account(request)))


@ask(
    "/{job_id:uuid}/retry",
    dto=JsonBody[Nothing],
    summary="Try a job again",
    response_description="The job, QUEUED.",
    shows=QUEUED,
)
async def retry_job(request: Asked, job_id: JobId, data: JSONBody[Nothing] = NOTHING) -> JobReply:
    """Queues a FAILED or CANCELLED job once more, as long as its input is still there."""
    return replies.job(await commands.retry(job_id, account(request), DATA))


@get(
    "/{job_id:uuid}/events",
    summary="What happened to a job",
    response_description="The events, oldest first.",
    responses=refusals(401, 403, 404, 422, bad=UNREADABLE),
)
async def list_events(
    request: Asked,
    job_id: JobId,
    after: Annotated[int, QueryParameter(ge=0, le=2**31 - 1, description="Only events with a greater `n`.")] = 0,
) -> Response[list[EventReply]]:
    """The job's transitions, phases and warnings, oldest first."""
    pages = await commands.events(job_id, account(request), after)
    return await lists.answer(request, pages, replies.event)


@get(
    "/{job_id:uuid}/receipt",
    summary="The receipt of a job",
    response_description="The receipt.",
    responses=refusals(401, 403, 404),
)
async def read_receipt(request: Asked, job_id: JobId) -> ReceiptReply:
    """What a COMPLETED job has read and written: rows, sizes, SHA-256, seconds, versions.

    The SHA-256 of a file above 1 GiB is null until it is known, some time after the job has COMPLETED.
    """
    return replies.receipt(await receipts.read(job_id, account(request)))


_JOBS = Router(
    "/jobs",
    route_handlers=[
        make_job,
        plan_job,
        list_jobs,
        read_job,
        delete_job,
        cancel_job,
        retry_job,
        list_events,
        read_receipt,
        *transfer_routes.handlers,
    ],
    guards=[known, spelled_as_ids],
    security=SECURITY,
    request_max_body_size=MOST_BODY_BYTES,
    tags=["jobs"],
)

router = Router("/api/v1", route_handlers=[*account_routes.handlers, _JOBS])


def _hash(body: bytes) -> str:
    """The same for two bodies that say the same, however their keys are ordered and spaced."""
    return hashlib.sha256(msgspec.json.encode(msgspec.json.decode(body), order="sorted")).hexdigest()
