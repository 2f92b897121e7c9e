"""Archives whose parts lie very deep, or have very long names: no worker may be stopped by what they unpack to."""

import io
import os
import zipfile

from tests.attacks.callers import Visitor
from tests.attacks.target import Target
from tests.engines.documents import hostile

DEEPEST = 40
"""Folders in one another below the home's folder of work: a LibreOffice has ten."""

NAMES = {
    "1,500 deep": "a/" * 1500 + "x.png",
    "600 deep, by backslashes": "a\\" * 600 + "x.png",
    "300 bytes, twice": "x" * 300 + "/" + "y" * 300 + ".png",
}


def attack(target: Target) -> str:
    """Sends such archives, and then asks for a clean conversion."""
    refused = 0
    for said, name in NAMES.items():
        # The rule is one for every format: all of them are tried by the deepest name alone.
        for file_name, content in _archives(name) if not refused else [("book.epub", hostile.book(name))]:
            visitor = Visitor(target)
            told = visitor.go(file_name, content, "pdf")
            assert told["status"] == "failed", f"{file_name} with a part {said} was converted"
            assert "allowed" in str(told), f"{file_name} with a part {said}: no sentence says what is allowed: {told}"
            visitor.leave()
            refused += 1
    deepest = max(len(os.path.relpath(at, target.home).split("/")) for at, _, _ in os.walk(target.home / "work"))
    assert deepest <= DEEPEST, f"folders {deepest} deep are left"
    visitor = Visitor(target)
    assert visitor.go("note.md", b"# Hello\n", "docx")["status"] == "completed", "nobody else's file is converted"
    visitor.leave()
    return f"{refused} archives refused, the next file converted"


def _archives(name: str) -> list[tuple[str, bytes]]:
    made = [("book.epub", hostile.book(name))]
    for file_name, parts in (
        ("a.docx", ("[Content_Types].xml", "word/document.xml")),
        ("a.xlsx", ("[Content_Types].xml", "xl/workbook.xml")),
    ):
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            for part in (*parts, name):
                archive.writestr(part, b"<x/>")
        made.append((file_name, packed.getvalue()))
    return made
