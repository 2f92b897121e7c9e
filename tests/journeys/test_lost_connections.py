"""A large file over a bad line: its connection is lost within a part, and it goes on where it stopped."""

import asyncio
import hashlib
import random
from urllib.parse import urlsplit

import pytest

from filemill.local.stack import Stack
from tests.journeys.conftest import NewVisitor
from tests.journeys.visitor import Visitor, assert_left_tidy, key_of, step

pytestmark = pytest.mark.anyio

PART = 5 * 2**20
"""The least size of every part but the last."""

MADE_OF = random.Random(4)
TABLE = b"n,text\n" + b"".join(b"%d,%s\n" % (n, MADE_OF.randbytes(20).hex().encode()) for n in range(250_000))
PARTS = [TABLE[at : at + PART] for at in range(0, len(TABLE), PART)]


async def break_off(url: str, content: bytes, after: int) -> None:
    """Begins to PUT, and is cut off after so many bytes of the body."""
    target = urlsplit(url)
    _, writer = await asyncio.open_connection(target.hostname, target.port)
    head = (
        f"PUT {target.path}?{target.query} HTTP/1.1\r\nHost: {target.netloc}\r\nContent-Length: {len(content)}\r\n\r\n"
    )
    writer.write(head.encode() + content[:after])
    await writer.drain()
    writer.transport.abort()


async def url_of(visitor: Visitor, multipart: str, number: int) -> str:
    """Where one part is to be put."""
    signed = await visitor.ask("POST", f"{multipart}/parts", 200, json={"part_numbers": [number]})
    url: str = signed["parts"][0]["url"]
    return url


async def put(visitor: Visitor, url: str, content: bytes) -> str:
    """Puts a part -> its etag."""
    answer = await visitor.store.put(url, content=content)
    assert answer.status_code == 200, answer.text
    return answer.headers["etag"]


async def test_an_upload_goes_on_where_its_connection_was_lost(any_stack: Stack, new_visitor: NewVisitor) -> None:
    ann = await new_visitor(any_stack)
    job = await ann.make(TABLE, [step("limit", n=3)], "long.csv")
    multipart = f"/jobs/{job['id']}/multipart"
    upload_id = (await ann.ask("POST", multipart, 200))["upload_id"]
    # given that the first part has arrived, and the connection was lost within the second
    await put(ann, await url_of(ann, multipart, 1), PARTS[0])
    await break_off(await url_of(ann, multipart, 2), PARTS[1], after=PART // 2)

    # when the client comes back, perhaps as another process that knows nothing but the job
    assert (await ann.ask("POST", multipart, 200))["upload_id"] == upload_id
    there = (await ann.ask("GET", multipart, 200))["parts"]

    # then the whole part is there and no half one, and it sends what is missing
    assert [(part["part_number"], part["size"]) for part in there] == [(1, PART)]
    tags = {part["part_number"]: part["etag"] for part in there}
    for number, content in enumerate(PARTS[1:], 2):
        tags[number] = await put(ann, await url_of(ann, multipart, number), content)
    done = [{"part_number": number, "etag": tag} for number, tag in tags.items()]
    await ann.ask("POST", f"{multipart}/complete", 200, json={"parts": done})
    body = {"object_key": key_of(job), "sha256": hashlib.sha256(TABLE).hexdigest()}
    marked = await ann.ask("POST", f"/jobs/{job['id']}/mark-uploaded", 200, json=body)
    assert marked["input_size_bytes"] == len(TABLE)
    assert await ann.finished(job) == b"".join(TABLE.splitlines(keepends=True)[:4])
    await assert_left_tidy(any_stack)


async def test_a_broken_answer_is_no_reason_to_begin_anew(any_stack: Stack, new_visitor: NewVisitor) -> None:
    ann = await new_visitor(any_stack)
    job = await ann.make(TABLE, [step("limit", n=1)], "long.csv")
    multipart = f"/jobs/{job['id']}/multipart"
    await ann.ask("POST", multipart, 200)
    # given parts of which one was put twice, as its client had not heard the answer
    tags = {}
    for number, content in enumerate(PARTS, 1):
        url = await url_of(ann, multipart, number)
        tags[number] = [await put(ann, url, content) for _ in range(2 if number == 2 else 1)][-1]
    done = [{"part_number": number, "etag": tag} for number, tag in tags.items()]

    # when it asks twice for the parts to be put together, as it had not heard that answer either
    await ann.ask("POST", f"{multipart}/complete", 200, json={"parts": done})
    again = await ann.ask("POST", f"{multipart}/complete", 400, json={"parts": done})

    # then it is told what is so, and may go on
    assert "no open upload" in again["detail"]
    assert (await ann.mark(job))["status"] == "QUEUED"
    await ann.finished(job)
    await assert_left_tidy(any_stack)
