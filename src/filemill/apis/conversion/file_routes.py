"""The addresses of this API where files come in and are converted."""

from functools import partial
from typing import Any

from litestar import Response, get, post
from litestar.datastructures import ResponseHeader, State
from litestar.openapi.spec import Operation
from litestar.params import JSONBody

from filemill.apis.conversion import files, replies
from filemill.apis.conversion.operations import SECURITY, Asked, JobId, ask, refusals, session_of
from filemill.apis.conversion.schemas import (
    Conversion,
    ConversionReply,
    FormatsReply,
    Offer,
    Progress,
    ProgressReply,
    QueuedConversion,
    StatusReply,
    UploadedFile,
    UploadReply,
)
from filemill.errors import BadRequest, NoSession
from filemill.jobs import closing
from filemill.storage.intake import Taken
from filemill.web import uploads
from filemill.web.address import client_of
from filemill.web.bodies import AnyJsonBody
from filemill.web.caller import ANYONE
from filemill.web.guards import Limited, in_session, refused_for_free, with_csrf_token
from filemill.web.waiting import Wait, unless_left


class _FormWithFile(Operation):
    """Documents the form of an upload, which no struct describes: it is read as it comes."""

    def to_schema(self) -> dict[str, Any]:
        """The operation as a dictionary."""
        written = super().to_schema()
        fields = {
            "file": {"type": "string", "format": "binary", "description": "The file; its name says its format."},
            "job_id": {"type": "string", "format": "uuid", "description": "A UUID of version 4, new for every file."},
        }
        form = {"type": "object", "properties": fields, "required": ["file", "job_id"]}
        written["requestBody"] = {"content": {"multipart/form-data": {"schema": form}}, "required": True}
        return written


@post(
    "/upload",
    guards=[in_session, with_csrf_token, Limited("uploads")],
    operation_class=_FormWithFile,
    status_code=200,
    security=SECURITY,
    request_max_body_size=None,  # `uploads` counts
    summary="Upload a file",
    response_description="The file is there, looked at and scanned.",
    responses=refusals(401, 403, 429),
)
async def upload_file(request: Asked, state: State) -> UploadReply:
    """Takes in one file, to be converted. The form's fields may come in any order."""
    async with refused_for_free(request):
        return await _take_in(request, state)


async def _take_in(request: Asked, state: State) -> UploadReply:
    session = session_of(request)
    most = state.settings.conversion_bytes
    form = await uploads.begin(request, most_bytes=most)
    kind = files.format_of(form.file_name)
    if "job_id" in form.fields:  # else it stands behind the file
        await files.want_unused(session, _job_id(form.fields))
    await session.admit_guest()

    async def keep(taken: Taken) -> None:
        await files.keep(session, _job_id(form.fields), form.file_name, taken.object_id)

    try:
        await state.intake.receive(
            form.chunks(),
            owner=session.guest,
            key=files.new_key(kind),
            file_name=form.file_name,
            kind=kind,
            most_bytes=most,
            address=client_of(request.scope, state.trusted),
            seconds=int(session.seconds_left) + 1,
            writes=keep,
        )
    except NoSession:  # closed meanwhile: its guest, too, may have been made after that
        await closing.dismiss(session.guest)
        raise
    return UploadReply(data=UploadedFile(str(_job_id(form.fields))))


def _job_id(fields: dict[str, str]) -> Any:
    if "job_id" not in fields:
        raise BadRequest("The form lacks the field job_id: a UUID of version 4, new for every file.")
    return files.read_job_id(fields["job_id"])


@ask(
    "/convert",
    guards=[in_session, with_csrf_token, Limited("conversions")],
    dto=AnyJsonBody[Conversion],
    summary="Convert a file",
    response_description="The conversion is queued.",
    responses=refusals(401, 403, 404, 429),
)
async def convert_file(request: Asked, data: JSONBody[Conversion], state: State) -> ConversionReply:
    """Queues the conversion of an uploaded file; once it has failed, it may be asked for again."""
    job_id = files.read_job_id(data.job_id)
    address = client_of(request.scope, state.trusted)
    task = await files.convert(session_of(request), job_id, data.target_format, address)
    return ConversionReply(data=QueuedConversion(str(job_id), str(task)))


read = partial(get, guards=[in_session], security=SECURITY, responses=refusals(401, 404))
"""A question about one file."""


_TASK_HEADER = "X-Task-ID"
_TASK = ResponseHeader(
    name=_TASK_HEADER,
    description="The `task_id` of the file's newest conversion; absent before the first one.",
    documentation_only=True,
)


@read(
    "/job_status",
    summary="How does a file stand?",
    response_description="How it stands.",
    response_headers=[_TASK],
)
async def read_status(request: Asked, job_id: JobId, wait: Wait = 0) -> Response[StatusReply]:
    """Uploaded, processing, completed, or failed and why; with `wait` as soon as a conversion under way has ended, or
    when that many seconds are over.
    """
    waiting = files.wait(session_of(request), files.read_job_id(job_id), wait)
    file = await unless_left(request, wait, waiting)
    headers = {_TASK_HEADER: str(file.task)} if file.task else {}
    return Response(StatusReply(data=replies.standing(files.standing(file))), headers=headers)


@read("/job_progress", summary="How far is a conversion?", response_description="How far it is.")
async def read_progress(request: Asked, job_id: JobId) -> ProgressReply:
    """The part that is done, and the place in the queue while it waits: never more than that many before it."""
    file = await files.find(session_of(request), files.read_job_id(job_id))
    done = round(files.standing(file).progress, 4)
    return ProgressReply(data=Progress(done, await files.queue_position(file)))


@get(
    "/convert/formats",
    opt=ANYONE,
    summary="What can be converted?",
    response_description="Every source with its targets.",
    responses=refusals(),
)
async def list_formats(state: State) -> FormatsReply:
    """What can be converted here, as far as there are workers and programs for it, a worker that is only starting
    included; of a pair that is missing, POST /convert says what to do about it.
    """
    return FormatsReply(data=Offer(await files.targets(), state.settings.conversion_bytes))


handlers = (upload_file, convert_file, read_status, read_progress, list_formats)
"""Every address of this file."""
