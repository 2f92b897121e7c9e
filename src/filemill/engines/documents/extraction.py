"""xberg: what a pdf, slides or sheets say, as Markdown with their pictures, or as plain text.

It works on bytes in our process, opens no other file and no address; recognition of text in pictures is off.
"""

import asyncio
import base64
import importlib.metadata
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import xberg
from xberg import ExtractInput, ExtractInputKind, ExtractionConfig, ImageExtractionConfig, PdfConfig

from filemill.engines.documents import markdown_signs, pdf_markdown, pdf_text, speaker_notes, trouble
from filemill.engines.documents.task import Task
from filemill.errors import JobFailed

MOST_SECONDS = 300

_PICTURE = re.compile(r"!\[([^\]]*)\]\((?:<)?([^)>\s]+)(?:>)?\)")
_SYMBOLS = re.compile("[\uf000-\uf0ff]")
"""Signs of symbol fonts, which have no meaning outside of them: mostly bullets."""

_MEDIA_TYPES = {"jpg": "jpeg", "tif": "tiff"}


def version() -> str:
    """Xberg's."""
    return importlib.metadata.version("xberg")


def convert(source: Path, target: Path, task: Task) -> None:
    """Writes what a document says, as .md or .txt. Raises JobFailed."""
    wanted = "markdown" if target.suffix == ".md" else "plain"
    config = ExtractionConfig(
        output_format=wanted,
        use_cache=False,
        disable_ocr=True,
        enable_quality_processing=False,
        extraction_timeout_secs=MOST_SECONDS,
        pdf_options=PdfConfig(extract_form_fields=False),  # they stand where they were filled in, by PDFium
        images=ImageExtractionConfig() if wanted == "markdown" else None,
    )
    # First, as it bounds each page's time: xberg has a limit for the whole alone, and its threads go on behind that.
    read = pdf_text.read(source, task) if source.suffix == ".pdf" else None
    what = ExtractInput(kind=ExtractInputKind.BYTES, bytes=source.read_bytes(), filename=f"document{source.suffix}")
    try:
        found = asyncio.run(xberg.extract(what, config))
    except (xberg.XbergError, RuntimeError) as error:  # the latter of a pdf whose pages are nowhere
        raise _reason(error, task) from error
    if not found.results:
        raise trouble.not_a(task.file)
    document = found.results[0]
    text = _SYMBOLS.sub("•", document.content)
    if not text.strip():
        task.warn("no_text", "The pages are pictures without any text in them: OCR can read them.")
    if read is not None:
        text = pdf_markdown.mend(text, read, task)
    if wanted == "markdown":
        text = _with_pictures(text, document.images or [])
        if source.suffix == ".pptx":
            text = markdown_signs.show(text) + _notes(source)  # only its plain text has the notes
    target.write_text(text, encoding="utf-8")


def _reason(error: Exception, task: Task) -> JobFailed:
    return trouble.too_slow(task.file) if "timed out" in str(error) else trouble.not_a(task.file)


def _notes(source: Path) -> str:
    notes = speaker_notes.read(source)
    parts = [f"### Slide {number}\n\n{_paragraphs(text)}" for number, text in notes]
    return "\n\n" + "\n\n".join(["## Notes", *parts]) + "\n" if parts else ""


def _paragraphs(text: str) -> str:
    return markdown_signs.escape(text).replace("\n", "\n\n")


def _with_pictures(text: str, images: Iterable[Any]) -> str:
    """Puts the pictures into the text itself, so that nothing behind has to open another file."""
    data = {image.image_index: image for image in images}

    def inside(found: re.Match[str]) -> str:
        number = re.search(r"image_(\d+)\.", found[2])
        image = data.get(int(number[1])) if number else None
        if image is None:
            return found[1]
        kind = _MEDIA_TYPES.get(image.format, image.format)
        return f"![{found[1]}](data:image/{kind};base64,{base64.b64encode(bytes(image.data)).decode()})"

    return _PICTURE.sub(inside, text)
