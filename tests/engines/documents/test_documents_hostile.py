"""Files that would do harm, or are not what they say: told in milliseconds, with a code and a sentence."""

import random
import struct
import time
import zipfile
from pathlib import Path

import pytest

from filemill.engines.documents import archives, pandoc, pdfium, routes
from filemill.engines.documents.task import Task
from filemill.pipelines.run import InputFile
from tests.engines.documents import hostile, hostile_pdf
from tests.engines.documents.hostile import LAUGHS, OUTSIDE
from tests.engines.documents.samples import Samples
from tests.engines.documents.workshop import Workshop

SOURCES = sorted({source for source, _ in routes.ROUTES})
TARGETS = {source: next(to for one, to in routes.ROUTES if one == source) for source in SOURCES}
SOON = 0.25
"""Seconds of CPU: some ten times what a look takes, and less than reading the whole does."""


@pytest.mark.parametrize("source", SOURCES)
def test_an_empty_file_is_refused(source: str, shop: Workshop) -> None:
    code, message, _ = shop.refusal(b"", source, TARGETS[source])

    assert code == "bad_file"
    assert message == f"sample.{source}: The file is empty."


@pytest.mark.parametrize("source", SOURCES)
def test_random_bytes_are_refused_at_once(source: str, shop: Workshop) -> None:
    # given
    noise = random.Random(source).randbytes(200_000)
    begun = time.process_time()

    # when
    code, message, _ = shop.refusal(noise, source, TARGETS[source])

    # then
    assert time.process_time() - begun < SOON
    assert code == "bad_file"
    assert message.startswith(f"sample.{source}: ")


@pytest.mark.parametrize(
    ("real", "said"),
    [
        ("pdf", "docx"),
        ("docx", "pdf"),
        ("docx", "odt"),
        ("xlsx", "docx"),
        ("odt", "ods"),
        ("epub", "odt"),
        ("png", "jpg"),
        ("jpg", "heic"),
        ("png", "txt"),
        ("docx", "csv"),
        ("html", "rtf"),
        ("html", "svg"),
        ("svg", "png"),
    ],
)
def test_a_file_under_another_ones_name_is_refused(real: str, said: str, shop: Workshop, samples: Samples) -> None:
    code, _, _ = shop.refusal(samples.of(real), said, TARGETS[said])

    assert code == "bad_file"


