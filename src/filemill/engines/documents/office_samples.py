"""Small documents of our own, converted before those of others: what LibreOffice loads for the first is there then.

It runs under the system's own Python, which has `uno`, and so imports nothing of filemill.
"""

import contextlib
import os
from collections.abc import Callable
from typing import Any

import uno
from com.sun.star.awt import Size
from com.sun.star.beans import PropertyValue

_WORDS = "The quick brown fox, 1234567890 (jumps)."
_FONTS = ("Times New Roman", "Arial", "Calibri", "Cambria", "Courier New", "DejaVu Sans")
"""Those that most documents name."""

_SAMPLES = (
    ("swriter", "docx", "MS Word 2007 XML", "writer_pdf_Export"),
    ("swriter", "odt", "writer8", "writer_pdf_Export"),
    ("swriter", "rtf", "Rich Text Format", "writer_pdf_Export"),
    ("swriter", "html", "HTML (StarWriter)", "writer_pdf_Export"),
    ("scalc", "xlsx", "Calc MS Excel 2007 XML", "calc_pdf_Export"),
    ("simpress", "pptx", "Impress MS PowerPoint 2007 XML", "impress_pdf_Export"),
)


def convert(desktop: Any, folder: str, convert_one: "Callable[[dict[str, Any]], object]") -> None:
    """Makes a document of each application that is installed, and has each made a pdf."""
    for application, ending, reads, writes in _SAMPLES:
        source, target = f"{folder}/sample.{ending}", f"{folder}/sample.pdf"
        with contextlib.suppress(Exception):  # an application that is not installed
            _make(desktop, application, source, reads)
            convert_one({"source": source, "target": target, "reads": reads, "writes": writes})
        for made in (source, target):
            with contextlib.suppress(OSError):
                os.unlink(made)


def _make(desktop: Any, application: str, target: str, how: str) -> None:
    document = desktop.loadComponentFromURL(f"private:factory/{application}", "_blank", 0, (_prop("Hidden", True),))
    try:
        if hasattr(document, "Text"):
            for font in _FONTS:
                cursor = document.Text.createTextCursorByRange(document.Text.End)
                cursor.CharFontName = font
                document.Text.insertString(cursor, _WORDS, False)
        elif hasattr(document, "Sheets"):
            document.Sheets.getByIndex(0).getCellByPosition(0, 0).setString(_WORDS)
            document.Sheets.getByIndex(0).getCellByPosition(0, 1).setFormula("=1/8")
        else:
            shape = document.createInstance("com.sun.star.drawing.TextShape")
            shape.setSize(Size(10_000, 2_000))
            document.DrawPages.getByIndex(0).add(shape)
            shape.setString(_WORDS)
        document.storeToURL(uno.systemPathToFileUrl(target), (_prop("FilterName", how),))
    finally:
        document.close(True)


def _prop(name: str, value: object) -> Any:
    made = PropertyValue()
    made.Name, made.Value = name, value
    return made
