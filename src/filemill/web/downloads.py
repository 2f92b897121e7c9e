"""Hands an object out as a download: streamed by this process, or by the proxy in front that is told where it lies."""

from typing import Any

import msgspec
from litestar.response import Response, Stream

from filemill.storage.objects import disposition
from filemill.storage.s3 import Store
from filemill.web.methods import no_body

ACCEL_LOCATION = "/stored"
"""The internal address at which nginx hands out what `X-Filemill-Object` names, while it has `X-Filemill-Etag`."""

SIGNED_SECONDS = 60
"""So long the proxy may take to ask the store."""

_OF_NO_KIND = "application/octet-stream"


class Download(msgspec.Struct, frozen=True):
    """What is handed out: the object with this `etag`, `size` in bytes, `file_name` as it shall be saved."""

    key: str
    etag: str
    size: int
    media_type: str | None
    file_name: str


async def answer(store: Store, download: Download, *, is_head: bool, accel: bool) -> Response[Any]:
    """The answer: once, whole, never in ranges. Raises StoreAway, NotFound."""
    media_type = download.media_type or _OF_NO_KIND
    headers = {
        "Content-Disposition": disposition(download.file_name),
        "Content-Length": str(download.size),
        "Accept-Ranges": "none",
        "Cache-Control": "no-store",
    }
    if is_head:
        return Stream(no_body(), headers=headers, media_type=media_type)
    if accel:
        del headers["Content-Length"]
        headers["X-Accel-Redirect"] = ACCEL_LOCATION
        headers["X-Filemill-Object"] = store.sign_inside(download.key, SIGNED_SECONDS, media_type)
        headers["X-Filemill-Etag"] = f'"{download.etag}"'
        return Response(b"", headers=headers, media_type=media_type)
    return Stream(await store.open(download.key, download.etag), headers=headers, media_type=media_type)
