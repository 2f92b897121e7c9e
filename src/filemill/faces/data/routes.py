"""The addresses of this door: decode, ask accounts or jobs, answer in this door's words."""

import hashlib
from functools import partial
from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Request, Response, Router, delete, get, post
from litestar.datastructures import State
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import HeaderParameter, JSONBody, PathParameter, QueryParameter, RequestBody

from filemill.accounts import sign_in, tokens
from filemill.faces.data import words
from filemill.faces.data.schemas import (
    AccountReply,
    Credentials,
    DownloadUrl,
    EventReply,
    FinishedParts,
    JobReply,
    MultipartOpened,
    NewAccount,
    NewJob,
    Nothing,
    Problem,
    SignedPart,
    SignedParts,
    Token,
    Uploaded,
    UploadedPart,
    UploadedParts,
    UploadUrl,
    WantedParts,
)
from filemill.jobs import commands, steps, uploads
from filemill.jobs.queries import NewFile
from filemill.storage.objects import Part
from filemill.web.address import client_of
from filemill.web.bodies import FormBody, FormOperation, JsonBody
from filemill.web.caller import ANYONE, Caller
from filemill.web.guards import signed_in

DOOR = "data"
MOST_BODY_BYTES = 2**20
MOST_JOB_BYTES = 2**17
"""A job's steps are echoed as they were sent: a page of 1,000 jobs must fit into memory."""

MOST_CREDENTIALS_BYTES = 8 * 2**10

Asked = Request[Caller, Any, State]

_MEANINGS = {
    400: "The request cannot be read, or the job's status does not allow this.",
    401: "No token, or one that is not valid.",
    403: "The job belongs to somebody else.",
    404: "There is no such job.",
    413: "The body is too large.",
    415: "The body is not sent as JSON.",
    422: "A value is impossible.",
    429: "Too many; `Retry-After` says when to come again.",
    503: "A part of the service is away for a moment; `Retry-After` says when to come again.",
}


def _refusals(*statuses: int) -> dict[int, ResponseSpec]:
    return {
        status: ResponseSpec(Problem, description=_MEANINGS[status], generate_examples=False)
        for status in (400, *statuses, 503)
    }


_BODY = (401, 413, 415, 422)
_SECURITY: list[dict[str, list[str]]] = [{"bearer": []}, {"oauth2": []}]
_NOTHING = Nothing()

# A POST that asks something of one job.
_ask = partial(post, status_code=200, responses=_refusals(*_BODY, 403, 404))

JobId = Annotated[UUID, PathParameter(description="The job's id.")]


# --- accounts ---------------------------------------------------------------------------------------------------------


@post(
    "/auth/register",
    dto=JsonBody[NewAccount],
    opt=ANYONE,
    summary="Register",
    responses=_refusals(413, 415),
    request_max_body_size=MOST_CREDENTIALS_BYTES,
    tags=["accounts"],
)
async def register(data: JSONBody[NewAccount]) -> AccountReply:
    """Makes an account. An e-mail that is taken already, or no e-mail at all, is a 400."""
    return words.account(await sign_in.register(data.email, data.password))


@post(
    "/auth/login",
    dto=FormBody[Credentials],
    operation_class=FormOperation,
    opt=ANYONE,
    status_code=200,
    summary="Sign in",
    responses=_refusals(413, 429),
    request_max_body_size=MOST_CREDENTIALS_BYTES,
    tags=["accounts"],
)
async def login(data: RequestBody[Credentials], request: Asked, state: State) -> Response[Token]:
    """Signs in by e-mail and password -> an access token. After ten failures within 15 minutes: 429."""
    entered = await sign_in.sign_in(
        data.username, data.password, address=client_of(request.scope, state.trusted), door=DOOR
    )
    token = tokens.issue_access(
        state.settings.secret,
        tokens.Claims(entered.account, entered.version, entered.id),
        seconds=state.settings.access_seconds,
    )
    return Response(Token(token), headers={"Cache-Control": "no-store"})


@get(
    "/users/me",
    guards=[signed_in],
    summary="Who am I?",
    responses=_refusals(401),
    security=_SECURITY,
    tags=["accounts"],
)
async def read_me(request: Asked) -> AccountReply:
    """The account behind the token."""
    return AccountReply(str(request.user.id), request.user.email or "")


