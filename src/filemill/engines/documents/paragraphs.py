"""A plain text as a page: a blank line parts paragraphs, ends of lines stay where they are."""

import html
import re
from pathlib import Path

from filemill.engines.documents import right_to_left, texts
from filemill.engines.documents.task import Task

_PAGE = (
    '<!DOCTYPE html>\n<html><head><meta charset="utf-8"><title>{title}</title></head>\n<body>\n{body}\n</body></html>\n'
)
_BLANK = re.compile(r"\n[ \t]*\n\s*|\f")


def to_html(source: Path, target: Path, task: Task) -> None:
    """Writes the text as HTML, every sign of it as it is. Raises JobFailed."""
    paragraphs = (part.strip("\n") for part in _BLANK.split(texts.read(source, task)))
    body = "\n".join(_paragraph(part) for part in paragraphs if part.strip())
    title = html.escape(Path(task.file.file_name).stem)
    target.write_text(_PAGE.format(title=title, body=body), encoding="utf-8")


def _paragraph(text: str) -> str:
    lines = "<br>\n".join(_shown(line) for line in text.split("\n"))
    direction = ' dir="rtl"' if right_to_left.begins(text) else ""
    return f"<p{direction}>{lines}</p>"


def _shown(line: str) -> str:
    """A line with its blanks: rows of them would else become one."""
    return re.sub(r"^ +| {2,}", lambda blanks: "\u00a0" * len(blanks[0]), html.escape(line.replace("\t", "    ")))