@pytest.mark.parametrize("source", ["docx", "xlsx", "pptx", "odt", "epub", "png", "jpg", "webp", "tiff", "heic", "gif"])
def test_half_a_file_is_refused(source: str, shop: Workshop, samples: Samples) -> None:
    # given
    content = samples.of(source).read_bytes()

    # when
    code, _, _ = shop.refusal(content[: len(content) // 2], source, "png" if source == "jpg" else TARGETS[source])

    # then
    assert code == "bad_file"


def test_a_picture_that_lacks_its_last_bytes_is_refused(shop: Workshop, samples: Samples) -> None:
    # given one that goes into a pdf as it is
    content = samples.of("png").read_bytes()

    # when
    code, _, _ = shop.refusal(content[:-20], "png", "pdf")

    # then
    assert code == "bad_file"


@pytest.mark.parametrize("target", ["txt", "png"])
def test_a_pdf_whose_tree_of_pages_holds_itself_is_refused(target: str, shop: Workshop) -> None:
    code, _, _ = shop.refusal(next(hostile_pdf.all_of_them()), "pdf", target)

    assert code == "bad_file"


LOCKED_WORD = struct.pack("<10xH", 0x0100)
LOCKED_BOOK = struct.pack("<HH4x", 0x0809, 4) + struct.pack("<HH", 0x002F, 4)
LOCKED_SLIDES = struct.pack("<12xI", 0xF3D1C4DF)


@pytest.mark.parametrize(
    ("source", "content"),
    [
        ("docx", hostile.compound("EncryptionInfo", "EncryptedPackage")),
        ("xlsx", hostile.compound("EncryptionInfo", "EncryptedPackage")),
        ("doc", hostile.compound("WordDocument", content=LOCKED_WORD)),
        ("xls", hostile.compound("Workbook", content=LOCKED_BOOK)),
        ("ppt", hostile.compound("PowerPoint Document", "Current User", content=LOCKED_SLIDES)),
    ],
)
def test_an_office_file_with_a_password_is_told_apart(source: str, content: bytes, shop: Workshop) -> None:
    code, message, _ = shop.refusal(content, source)

    assert code == "encrypted"
    assert message == f"sample.{source} is protected by a password; save it without one and send it again."


def test_an_opendocument_file_with_a_password_is_told_apart(shop: Workshop, samples: Samples) -> None:
    # given
    def lock(name: str, part: bytes) -> bytes:
        return part.replace(b"</manifest:manifest>", b"<!-- encryption-data --></manifest:manifest>")

    # when
    code, _, _ = shop.refusal(hostile.changed(samples.of("odt").read_bytes(), lock), "odt")

    # then
    assert code == "encrypted"


def test_a_pdf_with_a_password_is_told_apart(shop: Workshop, samples: Samples) -> None:
    code, _, _ = shop.refusal(hostile.locked_pdf(samples.of("pdf").read_bytes()), "pdf", "txt")

    assert code == "encrypted"


def test_a_protected_epub_is_told_apart(shop: Workshop, samples: Samples) -> None:
    # given
    rights = b'<encryption><EncryptionMethod Algorithm="http://www.w3.org/2001/04/xmlenc#aes256-cbc"/></encryption>'
    locked = hostile.with_more(samples.of("epub").read_bytes(), **{"META-INF__encryption_dot_xml": rights})

    # when
    code, _, _ = shop.refusal(locked, "epub", "txt")

    # then
    assert code == "encrypted"


def test_an_archive_that_unpacks_to_far_more_than_itself_is_refused(shop: Workshop, samples: Samples) -> None:
    # given
    bomb = hostile.with_more(samples.of("docx").read_bytes(), word__media__big_dot_bmp=bytes(300 << 20))
    begun = time.process_time()

    # when
    code, message, _ = shop.refusal(bomb, "docx")

    # then
    assert time.process_time() - begun < SOON
    assert code == "bad_file"
    assert "It unpacks to 300 MiB" in message


def test_an_archive_that_lies_on_top_of_itself_is_refused(shop: Workshop, samples: Samples) -> None:
    code, message, _ = shop.refusal(hostile.overlapping(samples.of("docx").read_bytes()), "docx")

    assert code == "bad_file"
    assert "on top of each other" in message


@pytest.mark.parametrize("name", ["../../evil.xml", "/etc/evil.xml", "..\\evil.xml", "C:/evil.xml"])
def test_a_part_whose_name_leads_out_is_refused(name: str, shop: Workshop, samples: Samples) -> None:
    content = hostile.changed(samples.of("docx").read_bytes(), lambda _, part: part, {name: b"x"})

    code, message, _ = shop.refusal(content, "docx")

    assert code == "bad_file"
    assert "leads out of the file" in message


def test_an_archive_of_too_many_parts_is_refused(shop: Workshop, samples: Samples) -> None:
    more = {f"word/{number}.xml": b"" for number in range(archives.MOST_ENTRIES)}

    code, message, _ = shop.refusal(
        hostile.changed(samples.of("docx").read_bytes(), lambda _, part: part, more), "docx"
    )

    assert code == "bad_file"
    assert f"{archives.MOST_ENTRIES:,} are allowed" in message


@pytest.mark.parametrize("source", sorted(archives.KINDS))
@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("a/" * 1500 + "x.png", "A part of it has a name of 3,005 bytes; 255 are allowed."),
        ("a/" * 32 + "x.png", "A part of it lies 33 levels deep; 32 are allowed."),
        ("a\\" * 32 + "x.png", "A part of it lies 33 levels deep; 32 are allowed."),
        ("ä" * 126 + ".png", "A part of it has a name of 256 bytes; 255 are allowed."),
    ],
    ids=["deep", "a little too deep", "by backslashes", "long"],
)
def test_parts_that_lie_deep_or_have_long_names_are_refused(
    source: str, name: str, said: str, shop: Workshop, samples: Samples
) -> None:
    content = hostile.changed(samples.of(source).read_bytes(), lambda _, part: part, {name: b"x"})

    code, message, _ = shop.refusal(content, source, TARGETS[source])

    assert code == "bad_file"
    assert message.startswith(f"sample.{source}: {said}")


@pytest.mark.parametrize("target", ["docx", "odt"])
def test_archives_made_of_deep_ones_have_flat_names(target: str, shop: Workshop) -> None:
    made = shop.convert(hostile.book("a/" * 31 + "x.png"), "epub", target).file

    with zipfile.ZipFile(made) as archive:
        pictures = [name for name in archive.namelist() if name.endswith(".png")]
        assert len(pictures) == 1
        assert max(name.count("/") for name in archive.namelist()) <= 2


def test_pictures_of_a_book_are_written_out_under_flat_names(shop: Workshop, samples: Samples, tmp_path: Path) -> None:
    # given a book with a picture that lies as deep as any may, and one beside that no page shows
    deep = "a/" * 31 + "x.png"
    content = hostile.book(deep, {"b/inside-9.picture": b"x"})
    # when pandoc writes the pictures out
    source, target = tmp_path / "book.epub", tmp_path / "book.typ"
    source.write_bytes(content)
    pandoc.convert(source, target, Task(InputFile("input", "book.epub", "", "epub", 1, ""), lambda _: None))
    # then each that is shown is a file of one folder, and nothing else is there
    media = tmp_path / "media"
    assert [path.relative_to(media).as_posix() for path in media.rglob("*")] == ["inside-1.picture"]
    assert 'image("media/inside-1.picture")' in target.read_text()