# --- jobs -------------------------------------------------------------------------------------------------------------


@post(
    "/",
    dto=JsonBody[NewJob],
    summary="Make a job",
    responses=_refusals(*_BODY, 429),
    request_max_body_size=MOST_JOB_BYTES,
)
async def make_job(
    request: Asked,
    data: JSONBody[NewJob],
    idempotency_key: Annotated[
        str | None,
        HeaderParameter(
            name="Idempotency-Key",
            pattern=r"^[!-~]{1,255}$",
            description="The same key with the same body is answered with the job made before; with another, 422.",
        ),
    ] = None,
) -> JobReply:
    """Makes a PENDING job. Ask for its `upload-url` next, PUT the file there, then call `mark-uploaded`."""
    body = await request.body()
    made = await commands.create(
        commands.NewJob(
            owner=_account(request),
            door=DOOR,
            pipeline=steps.from_wire(data.processing_steps),
            as_sent=words.steps_as_sent(body),
            inputs=(NewFile("input", data.file_name, data.original_file_size_bytes),),
            options=data.options,
            idempotency_key=idempotency_key,
            body_hash=_hash(body) if idempotency_key else None,
        )
    )
    return words.job(made)


@get("/", summary="List jobs", responses=_refusals(401, 422))
async def list_jobs(
    request: Asked,
    skip: Annotated[int, QueryParameter(ge=0, le=2**63 - 1, description="How many of the newest to pass over.")] = 0,
    limit: Annotated[int, QueryParameter(ge=0, le=1000, description="How many to answer with, at most.")] = 100,
) -> list[JobReply]:
    """The caller's jobs, newest first."""
    return [words.job(each) for each in await commands.list_of(_account(request), skip, limit)]


@get("/{job_id:uuid}", summary="Read a job", responses=_refusals(401, 403, 404, 422))
async def read_job(
    request: Asked,
    job_id: JobId,
    wait: Annotated[
        int, QueryParameter(ge=0, le=30, description="Seconds to wait for the job's end before answering.")
    ] = 0,
) -> JobReply:
    """A job as it stands; with `wait` as soon as it has ended, or when that many seconds are over."""
    return words.job(await commands.wait(job_id, _account(request), wait))


@delete("/{job_id:uuid}", summary="Delete a job", responses=_refusals(401, 403, 404))
async def delete_job(request: Asked, job_id: JobId) -> None:
    """Deletes a job and its files, which are gone when this answers. A running job must be cancelled first."""
    await commands.delete(job_id, _account(request))


@_ask("/{job_id:uuid}/upload-url", dto=JsonBody[Nothing], summary="Where to upload")
async def upload_url(request: Asked, job_id: JobId, data: JSONBody[Nothing] = _NOTHING) -> UploadUrl:
    """A URL to PUT the input to. While it is valid no other is given; the job must be PENDING."""
    return UploadUrl(await uploads.sign(job_id, _account(request), "input"))


@_ask("/{job_id:uuid}/mark-uploaded", dto=JsonBody[Uploaded], summary="The input is there")
async def mark_uploaded(request: Asked, job_id: JobId, data: JSONBody[Uploaded]) -> JobReply:
    """Queues the job. The object must lie under this job's own key and be no larger than announced."""
    sha256 = data.sha256.lower() if isinstance(data.sha256, str) else None
    return words.job(await uploads.mark(job_id, _account(request), data.object_key, sha256))


@_ask("/{job_id:uuid}/download-url", dto=JsonBody[Nothing], summary="Where to download")
async def download_url(request: Asked, job_id: JobId, data: JSONBody[Nothing] = _NOTHING) -> DownloadUrl:
    """A URL to GET the output of a COMPLETED job from."""
    return DownloadUrl(await commands.sign_download(job_id, _account(request), None))


@_ask("/{job_id:uuid}/cancel", dto=JsonBody[Nothing], summary="Cancel a job")
async def cancel_job(request: Asked, job_id: JobId, data: JSONBody[Nothing] = _NOTHING) -> JobReply:
    """A waiting job is CANCELLED at once; a running one is asked to stop and ends within two seconds."""
    return words.job(await commands.cancel(job_id, _account(request)))


