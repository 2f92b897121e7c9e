"""The page that LibreOffice makes of a workbook: whole in one file, as Markdown, and as plain text.

Every cell stands there as the sheet shows it: formulas worked out, numbers and dates in their formats.
"""

import base64
import mimetypes
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import lxml.html
import msgspec

from filemill.engines.documents import markdown_signs
from filemill.engines.documents.task import Task

_Told = Callable[[lxml.html.HtmlElement], str]
_ADDRESS = re.compile(r"(https?|mailto):[^\s()<>|]+$")


class _Sheet(msgspec.Struct, frozen=True):
    """One sheet: its name where there are several, and its rows, as far as anything stands in them."""

    name: str
    rows: list[list[str]]


def whole(source: Path, target: Path, task: Task) -> None:
    """Puts the pictures that lie beside the page into it."""
    page = _page(source)
    for picture in page.iter("img"):
        file = source.parent / Path(picture.get("src", "")).name
        if file.is_file():
            kind = mimetypes.guess_type(file.name)[0] or "image/png"
            picture.set("src", f"data:{kind};base64,{base64.b64encode(file.read_bytes()).decode()}")
        else:
            picture.drop_tree()
    target.write_bytes(lxml.html.tostring(page, doctype="<!DOCTYPE html>"))


def to_markdown(source: Path, target: Path, task: Task) -> None:
    """Writes a table for each sheet; its first row is the head."""
    parts = []
    for sheet in _sheets(_page(source), _marked_up):
        if sheet.name:
            parts.append(f"## {markdown_signs.escape(sheet.name)}")
        lines = ["| " + " | ".join(row) + " |" for row in sheet.rows]
        lines[1:1] = ["|" + " --- |" * len(sheet.rows[0])] if sheet.rows else []
        parts.append("\n".join(lines))
    target.write_text("\n\n".join(parts) + "\n", encoding="utf-8")


def to_text(source: Path, target: Path, task: Task) -> None:
    """Writes a line for each row, with tabs between its cells."""
    parts = []
    for sheet in _sheets(_page(source), _plain):
        lines = ["\t".join(" ".join(cell.split()) for cell in row).rstrip("\t") for row in sheet.rows]
        parts.append("\n".join([*filter(None, [sheet.name]), *lines]))
    target.write_text("\n\n".join(parts) + "\n", encoding="utf-8")


def _page(source: Path) -> lxml.html.HtmlElement:
    return lxml.html.document_fromstring(
        source.read_text(encoding="utf-8"), parser=lxml.html.HTMLParser(huge_tree=True, no_network=True)
    )


def _sheets(page: lxml.html.HtmlElement, told: _Told) -> Iterator[_Sheet]:
    names = [" ".join(name.text_content().split()) for name in page.xpath("//a[starts-with(@name, 'table')]//h1/em")]
    tables = page.xpath("//body//table[not(ancestor::table)]")
    for number, table in enumerate(tables):
        yield _Sheet(names[number] if len(names) == len(tables) else "", _rows(table, told))


def _rows(table: lxml.html.HtmlElement, told: _Told) -> list[list[str]]:
    rows: list[list[str]] = []
    covered: dict[tuple[int, int], bool] = {}
    for number, line in enumerate(table.iter("tr")):
        row: list[str] = []
        for cell in line.iterchildren("td", "th"):
            while covered.pop((number, len(row)), False):
                row.append("")
            wide, high = int(cell.get("colspan", 1)), int(cell.get("rowspan", 1))
            covered |= {(number + down, len(row) + i): True for down in range(1, high) for i in range(wide)}
            row += [told(cell), *[""] * (wide - 1)]
        rows.append(row)
    width = max((number for row in rows for number, cell in enumerate(row, 1) if cell), default=0)
    while rows and not any(rows[-1]):
        rows.pop()
    return [(row + [""] * width)[:width] for row in rows]


def _plain(cell: lxml.html.HtmlElement) -> str:
    """What a cell shows, and behind that, in brackets, what somebody has noted at it."""
    notes = [note for note in cell.iter("comment") if note.text_content().strip()]
    said = [str(note.text_content()) for note in notes]
    for note in notes:
        note.drop_tree()
    for end in cell.iter("br"):
        end.tail = "\n" + (end.tail or "")
    shown = str(cell.text_content()).replace("\u00a0", " ").strip()
    return " ".join(filter(None, [shown, *(f"({' '.join(note.split())})" for note in said)]))


def _marked_up(cell: lxml.html.HtmlElement) -> str:
    """A cell as it may stand between bars, with its links and pictures."""
    links = [link.get("href") or "" for link in cell.iter("a")]
    drawn = [f"![]({picture.get('src')})" for picture in cell.iter("img")]
    text = re.sub(r"\s*\n\s*", "<br>", re.sub(r"([\\|*_`<\[\]])", r"\\\1", _plain(cell)))
    if len(links) == 1 and _ADDRESS.match(links[0]):
        text = f"[{text}]({links[0]})"
    return " ".join([text, *drawn]).strip()
