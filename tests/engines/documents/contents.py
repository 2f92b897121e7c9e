"""Reads what a finished file says, by other means than the engine's where there are any."""

import base64
import contextlib
import io
import re
import zipfile
from pathlib import Path

import docx
import lxml.etree
import lxml.html
import openpyxl
import pptx
import pypandoc
import pypdfium2
from PIL import Image, ImageChops, UnidentifiedImageError


def text_of(path: Path) -> str:
    """Everything it says."""
    return _READERS[path.suffix[1:]](path)


def words_of(path: Path) -> set[str]:
    """Every word it says."""
    return set(re.findall(r"[\w']+", text_of(path)))


def pages_of(path: Path) -> int:
    """How many pages a pdf has, or pictures an archive of them."""
    if path.suffix == ".zip":
        with zipfile.ZipFile(path) as archive:
            return len(archive.namelist())
    return len(pypdfium2.PdfDocument(path))


def size_of(path: Path) -> tuple[int, int]:
    """Width and height of a picture; it is decoded whole."""
    with Image.open(path) as picture:
        picture.load()
        return picture.size


def picture_in(path: Path) -> Image.Image:
    """The picture in a file, or the first of several, with what stands beside its pixels."""
    with Image.open(path) as picture:
        return picture.copy()


def unpacked(path: Path) -> list[Image.Image]:
    """The pictures in an archive."""
    with zipfile.ZipFile(path) as archive:
        names = [name for name in archive.namelist() if name.endswith((".png", ".jpg", ".jpeg"))]
        found = [archive.read(name) for name in names if "humbnail" not in name]
    return [Image.open(io.BytesIO(content)).convert("RGB") for content in found]


def place_of(picture: Image.Image, colour: tuple[int, int, int]) -> tuple[float, float, int, int]:
    """Where the middle of all that has a colour lies in a picture, and how wide and high that is."""
    far = ImageChops.difference(picture, Image.new("RGB", picture.size, colour)).convert("L")
    left, top, right, bottom = far.point(lambda value: 255 if value < 40 else 0).getbbox()
    return (left + right) / 2, (top + bottom) / 2, right - left, bottom - top


def drawn_in(path: Path) -> list[Image.Image]:
    """Every picture in it, and every page of a pdf, drawn."""
    if path.suffix == ".pdf":
        return [page.render(scale=1).to_pil().convert("RGB") for page in pypdfium2.PdfDocument(path)]
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            found = [archive.read(name) for name in archive.namelist()]
    else:
        content = path.read_bytes()
        found = [content, *map(base64.b64decode, re.findall(rb"data:image/\w+;base64,([\w+/=]+)", content))]
        found += map(
            bytes.fromhex, re.findall(r"\\(?:png|jpeg)blip[^{}]*?\s([0-9a-f\s]{99,})", content.decode("latin-1"))
        )
    drawn = []
    for picture in found:
        with contextlib.suppress(UnidentifiedImageError):
            drawn.append(Image.open(io.BytesIO(picture)).convert("RGB"))
    return drawn


def parts_of(path: Path) -> dict[str, str]:
    """The texts in an archive, by their names."""
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name).decode("utf-8", "replace") for name in archive.namelist()}


def _of_zip(path: Path) -> str:
    parts = []
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            if name.endswith(("content.xml", ".xhtml")):
                root = lxml.etree.fromstring(archive.read(name))
                parts.append(" ".join(root.itertext()))
    return "\n".join(parts)


def _of_pdf(path: Path) -> str:
    document = pypdfium2.PdfDocument(path)
    return "\n".join(page.get_textpage().get_text_range() for page in document)


def _of_docx(path: Path) -> str:
    return " ".join(
        "".join(t.text or " " for t in p.iter("{*}t", "{*}tab", "{*}br"))
        for p in docx.Document(str(path)).element.body.iter("{*}p")
    )


def _of_xlsx(path: Path) -> str:
    book = openpyxl.load_workbook(path, data_only=True)
    return " ".join(str(v) for sheet in book for row in sheet.iter_rows(values_only=True) for v in row if v is not None)


def _of_pptx(path: Path) -> str:
    said = []
    for slide in pptx.Presentation(str(path)).slides:
        said += ["".join(part.itertext("{*}t")) for part in slide.element.iter("{*}p")]
        if slide.has_notes_slide:
            said.append(slide.notes_slide.notes_text_frame.text)
    return " ".join(said)


def _of_html(path: Path) -> str:
    return " ".join(lxml.html.fromstring(path.read_bytes()).itertext())


def _of_rtf(path: Path) -> str:
    return pypandoc.convert_file(str(path), "plain", "rtf")


_READERS = {
    "pdf": _of_pdf,
    "docx": _of_docx,
    "odt": _of_zip,
    "ods": _of_zip,
    "odp": _of_zip,
    "epub": _of_zip,
    "xlsx": _of_xlsx,
    "pptx": _of_pptx,
    "html": _of_html,
    "rtf": _of_rtf,
    "md": lambda path: path.read_text(),
    "txt": lambda path: path.read_text(),
    "csv": lambda path: path.read_text(),
}
