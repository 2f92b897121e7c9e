"""Nothing of a document reaches the next one: a document that changes its reader, then a clean one as ever before."""

import base64
import contextlib
import json
import subprocess
from functools import partial
from itertools import islice
from pathlib import Path

import pytest
from PIL import Image, ImageChops

from filemill.engines.documents import libreoffice
from filemill.errors import JobFailed
from tests.engines.documents import contents, hostile_pdf, office_state, pdf_fonts
from tests.engines.documents.samples import Samples
from tests.engines.documents.workshop import Workshop
from tests.fixtures import active_files, false_fonts, process_state

DOCUMENTS = {"docx": false_fonts.docx, "odt": false_fonts.odt}


def looks(shop: Workshop, content: bytes, source: str) -> Image.Image:
    (page,) = contents.drawn_in(shop.convert(content, source, "pdf").file)
    return page


def differ(one: Image.Image, other: Image.Image) -> bool:
    return one.size != other.size or ImageChops.difference(one, other).getbbox() is not None


@pytest.mark.parametrize("source", DOCUMENTS)
def test_a_font_of_one_document_draws_no_other(source: str, shop: Workshop) -> None:
    # given
    document = DOCUMENTS[source]
    before = {kind: looks(shop, clean(), kind) for kind, clean in DOCUMENTS.items()}

    # when a document brings along its own Times New Roman, which draws nines alone
    poisoned = looks(shop, document(font=false_fonts.false_font()), source)

    # then that document looks as it wants to, and the others as before
    assert differ(poisoned, before[source])
    for kind, clean in DOCUMENTS.items():
        assert not differ(looks(shop, clean(), kind), before[kind])


def found(folder: Path, *how: str) -> tuple[dict[str, object], dict[str, object]]:
    """What a document finds in LibreOffice before and after another has changed everything."""
    program = libreoffice.program()
    if program is None:
        pytest.skip("LibreOffice is not installed: run filemill install documents")
    (folder / "profile/user").mkdir(parents=True)
    (folder / "profile/user/registrymodifications.xcu").write_text(libreoffice.settings())
    engine = Path(libreoffice.__file__).parent
    words = [str(libreoffice.SYSTEM_PYTHON), "-I", office_state.__file__, str(engine), str(program), str(folder), *how]
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(folder), "TMPDIR": str(folder)}
    said = subprocess.run(words, capture_output=True, check=True, text=True, env=environment, timeout=120).stdout
    before, after = said.splitlines()
    return json.loads(before), json.loads(after)


def test_nothing_that_libreoffice_remembers_reaches_the_next_document(tmp_path: Path) -> None:
    # given a document that changes settings, dictionaries, macros, the clipboard, files and whatever else there is
    before, after = found(tmp_path)

    # then the next one finds everything as the first one did
    assert after == before


def test_without_copies_the_next_document_would_find_all_of_it(tmp_path: Path) -> None:
    # given one process for all documents: what the story above is worth
    before, after = found(tmp_path, "warm")

    # then
    assert {kind for kind in before if after[kind] == before[kind]} == set()


def with_face(source: str, *, font: bytes | None = None) -> bytes:
    """A page or a drawing in Times New Roman, which it declares itself where a font is given."""
    address = f"data:font/ttf;base64,{base64.b64encode(font or b'').decode()}"
    face = f"@font-face {{ font-family: '{false_fonts.NAME}'; src: url({address}) }}" if font else ""
    style = f"<style>{face} * {{ font-family: '{false_fonts.NAME}' }}</style>"
    if source == "svg":
        text = f'<text x="9" y="50" font-family="{false_fonts.NAME}">{false_fonts.WORDS}</text>'
        return f'<svg xmlns="http://www.w3.org/2000/svg" width="400" height="99">{style}{text}</svg>'.encode()
    return f"<html><head>{style}</head><body><p>{false_fonts.WORDS}</p></body></html>".encode()


FACES = {
    "html": partial(with_face, "html"),
    "svg": partial(with_face, "svg"),
    "md": partial(with_face, "md"),
    "pdf": lambda *, font=None: pdf_fonts.pdf(font),
}
"""Fonts that other formats bring along."""


@pytest.mark.parametrize("source", FACES)
def test_a_font_of_a_page_drawing_or_pdf_draws_no_other(source: str, shop: Workshop) -> None:
    # given
    def looks_as_png(content: bytes) -> Image.Image:
        (picture,) = contents.drawn_in(shop.convert(content, source, "png").file)
        return picture

    before = looks_as_png(FACES[source]())

    # when
    false = looks_as_png(FACES[source](font=false_fonts.false_font()))

    # then a pdf uses its own font; pages and drawings may bring none along
    assert differ(false, before) == (source == "pdf")
    assert not differ(looks_as_png(FACES[source]()), before)


CLEAN = {"docx": "pdf", "md": "pdf", "svg": "png", "pdf": "md", "jpg": "webp", "png": "pdf", "csv": "xlsx"}
"""A conversion by each tool there is."""


def results(shop: Workshop, samples: Samples) -> dict[str, object]:
    """What comes of a clean file of each format: its words, and its pages or pictures as they look."""
    made = {source: shop.convert(samples.of(source), source, target).file for source, target in CLEAN.items()}
    drawn = {source: [picture.tobytes() for picture in contents.drawn_in(file)] for source, file in made.items()}
    words = {source: contents.text_of(file) for source, file in made.items() if CLEAN[source] in ("docx", "xlsx", "md")}
    return {"drawn": drawn, "words": words}


def test_no_library_remembers_a_hostile_file(
    shop: Workshop, samples: Samples, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given clean results, and the state of the process behind them
    process_state.move_temporary_files(tmp_path / "temporary", monkeypatch)
    before, state = results(shop, samples), process_state.look()

    # when files come that are active, cut short, or bring fonts and pages that are none
    hostile = [(active(), source) for source, active in active_files.FILES.items()]
    hostile += [(samples.of(source).read_bytes()[:-500], source) for source in CLEAN]
    hostile += [(false_fonts.docx(font=false_fonts.false_font()), "docx")]
    hostile += [(pdf, "pdf") for pdf in islice(hostile_pdf.all_of_them(), 3)]
    for content, source in hostile:
        with contextlib.suppress(JobFailed):
            shop.convert(content, source, CLEAN.get(source, "pdf"))

    # then the process is as it was, and clean files become what they became before
    assert process_state.look() == state
    assert results(shop, samples) == before
