"""The fonts of a drawing by names that are there: fontconfig tells which font stands for one that is not."""

import contextlib
import functools
import re
from collections.abc import Callable, Sequence
from pathlib import Path

import lxml.etree
import tinycss2
from tinycss2 import ast

from filemill.engines.documents import programs, stylesheets, trees
from filemill.engines.documents.programs import ProgramFailed, TooSlow

MOST_NAMES = 100
"""Different families that are asked about in one drawing."""

_SECONDS = 10
_USUAL = "serif"
"""What browsers take where nothing is said."""

_UNKNOWN = "no font has this name"
_KINDS = ("serif", "sans-serif", "monospace", "cursive", "fantasy", "system-ui")
_SIZES = frozenset(["xx-small", "x-small", "small", "medium", "large", "x-large", "xx-large", "smaller", "larger"])
_WORDS = ("inherit", "initial", "unset", "caption", "icon", "menu", "message-box", "small-caption", "status-bar")
_SPECIAL = re.compile(r"([\\\-:,])")


def there(families: Sequence[str]) -> str | None:
    """The family that is there for the first of these that has one; None where nobody can tell."""
    usual = _match(_UNKNOWN)
    for family in families:
        found = _match(family)
        if found and (found != usual or family.lower() in (*_KINDS, found.lower())):
            return found
    return usual


@functools.lru_cache(1000)
def _match(family: str) -> str | None:
    pattern = _SPECIAL.sub(r"\\\1", family)
    with contextlib.suppress(OSError, ProgramFailed, TooSlow, UnicodeDecodeError, ValueError):
        answer = programs.run(["fc-match", "-f", "%{family[0]}", "--", pattern], Path("/"), seconds=_SECONDS)
        return answer.decode() or None
    return None


def put_in(drawing: lxml.etree._Element) -> None:
    """Names, wherever the drawing names families, the one that is there."""
    asked: set[str] = set()

    def instead(families: str) -> str:
        names = _names(tinycss2.parse_component_value_list(families))
        asked.update(names)
        found = there(names) if names and names[0] not in _WORDS and len(asked) <= MOST_NAMES else None
        return f"'{found}'" if found else families

    for element in drawing.iter():
        if family := element.get("font-family"):
            element.set("font-family", instead(family))
        if "font" in (style := element.get("style") or ""):
            element.set("style", _declared(style, instead))
        if trees.name(element) == "style" and "font" in (element.text or ""):
            element.text = _sheet(element.text or "", instead)
    if not drawing.get("font-family"):
        drawing.set("font-family", instead(_USUAL))


def _sheet(style: str, instead: Callable[[str], str]) -> str:
    made = []
    for rule in tinycss2.parse_stylesheet(style, skip_comments=True, skip_whitespace=True):
        if rule.type == "qualified-rule":
            inside = _declared(tinycss2.serialize(rule.content), instead)
            made.append(f"{tinycss2.serialize(rule.prelude)}{{{inside}}}")
        else:
            made.append(rule.serialize())
    return "".join(made)


def _declared(style: str, instead: Callable[[str], str]) -> str:
    made = []
    for each in stylesheets.declarations(style):
        important = " !important" if each.important else ""
        if each.lower_name == "font-family":
            made.append(f"font-family:{instead(tinycss2.serialize(each.value))}{important}")
        elif each.lower_name == "font" and (parts := _parts(each.value, instead)):
            made += [f"{name}:{value}{important}" for name, value in parts.items()]
        else:
            made.append(each.serialize())
    return ";".join(made)


def _parts(font: Sequence[ast.Node], instead: Callable[[str], str]) -> dict[str, str]:
    """What a declaration `font` says, each by its own name: not every reader behind takes all that may stand in one."""
    value = [token for token in font if token.type != "whitespace"]
    at = next((number for number, token in enumerate(value) if _is_size(token)), None)
    if at is None:
        return {}
    parts = {"font-style": "normal", "font-weight": "normal", "font-size": value[at].serialize()}
    for token in value[:at]:
        said = token.serialize().lower()
        if said in ("italic", "oblique"):
            parts["font-style"] = said
        elif token.type == "number" or said in ("bold", "bolder", "lighter"):
            parts["font-weight"] = said
    families = value[at + 3 :] if value[at + 1 : at + 2] == ["/"] else value[at + 1 :]
    return parts | {"font-family": instead(" ".join(token.serialize() for token in families))} if families else {}


def _is_size(token: ast.Node) -> bool:
    return token.type in ("dimension", "percentage") or (token.type == "ident" and token.lower_value in _SIZES)


def _names(families: Sequence[ast.Node]) -> tuple[str, ...]:
    names: list[str] = []
    words: list[str] = []
    for part in [*families, None]:
        if part is None or part == ",":
            names.append(" ".join(words))
            words = []
        elif part.type in ("ident", "string"):
            words.append(part.value)
    return tuple(name for name in names if name)