@_ask("/{job_id:uuid}/retry", dto=JsonBody[Nothing], summary="Try a job again")
async def retry_job(request: Asked, job_id: JobId, data: JSONBody[Nothing] = _NOTHING) -> JobReply:
    """Queues a FAILED or CANCELLED job once more, as long as its input is still there."""
    return words.job(await commands.retry(job_id, _account(request)))


@get("/{job_id:uuid}/events", summary="What happened to a job", responses=_refusals(401, 403, 404, 422))
async def list_events(
    request: Asked,
    job_id: JobId,
    after: Annotated[int, QueryParameter(ge=0, le=2**31 - 1, description="Only events with a greater `n`.")] = 0,
) -> list[EventReply]:
    """The job's moves, phases and warnings, oldest first."""
    return [words.event(each) for each in await commands.events(job_id, _account(request), after)]


# --- uploads in parts -------------------------------------------------------------------------------------------------


@_ask("/{job_id:uuid}/multipart", dto=JsonBody[Nothing], summary="Begin an upload in parts")
async def open_multipart(request: Asked, job_id: JobId, data: JSONBody[Nothing] = _NOTHING) -> MultipartOpened:
    """Begins an upload in parts, or goes on with the one that is open."""
    return MultipartOpened(await uploads.open_multipart(job_id, _account(request), "input"))


@get("/{job_id:uuid}/multipart", summary="Which parts are there?", responses=_refusals(401, 403, 404))
async def list_parts(request: Asked, job_id: JobId) -> UploadedParts:
    """The parts that have arrived, so that an upload can go on where it stopped."""
    there = await uploads.parts(job_id, _account(request))
    return UploadedParts(tuple(UploadedPart(part.part_number, part.etag, part.size or 0) for part in there))


@delete("/{job_id:uuid}/multipart", summary="Give up an upload in parts", responses=_refusals(401, 403, 404))
async def abort_multipart(request: Asked, job_id: JobId) -> None:
    """Throws the parts away."""
    await uploads.abort(job_id, _account(request))


@_ask("/{job_id:uuid}/multipart/parts", dto=JsonBody[WantedParts], summary="Where to upload parts")
async def sign_parts(request: Asked, job_id: JobId, data: JSONBody[WantedParts]) -> SignedParts:
    """A URL for each of these parts; every part but the last has at least 5 MiB."""
    signed = await uploads.sign_parts(job_id, _account(request), list(data.part_numbers))
    return SignedParts(tuple(SignedPart(part.part_number, part.url) for part in signed))


@_ask("/{job_id:uuid}/multipart/complete", dto=JsonBody[FinishedParts], summary="Put the parts together")
async def complete_multipart(request: Asked, job_id: JobId, data: JSONBody[FinishedParts]) -> JobReply:
    """Makes one object of the parts. `mark-uploaded` is still to be called."""
    done = sorted(data.parts, key=lambda part: part.part_number)
    await uploads.complete(job_id, _account(request), [Part(part.part_number, part.etag, 0) for part in done])
    return words.job(await commands.get(job_id, _account(request)))


_JOBS = Router(
    "/jobs",
    route_handlers=[
        make_job,
        list_jobs,
        read_job,
        delete_job,
        upload_url,
        mark_uploaded,
        download_url,
        cancel_job,
        retry_job,
        list_events,
        open_multipart,
        list_parts,
        abort_multipart,
        sign_parts,
        complete_multipart,
    ],
    guards=[signed_in],
    security=_SECURITY,
    request_max_body_size=MOST_BODY_BYTES,
    tags=["jobs"],
)

router = Router("/api/v1", route_handlers=[register, login, read_me, _JOBS])


def _account(request: Asked) -> UUID:
    """The caller's account; the guard has seen to it that there is one."""
    account = request.user.id
    assert account is not None
    return account


def _hash(body: bytes) -> str:
    """The same for two bodies that say the same, however their keys are ordered and spaced."""
    return hashlib.sha256(msgspec.json.encode(msgspec.json.decode(body), order="sorted")).hexdigest()
