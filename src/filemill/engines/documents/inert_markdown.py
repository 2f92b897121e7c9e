"""Markdown made of words that others wrote: no markup of HTML in it, and no link that runs anything.

What may stand there is what the tools before write themselves: line breaks, pictures as `data:`, links to pages.
"""

import re
from pathlib import Path

from filemill.engines.documents.task import Task

_TAG = re.compile(r"(?<!\\)<(?!(?:br|/?(?:sup|sub|u|b|i|em|strong))\s*/?>)(?=[a-zA-Z/!?])", re.IGNORECASE)
_TARGET = re.compile(r"(?<!\\)\](?=\(\s*<?(?!data:image/(?!svg)|https?:|mailto:|tel:|ftp:|#))", re.IGNORECASE)
_DEFINED = re.compile(r"^( {0,3})(?=\[[^\]\n]*\]:)", re.MULTILINE)


def write(source: Path, target: Path, task: Task) -> None:
    """Writes the text with such signs escaped: they are words."""
    target.write_text(escape(source.read_text(encoding="utf-8")), encoding="utf-8")


def escape(text: str) -> str:
    """The text with such signs escaped."""
    return _DEFINED.sub(r"\1\\", _TARGET.sub(r"\\]", _TAG.sub(r"\\<", text)))
