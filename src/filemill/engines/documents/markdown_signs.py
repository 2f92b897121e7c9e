"""Signs that Markdown has a meaning for, in words that mean none: hidden from xberg, then shown again, escaped.

xberg takes what is written on a slide for Markdown in part: a cell ends at its stroke, and a star makes words slanted.
"""

import re

import lxml.etree

_TEXT = "{http://schemas.openxmlformats.org/drawingml/2006/main}t"
_SIGNS = "|*_[]#<>`~\\"
_HIDDEN = {ord(sign): chr(0xFDD0 + number) for number, sign in enumerate(_SIGNS)}
"""What stands for a sign meanwhile: Unicode promises that no text has it."""

_SHOWN = {ord(hidden): chr(sign) for sign, hidden in _HIDDEN.items()}
_FOUND = re.compile("[" + "".join(_HIDDEN.values()) + "]")
_LIST = re.compile(r"(?m)^(\s*)([-+]|\d+[.)])(?=\s)")
_SIGN = re.compile(r"[|*_\[\]#<>`~\\]")


def hide(tree: lxml.etree._Element) -> None:
    """Hides the signs in the words of a slide, and in those that stand for its pictures."""
    for text in tree.iter(_TEXT):
        if text.text:
            text.text = text.text.translate(_HIDDEN)
    for picture in tree.iter("{*}cNvPr"):
        if picture.get("descr"):
            picture.set("descr", picture.get("descr", "").translate(_HIDDEN))


def show(markdown: str) -> str:
    """The Markdown with the hidden signs as they were, none of them with a meaning."""
    return "\n".join(_shown(line) if _FOUND.search(line) else line for line in markdown.split("\n"))


def escape(text: str) -> str:
    """A plain text as Markdown that says the same."""
    return _LIST.sub(_without_list, _SIGN.sub(lambda sign: "\\" + sign[0], text))


def _shown(line: str) -> str:
    is_row = line.startswith("|")
    return _FOUND.sub(lambda found: _one(found, line, is_row=is_row), line)


def _one(found: re.Match[str], line: str, *, is_row: bool) -> str:
    sign = found[0].translate(_SHOWN)
    if sign == "|" and not is_row:
        return sign
    before, behind = line[: found.start()][-1:], line[found.end() : found.end() + 1]
    if sign == "_" and before.isalnum() and behind.isalnum():  # inside of a word it means nothing
        return sign
    return "\\" + sign


def _without_list(found: re.Match[str]) -> str:
    mark = found[2]
    return f"{found[1]}\\{mark}" if len(mark) == 1 else f"{found[1]}{mark[:-1]}\\{mark[-1]}"
