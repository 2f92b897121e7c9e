"""Answers with a list of any length: a short one whole, a long one page by page, as its reader takes them."""

from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any, TypeVar

import msgspec
from litestar import Request
from litestar.response import Response, Stream

from filemill.web.methods import IS_HEAD, no_body

_JSON = "application/json"

T = TypeVar("T")


async def answer(
    request: Request[Any, Any, Any], pages: AsyncIterator[Sequence[T]], reply: Callable[[T], msgspec.Struct]
) -> Response[Any]:
    """The list as JSON: rows come by pages that fit into memory; `reply` puts a row into the API's words.

    What the first two pages raise is answered as an error; later the answer breaks off. A list of one page has a
    Content-Length. A longer one has none: nobody knows its length yet.
    """
    texts = _texts(pages, reply)
    first, second = await anext(texts, b","), await anext(texts, None)
    if second is None:
        return Response(b"[%b]" % first[1:], media_type=_JSON)
    if request.state.get(IS_HEAD):
        return Stream(no_body(), media_type=_JSON)
    return Stream(_joined([first, second], texts), media_type=_JSON)


# A slow reader shall keep one page in memory, and that once.


async def _texts(pages: AsyncIterator[Sequence[T]], reply: Callable[[T], msgspec.Struct]) -> AsyncIterator[bytes]:
    """The rows of each page that has some, each row behind a comma."""
    async for page in pages:
        text = b"".join(b",%b" % msgspec.json.encode(reply(row)) for row in page)
        del page
        if text:
            yield text
            del text


async def _joined(begun: list[bytes], rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield b"[%b" % begun.pop(0)[1:]
    yield begun.pop()
    async for text in rest:
        yield text
    yield b"]"
