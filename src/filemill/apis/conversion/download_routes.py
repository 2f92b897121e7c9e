"""The addresses of this API where results go out."""

from typing import Annotated, Any
from uuid import UUID

from litestar import Response, get
from litestar.datastructures import State
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import JSONBody, QueryParameter

from filemill.apis.conversion import download_tokens, files, queries
from filemill.apis.conversion.operations import FORBIDDEN, SECURITY, Asked, ask, refusals, session_of
from filemill.apis.conversion.schemas import DownloadToken, TokenReply, WhichFile
from filemill.errors import BadRequest, NotFound, NotYours, Unavailable
from filemill.pipelines import formats
from filemill.web import downloads
from filemill.web.bodies import AnyJsonBody
from filemill.web.downloads import Download
from filemill.web.guards import Limited, in_session, with_csrf_token
from filemill.web.methods import IS_HEAD

_REFUSED = FORBIDDEN[2]


@ask(
    "/download_token",
    guards=[in_session, with_csrf_token, Limited("download tokens")],
    dto=AnyJsonBody[WhichFile],
    summary="Ask for a download",
    response_description="A token for one download.",
    responses=refusals(401, 403, 404, 429),
)
async def issue_token(request: Asked, data: JSONBody[WhichFile], state: State) -> Response[TokenReply]:
    """A token that opens one download of a completed conversion; several may be asked for."""
    session = session_of(request)
    file = await files.find(session, files.read_job_id(data.job_id))
    status = files.standing(file).status
    if status != files.COMPLETED:
        raise BadRequest(f"This file is {status}; only a completed one can be downloaded.")
    token = await download_tokens.issue(session, file.id, state.settings.download_token_seconds)
    return Response(TokenReply(data=DownloadToken(token)), headers={"Cache-Control": "no-store"})


@get(
    "/download",
    guards=[in_session, Limited("downloads")],
    security=SECURITY,
    summary="Download a result",
    response_description="The converted file.",
    responses={
        200: ResponseSpec(
            bytes,
            description="The converted file.",
            media_type="application/octet-stream",
            generate_examples=False,
        ),
        **refusals(401, 403, 404, 429, forbidden=FORBIDDEN),
    },
)
async def download_result(
    request: Asked,
    state: State,
    token: Annotated[str, QueryParameter(description="From POST /download_token.")],
) -> Response[Any]:
    """Hands the converted file out, whole and once; HEAD tells its size and leaves the token unspent."""
    session = session_of(request)
    is_head = bool(request.state.get(IS_HEAD))
    opened = await (download_tokens.look if is_head else download_tokens.spend)(session, token)
    if opened is None:
        raise NotYours(_REFUSED)
    try:
        return await _hand_out(session.guest, opened.file, state, is_head=is_head)
    except Unavailable:  # whoever is told to try again shall be able to
        if not is_head:
            await download_tokens.give_back(session, token, opened)
        raise


async def _hand_out(guest: UUID, file: UUID, state: State, *, is_head: bool) -> Response[Any]:
    result = await queries.result(guest, file)
    if result is None:
        raise NotFound("The converted file is not there any more.")
    name = f"{formats.stem_of(result.file_name)}.{formats.extension_of(result.made_as)}"
    return await downloads.answer(
        state.store,
        Download(result.key, result.etag, result.size, result.media_type, name),
        is_head=is_head,
        accel=state.settings.accel == "on",
    )


handlers = (issue_token, download_result)
"""Every address of this file."""
