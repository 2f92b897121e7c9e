"""Forms that carry a file, read as they come: in any pieces, with text before and after the file, and never held."""

from collections.abc import AsyncIterator

import pytest

from filemill.errors import BadRequest, TooLarge
from filemill.web import uploads
from filemill.web.uploads import Form

pytestmark = pytest.mark.anyio

BOUNDARY = "----WebKitFormBoundary7MA4YWxk"
FILE = b"\r\n--" + b"\x00\xff\r\n" * 300 + b"the end"
JOB = ("job_id", None, b"6f6c7a60-0000-4000-8000-000000000000")
MINE = ("file", "my file.txt", FILE)

Part = tuple[str, str | None, bytes]


def form(*parts: Part, end: bytes = b"--\r\n") -> bytes:
    body = b""
    for name, file_name, data in parts:
        more = "" if file_name is None else f'; filename="{file_name}"'
        head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"{more}\r\n\r\n'
        body += head.encode() + data + b"\r\n"
    return body + f"--{BOUNDARY}".encode() + end


async def in_pieces(body: bytes, size: int) -> AsyncIterator[bytes]:
    for start in range(0, len(body), size):
        yield body[start : start + size]
    yield b""  # as Litestar ends its stream


async def opened(body: bytes, *, size: int = 1000, most: int = 2**20) -> Form:
    one = Form(in_pieces(body, size), BOUNDARY, most, "file")
    await one.find_file()
    return one


async def file_of(one: Form) -> bytes:
    return b"".join([piece async for piece in one.chunks()])


@pytest.mark.parametrize("size", [1, 7, 61, 1000, 100_000])
@pytest.mark.parametrize("parts", [(JOB, MINE), (MINE, JOB)], ids=["text first", "file first"])
async def test_the_file_and_all_text_come_out_whatever_the_order(parts: tuple[Part, ...], size: int) -> None:
    # given a form, in pieces that are cut anywhere
    one = await opened(form(*parts), size=size)
    assert one.file_name == "my file.txt"
    assert ("job_id" in one.fields) == (parts[0] == JOB)
    # when its file has been read
    assert await file_of(one) == FILE
    # then every field is there
    assert one.fields == {"job_id": JOB[2].decode()}


async def test_an_empty_file_is_a_file() -> None:
    one = await opened(form(("file", "empty.txt", b""), JOB))

    assert await file_of(one) == b""
    assert one.fields == {"job_id": JOB[2].decode()}


@pytest.mark.parametrize("name", ["Grüße 日本.docx", "a+b&c=d%20.pdf", "مرحبا.txt", "x" * 251 + ".txt", ".hidden"])
async def test_names_come_as_they_are(name: str) -> None:
    assert (await opened(form(("file", name, b"x")))).file_name == name


@pytest.mark.parametrize(("sent", "read"), [("a%22b.txt", 'a"b.txt'), ('a\\"b.txt', 'a"b.txt')])
async def test_quotes_in_names_come_as_browsers_and_curl_write_them(sent: str, read: str) -> None:
    assert (await opened(form(("file", sent, b"x")))).file_name == read


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("", "No file is chosen"),
        ("../../etc/passwd", "must not hold /"),
        ("..\\x.txt", "must not hold /"),
        ("..txt", "begin with two dots"),
        ("a%0D%0Ab.txt", "control characters"),
        ("a\x00b.txt", "control characters"),
        ("invoice\u202efdp.exe", "turn the direction"),
        ("é" * 126 + ".txt", "must be 1 to 255 bytes"),
    ],
)
async def test_names_that_could_mislead_are_refused(name: str, said: str) -> None:
    with pytest.raises(BadRequest, match=said):
        await opened(form(("file", name, b"x")))


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (form(JOB), "holds no file; send one in the field 'file'"),
        (form(), "holds no file"),
        (form(("document", "a.txt", b"x")), "must be in the form's field 'file', not 'document'"),
        (form(("file", None, b"x")), "'file' must be a file"),
        (form(JOB, JOB, MINE), "'job_id' is sent twice"),
        (form(MINE, ("x", None, b"a"), ("x", None, b"b")), "'x' is sent twice"),
        (form(MINE, MINE), "two files"),
        (form(MINE, ("other", "b.txt", b"x")), "two files"),
        (form(("job_id", None, b"x" * 5000), MINE), "longer than 4096 bytes"),
        (form(MINE, ("job_id", None, b"x" * 5000)), "longer than 4096 bytes"),
        (form(("job_id", None, b"\xff"), MINE), "not in UTF-8"),
        (form(("job_id", None, b"a\0b"), MINE), "NUL"),
        (form(*((f"f{n}", None, b"") for n in range(30)), MINE), "broken off, or written in another way"),
        (form(MINE, end=b""), "broken off"),
        (form(MINE)[:200], "broken off"),
        (b"", "broken off"),
        (b"hello", "broken off"),
        (b"\x00" * 5000, "broken off"),
        (b"--" + BOUNDARY.encode() + b"\r\n" + b"X: " + b"y" * 10_000, "broken off"),
        (b"--" + BOUNDARY.encode() + b"\r\n\r\nno header\r\n", "broken off"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
@pytest.mark.parametrize("size", [13, 100_000])
async def test_what_is_wrong_is_said_in_a_sentence(body: bytes, said: str, size: int) -> None:
    with pytest.raises(BadRequest, match=said):
        await file_of(await opened(body, size=size))


async def test_a_form_is_not_read_beyond_its_limit() -> None:
    read = 0

    async def without_end() -> AsyncIterator[bytes]:
        nonlocal read
        yield form(MINE)
        while True:
            read += 1000
            yield b"x" * 1000

    endless = Form(without_end(), BOUNDARY, 2**20, "file")
    await endless.find_file()
    with pytest.raises(TooLarge, match="exceeds 1MB limit"):
        await file_of(endless)

    assert read <= 2**20 + uploads.BESIDE