@pytest.mark.parametrize("prologue", [LAUGHS, OUTSIDE], ids=["growing", "outside"])
@pytest.mark.parametrize(("source", "part"), [("docx", "word/document.xml"), ("odt", "content.xml")])
def test_xml_with_harmful_entities_is_refused(
    source: str, part: str, prologue: str, shop: Workshop, samples: Samples
) -> None:
    # given
    def edit(name: str, xml: bytes) -> bytes:
        if name != part:
            return xml
        text = xml.decode()
        begin = text.index("?>") + 2
        return (text[:begin] + prologue + text[begin:]).encode()

    # when
    code, message, _ = shop.refusal(hostile.changed(samples.of(source).read_bytes(), edit), source)

    # then
    assert code == "bad_file"
    assert "entities" in message


@pytest.mark.parametrize("prologue", [LAUGHS, OUTSIDE], ids=["growing", "outside"])
def test_a_drawing_with_harmful_entities_is_refused(prologue: str, shop: Workshop, samples: Samples) -> None:
    code, _, _ = shop.refusal(prologue.encode() + samples.of("svg").read_bytes(), "svg")

    assert code == "bad_file"


def test_a_drawing_that_repeats_itself_without_end_ends(shop: Workshop) -> None:
    # given
    uses = "".join(f'<g id="a{n}">{f"""<use href="#a{n - 1}"/>""" * 10}</g>' for n in range(1, 10))
    bomb = f'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><g id="a0"><path d="M0 0h1"/></g>{uses}</svg>'

    # when
    code, _, _ = shop.refusal(bomb.encode(), "svg", "png")

    # then
    assert code == "bad_file"


def test_a_huge_drawing_is_drawn_smaller(shop: Workshop) -> None:
    huge = b'<svg xmlns="http://www.w3.org/2000/svg" width="900000" height="900000"><rect width="9" height="9"/></svg>'

    made = shop.convert(huge, "svg", "png").file

    assert made.stat().st_size < 1 << 20


def test_a_picture_of_too_many_pixels_is_refused(shop: Workshop) -> None:
    code, message, _ = shop.refusal(hostile.png(30_000, 30_000), "png", "jpg")

    assert code == "bad_file"
    assert "30,000 by 30,000 pixels; 100 million are allowed" in message


def test_a_document_with_such_a_picture_is_refused(shop: Workshop, samples: Samples) -> None:
    # given
    content = hostile.with_more(samples.of("docx").read_bytes(), word__media__huge_dot_png=hostile.png(30_000, 30_000))

    # when
    code, message, _ = shop.refusal(content, "docx")

    # then
    assert code == "bad_file"
    assert "30,000 by 30,000 pixels" in message


def test_a_pdf_of_too_many_pages_is_refused(shop: Workshop) -> None:
    code, message, _ = shop.refusal(hostile.pages(100_000), "pdf", "txt")

    assert code == "bad_file"
    assert f"It has 100,000 pages; {pdfium.MOST_PAGES:,} are allowed" in message


def test_a_pdf_of_too_many_pages_to_draw_is_refused(shop: Workshop) -> None:
    code, message, _ = shop.refusal(hostile.pages(pdfium.MOST_DRAWN_PAGES + 1), "pdf", "png")

    assert code == "bad_file"
    assert f"{pdfium.MOST_DRAWN_PAGES} are allowed" in message


def test_a_huge_page_is_drawn_with_fewer_dots(shop: Workshop) -> None:
    # given
    page = hostile.pages(1).replace(b"[0 0 99 99]", b"[0 0 14400 14400]")

    # when
    made = shop.convert(page, "pdf", "png").file

    # then
    assert made.stat().st_size < 1 << 20


@pytest.mark.parametrize("name", ["word__vbaProject_dot_bin", "word__VBAPROJECT_dot_BIN"])
def test_macros_are_told_of(name: str, shop: Workshop, samples: Samples) -> None:
    content = hostile.with_more(samples.of("docx").read_bytes(), **{name: b"macro"})

    assert shop.convert(content, "docx", "txt").warnings == ["macros"]


def test_a_text_in_an_encoding_that_cannot_be_told_is_refused(shop: Workshop) -> None:
    text = "Это просто русский текст в старой кодировке".encode("koi8-r")

    code, message, _ = shop.refusal(text, "txt", "html")

    assert code == "bad_file"
    assert message.endswith("save it as UTF-8.")
