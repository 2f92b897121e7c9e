"""pdf to pictures, by PDFium: in a copy of our own process, so the caps stand before anything is drawn.

PDFium is built without JavaScript and XFA, opens no other file and no address; actions and attachments are never run.
What was filled into a form is drawn.
"""

from collections.abc import Iterator
from pathlib import Path

import pypdfium2
from PIL import Image
from pypdfium2 import raw

from filemill.engines.documents import copies, pictures, trouble
from filemill.engines.documents.task import Task
from filemill.pipelines.run import Progress

DOTS_PER_INCH = 150
POINTS_PER_INCH = 72
MOST_PIXELS = 40_000_000
"""Of one page; a larger one is drawn with fewer dots per inch."""

MOST_DRAWN_PAGES = 500
MOST_PAGES = 20_000

_HEAD = 1024


def version() -> str:
    """PDFium's."""
    return str(pypdfium2.PDFIUM_INFO).partition("@")[0]


def check(source: Path, task: Task) -> None:
    """Refuses what is no pdf, is locked, or has too many pages. Raises JobFailed."""
    with source.open("rb") as file:
        if b"%PDF-" not in file.read(_HEAD):
            raise trouble.not_a(task.file)
    with _open(source, task) as document:
        _check_pages(len(document), MOST_PAGES, task)


def convert(source: Path, target: Path, task: Task) -> None:
    """Makes a picture of a page, or pictures of several, packed. Raises JobFailed, ProcessKilled."""
    copies.work(task, lambda within: _convert(source, target, within))


def _convert(source: Path, target: Path, task: Task) -> bytes:
    with open_document(source, task) as document:
        _check_pages(len(document), MOST_DRAWN_PAGES, task)
        try:
            if len(document) == 1:
                pictures.write(_draw(document, 0, target.suffix[1:]), target, target.suffix[1:], task)
            else:
                pictures.pack(_drawn(document, target.suffix[1:], task), target, task)
        except (pypdfium2.PdfiumError, ValueError) as error:
            raise trouble.not_a(task.file) from error
    return b""


def open_document(source: Path, task: Task) -> pypdfium2.PdfDocument:
    """A pdf, its form open, with a warning where that is of a kind that cannot be shown. Raises JobFailed."""
    document = _open(source, task)
    kind = document.get_formtype()
    if kind != raw.FORMTYPE_NONE:
        document.init_forms()
    if kind == raw.FORMTYPE_XFA_FULL:
        task.warn("left_out", "The file is a form of Adobe's XFA: what only Adobe's programs show of it is left out.")
    return document


def _open(source: Path, task: Task) -> pypdfium2.PdfDocument:
    try:
        document = pypdfium2.PdfDocument(source)
    except pypdfium2.PdfiumError as error:
        if error.err_code == raw.FPDF_ERR_PASSWORD:
            raise trouble.encrypted(task.file) from error
        raise trouble.not_a(task.file) from error
    if len(document) == 0:
        raise trouble.not_a(task.file)
    return document


def _check_pages(pages: int, most: int, task: Task) -> None:
    if pages > most:
        raise trouble.bad_file(task.file, f"It has {pages:,} pages; {most:,} are allowed here, so send it in parts.")


def _drawn(document: pypdfium2.PdfDocument, wanted: str, task: Task) -> Iterator[Image.Image]:
    for number in range(len(document)):
        yield _draw(document, number, wanted)
        task.say(Progress(number + 1, len(document), "pages"))


def _draw(document: pypdfium2.PdfDocument, number: int, wanted: str) -> Image.Image:
    copies.begin()
    page = document[number]
    width, height = page.get_size()
    most_side = pictures.MOST_SIDE.get(wanted, MOST_PIXELS) - 1  # PDFium rounds up
    scale = min(
        DOTS_PER_INCH / POINTS_PER_INCH, (MOST_PIXELS / (width * height)) ** 0.5, most_side / max(width, height)
    )
    copies.begin()
    drawn: Image.Image = page.render(scale=scale, rev_byteorder=True).to_pil()
    drawn.info["dpi"] = (scale * POINTS_PER_INCH,) * 2
    page.close()
    copies.begin_freely()
    return drawn
