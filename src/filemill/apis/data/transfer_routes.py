"""The addresses of this API where files come in and go out: URLs, uploads in parts, marks."""

from typing import Annotated

from litestar import delete, get
from litestar.params import JSONBody, QueryParameter

from filemill.apis.data import replies
from filemill.apis.data.operations import PENDING, QUEUED, Asked, JobId, account, ask, refusals
from filemill.apis.data.schemas import JobReply
from filemill.apis.data.transfers import (
    DownloadUrl,
    FinishedParts,
    MultipartOpened,
    SignedPart,
    SignedParts,
    Uploaded,
    UploadedPart,
    UploadedParts,
    UploadUrl,
    WantedParts,
    WhichInput,
    WhichOutput,
)
from filemill.jobs import commands, uploads
from filemill.jobs.job import MAIN_INPUT
from filemill.storage.objects import Part
from filemill.web.bodies import JsonBody

_MAIN = WhichInput()
_RESULT = WhichOutput()

InputName = Annotated[str, QueryParameter(name="input", description="Which input is meant; the main one is `input`.")]


@ask(
    "/{job_id:uuid}/upload-url",
    dto=JsonBody[WhichInput],
    summary="Where to upload",
    response_description="The URL to PUT the file to.",
)
async def upload_url(request: Asked, job_id: JobId, data: JSONBody[WhichInput] = _MAIN) -> UploadUrl:
    """A URL to PUT an input to. While it is valid no other is given; the job must be PENDING."""
    return UploadUrl(await uploads.sign(job_id, account(request), data.input))


@ask(
    "/{job_id:uuid}/mark-uploaded",
    dto=JsonBody[Uploaded],
    summary="The input is there",
    response_description="The job: QUEUED, or PENDING while another input is missing.",
    shows=QUEUED,
)
async def mark_uploaded(request: Asked, job_id: JobId, data: JSONBody[Uploaded]) -> JobReply:
    """Queues the job once every input is marked. The key, one of this job's, says which input is meant.

    The object must be no larger than announced.
    """
    sha256 = data.sha256.lower() if isinstance(data.sha256, str) else None
    return replies.job(await uploads.mark(job_id, account(request), data.object_key, sha256))


@ask(
    "/{job_id:uuid}/download-url",
    dto=JsonBody[WhichOutput],
    summary="Where to download",
    response_description="The URL to GET the output from.",
)
async def download_url(request: Asked, job_id: JobId, data: JSONBody[WhichOutput] = _RESULT) -> DownloadUrl:
    """A URL to GET an output of a COMPLETED job from."""
    return DownloadUrl(await commands.sign_download(job_id, account(request), data.output))


# --- uploads in parts -------------------------------------------------------------------------------------------------


@ask(
    "/{job_id:uuid}/multipart",
    dto=JsonBody[WhichInput],
    summary="Begin an upload in parts",
    response_description="The upload that takes parts now.",
)
async def open_multipart(request: Asked, job_id: JobId, data: JSONBody[WhichInput] = _MAIN) -> MultipartOpened:
    """Begins an upload in parts, or goes on with the one that is open."""
    return MultipartOpened(await uploads.open_multipart(job_id, account(request), data.input))


@get(
    "/{job_id:uuid}/multipart",
    summary="Which parts are there?",
    response_description="The parts that have arrived.",
    responses=refusals(401, 403, 404, 422),
)
async def list_parts(request: Asked, job_id: JobId, input_name: InputName = MAIN_INPUT) -> UploadedParts:
    """The parts that have arrived, so that an upload can go on where it stopped."""
    there = await uploads.parts(job_id, account(request), input_name)
    return UploadedParts(tuple(UploadedPart(part.part_number, part.etag, part.size or 0) for part in there))


@delete(
    "/{job_id:uuid}/multipart",
    summary="Give up an upload in parts",
    response_description="The parts are thrown away.",
    responses=refusals(401, 403, 404, 422),
)
async def abort_multipart(request: Asked, job_id: JobId, input_name: InputName = MAIN_INPUT) -> None:
    """Throws the parts away."""
    await uploads.abort(job_id, account(request), input_name)


@ask(
    "/{job_id:uuid}/multipart/parts",
    dto=JsonBody[WantedParts],
    summary="Where to upload parts",
    response_description="A URL to PUT each part to.",
)
async def sign_parts(request: Asked, job_id: JobId, data: JSONBody[WantedParts]) -> SignedParts:
    """A URL for each of these parts; every part but the last has at least 5 MiB."""
    signed = await uploads.sign_parts(job_id, account(request), list(data.part_numbers), data.input)
    return SignedParts(tuple(SignedPart(part.part_number, part.url) for part in signed))


@ask(
    "/{job_id:uuid}/multipart/complete",
    dto=JsonBody[FinishedParts],
    summary="Put the parts together",
    response_description="The job, still PENDING.",
    shows=PENDING,
)
async def complete_multipart(request: Asked, job_id: JobId, data: JSONBody[FinishedParts]) -> JobReply:
    """Makes one object of the parts. `mark-uploaded` is still to be called."""
    done = sorted(data.parts, key=lambda part: part.part_number)
    parts = [Part(part.part_number, part.etag, 0) for part in done]
    await uploads.complete(job_id, account(request), parts, data.input)
    return replies.job(await commands.get(job_id, account(request)))


handlers = (
    upload_url,
    mark_uploaded,
    download_url,
    open_multipart,
    list_parts,
    abort_multipart,
    sign_parts,
    complete_multipart,
)
"""Every address of this file."""
