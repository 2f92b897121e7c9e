"""Parts of a docx that are files of another format (altChunk), as paragraphs of the docx itself.

Word reads them in when it opens the file. No other program does, but for LibreOffice where the part is a docx.
"""

import email
import email.policy
import os
import posixpath
import zipfile
from collections.abc import Sequence
from pathlib import Path

import lxml.etree
import msgspec

from filemill.engines.documents import (
    archives,
    losses,
    markup,
    office_parts,
    pandoc,
    paragraphs,
    rich_text,
    texts,
    trouble,
)
from filemill.engines.documents.task import Task
from filemill.errors import JobFailed

_KIND = "aFChunk"
_MOST = 100
_LEFT_OUT = (
    "A part of the file that is a file of another format is left out.",
    "{} parts of the file that are files of other formats are left out.",
)
"""Parts that are read in; each costs a run of pandoc."""

_FORMATS = {
    **dict.fromkeys((".html", ".htm", ".xhtml"), "html"),
    **dict.fromkeys((".docx", ".dotx", ".docm"), "docx"),
    **dict.fromkeys((".mht", ".mhtml"), "mht"),
    ".rtf": "rtf",
    ".txt": "txt",
}
_KEPT = ("{*}p", "{*}tbl")
_OWN = ("{*}drawing", "{*}bookmarkStart", "{*}bookmarkEnd", "{*}numPr")
"""What has a meaning in the file alone in which it stands."""


def put_in(source: Path, target: Path, task: Task) -> None:
    """Writes the file with the words of such parts; as it is where there are none. Raises JobFailed."""
    try:
        with zipfile.ZipFile(source) as archive:
            main = office_parts.main_part(archive, "word/document.xml")
            relations = office_parts.relations(archive, main)
            if not any(one.kind == _KIND for one in relations.values()):
                os.link(source, target)
                return
            tree = office_parts.tree(archive, main)
            left_out = 0
            for number, chunk in enumerate(list(tree.iter("{*}altChunk"))):
                related = relations.get(office_parts.id_of(chunk))
                said = None
                if related is not None and related.part in archive.namelist() and number < _MOST:
                    folder = target.parent / f"chunk-{number}"
                    folder.mkdir()
                    said = _said(archive, related.part, folder, task)
                left_out += said is None
                _replace(chunk, said or ())
            office_parts.write(archive, target, {main: lxml.etree.tostring(tree, encoding="utf-8")})
    except (lxml.etree.LxmlError, KeyError) as error:
        raise trouble.unreadable(task.file, error) from error
    losses.tell_of(left_out, _LEFT_OUT, task)


def _said(archive: zipfile.ZipFile, part: str, folder: Path, task: Task) -> Sequence[lxml.etree._Element] | None:
    """The paragraphs and tables of a part; None where it cannot be read. Raises JobFailed for a harmful one."""
    kind = _FORMATS.get(posixpath.splitext(part)[1].lower(), "")
    if not kind:
        return None
    source = folder / f"chunk.{kind}"
    with archive.open(part) as content:
        source.write_bytes(content.read(texts.MOST_BYTES))
    within = msgspec.structs.replace(task, file=msgspec.structs.replace(task.file, format=kind))
    if kind == "docx":
        archives.check(source, within)
    made = folder / "made.docx"
    try:
        pandoc.as_paragraphs(_clean(source, folder, within), made, within)
        with zipfile.ZipFile(made) as words:
            body = office_parts.tree(words, "word/document.xml").find("{*}body")
    except (JobFailed, RecursionError):  # messages in one another, read by recursion
        return None
    return list(body.iterchildren(*_KEPT)) if body is not None else None


def _clean(source: Path, folder: Path, task: Task) -> Path:
    """The part without what reaches outside, in a format that pandoc reads. Raises JobFailed."""
    target = folder / f"clean{source.suffix}"
    match source.suffix:
        case ".mht":
            page = folder / "page.html"
            page.write_bytes(_page_of(source.read_bytes()))
            return _clean(page, folder, task)
        case ".html":
            markup.clean_html(source, target, task)
        case ".txt":
            target = folder / "clean.html"
            paragraphs.to_html(source, target, task)
        case ".rtf":
            rich_text.clean(source, target, task)
        case _:
            return source
    return target


def _page_of(content: bytes) -> bytes:
    """The page of an archive of one page, as a mail holds it."""
    message = email.message_from_bytes(content, policy=email.policy.default)
    page = next((part for part in message.walk() if part.get_content_type() == "text/html"), None)
    return bytes(page.get_payload(decode=True) or b"") if page is not None else b""


def _replace(chunk: lxml.etree._Element, said: Sequence[lxml.etree._Element]) -> None:
    parent = chunk.getparent()
    if parent is None:
        return
    for block in said:
        for own in list(block.iter(*_OWN)):
            office_parts.remove(own)
    at = parent.index(chunk)
    parent[at : at + 1] = list(said)
