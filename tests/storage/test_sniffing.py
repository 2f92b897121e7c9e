"""What a file's first bytes may be under which name: no format passes for another, and the sentence says why."""

import asyncio
import contextlib
import time

import msgspec
import pytest

from filemill.errors import FileRefused
from filemill.pipelines import formats
from filemill.storage import sniffing
from filemill.storage.signatures import TEXTS
from tests.fixtures.heads import DOCM, HEADS, OLE, ZIP_OF_PHOTOS, packed

OLD_OFFICE = {"doc", "xls", "ppt"}
LOOKS_LIKE_TEXT = TEXTS | {"rtf"}


class Kind(msgspec.Struct):
    """A format, as far as it is asked for."""

    name: str
    media_type: str = "application/x-test"

    @property
    def base(self) -> str:
        return self.name.split(".")[0]

    @property
    def compression(self) -> str | None:
        return {"gz": "gzip", "zst": "zstd"}.get(self.name.rpartition(".")[2])


def check(name: str, head: bytes, *, file_name: str | None = None) -> None:
    asyncio.run(sniffing.check(file_name or f"file.{name}", Kind(name), head, len(head)))


@pytest.mark.parametrize("name", HEADS)
def test_a_file_is_what_it_says(name):
    check(name, HEADS[name])


def test_every_format_is_known():
    known = {name.split(".")[0] for name in HEADS}

    assert {one.base for one in formats.FORMATS.values()} <= known


def are_alike(one: str, other: str) -> bool:
    """Whether nobody could tell these two by their first bytes."""
    return one == other or {one, other} <= OLD_OFFICE or {one, other} <= LOOKS_LIKE_TEXT


@pytest.mark.parametrize("is_really", HEADS)
def test_it_passes_for_nothing_else(is_really):
    for name in HEADS:
        if not are_alike(is_really, name):
            with pytest.raises(FileRefused):
                check(name, HEADS[is_really])


@pytest.mark.parametrize("name", sorted(LOOKS_LIKE_TEXT & HEADS.keys() - {"svg", "rtf"}))
@pytest.mark.parametrize(
    "text",
    [
        "Grüße\n".encode("latin-1"),
        "\ufeffGrüße\n".encode(),
        "\ufeffGrüße\n".encode("utf-16-le"),
        "plain words without a mark\n".encode("utf-16-be"),
        "\ufeffGrüße\n".encode("utf-32-le"),
        b"<p>a piece of html</p>",
        b"#!/bin/sh\necho hello\n",
        HEADS["svg"],
    ],
)
def test_a_text_is_a_text_in_any_encoding(name, text):
    check(name, text)


@pytest.mark.parametrize(
    "svg", [b'<svg xmlns="http://www.w3.org/2000/svg"/>', '\ufeff<svg version="1.1"/>'.encode("utf-16-le")]
)
def test_an_svg_needs_no_declaration(svg):
    check("svg", svg)


def test_a_pdf_may_begin_with_something_else_as_readers_let_it():
    check("pdf", b"mailed from somewhere\r\n\r\n" + HEADS["pdf"])
    with pytest.raises(FileRefused):
        check("pdf", b"x" * 2000 + HEADS["pdf"])


def test_a_large_first_entry_hides_what_follows_and_the_sandbox_decides():
    # given a workbook whose first entry alone is longer than what is looked at
    whole = packed(("docProps/thumbnail.txt", "".join(str(n * n) for n in range(30_000))), ("xl/workbook.xml", "<x/>"))
    assert len(whole) > sniffing.HEAD_BYTES + 10_000

    # then it may be a workbook, or any other Office file, and no ODF
    for name in ("xlsx", "docx"):
        check(name, whole[: sniffing.HEAD_BYTES])
    with pytest.raises(FileRefused):
        check("odt", whole[: sniffing.HEAD_BYTES])


@pytest.mark.parametrize(
    ("file_name", "head", "said"),
    [
        ("a.docx", b"", "'a.docx' is empty."),
        ("a.docx", OLE, "'a.docx' is an old Word file (.doc), or one with a password: save it as .docx without one."),
        ("a.xlsx", OLE, "'a.xlsx' is an old Excel file (.xls), or one with a password: save it as .xlsx without one."),
        (
            "a.docx",
            DOCM,
            "'a.docx' is a file with macros (.docm) under another name: save it as .docx without them.",
        ),
        ("a.docx", ZIP_OF_PHOTOS, "'a.docx' is not a docx file: it seems to be a zip of other files."),
        ("a.odt", HEADS["docx"], "'a.odt' is not an odt file: it seems to be a docx file."),
        ("a.jpg", HEADS["png"], "'a.jpg' is not a jpg file: it seems to be image/png."),
        ("a.html", b"MZ\x90\x00" + bytes(100), "'a.html' is not an html file: it seems to be application/x-dosexec."),
        ("a.docx", b"\x93\x01\x88" * 900, "'a.docx' is not a docx file: it seems to be application/octet-stream."),
        ("a.docx", b"PK\x03\x04" + bytes(9), "'a.docx' is not a docx file: it seems to be a zip of other files."),
    ],
)
def test_the_sentence_says_what_it_is_and_what_to_do(file_name, head, said):
    with pytest.raises(FileRefused) as refused:
        check(file_name.rpartition(".")[2], head, file_name=file_name)

    assert refused.value.message == said


@pytest.mark.parametrize("name", HEADS)
def test_any_bytes_behind_any_beginning_are_an_answer(name):
    """Given a file cut short, or continued with noise: it passes or is refused, and nothing else happens."""
    noise = bytes((n * 7919) % 251 for n in range(4000))
    heads = [HEADS[name][:n] for n in range(1, len(HEADS[name]), 7)]
    for head in heads + [head + noise for head in heads]:
        with contextlib.suppress(FileRefused):
            check(name, head)


@pytest.mark.parametrize("name", ["csv", "ndjson", "log"])
def test_a_text_that_ends_in_zero_bytes_is_told_where_they_begin(name):
    with pytest.raises(FileRefused, match="zero bytes from byte 9 on"):
        check(name, b"a,b\n1,2\n" + b"\0" * 512)


@pytest.mark.parametrize("blank", [b"\n", b"\r\n", b"\n\t", b" ", b"\x0c", b"%\n"], ids=repr)
def test_no_text_takes_libmagic_long(blank):
    # given blanks, at which libmagic tries each of its patterns again and again: 0.3 s where nobody stops it
    head = (blank * sniffing.HEAD_BYTES)[: sniffing.HEAD_BYTES]

    began = time.process_time()
    check("csv", head)

    assert time.process_time() - began < 0.12


@pytest.mark.anyio
async def test_while_a_file_is_looked_at_the_event_loop_goes_on():
    # given somebody who looks at files of blank lines, one after another
    async def look() -> None:
        for _ in range(20):
            await sniffing.check("a.csv", Kind("csv"), b"\n" * sniffing.HEAD_BYTES, sniffing.HEAD_BYTES)

    looking = asyncio.create_task(look())

    # then others have their turns meanwhile
    turns = 0
    while not looking.done():
        await asyncio.sleep(0.002)
        turns += 1
    assert turns > 40
