"""Styles without what reaches outside, rule by rule: what is unsafe goes, the rest stays as it means.

A style is read as a browser reads it, escapes included, and written anew, so no reader behind can take it otherwise.
"""

import re
from collections.abc import Iterable, Iterator, Sequence

import msgspec
import tinycss2
from tinycss2 import ast

from filemill.engines.documents import media_queries
from filemill.engines.documents.losses import Losses

LONGEST = 4 << 20
"""Characters of one style; a longer one is left out."""

_INSIDE = re.compile(r"\s*(data:image/(?!svg)|#)", re.IGNORECASE)
_BROUGHT_ALONG = re.compile(r"\s*data:", re.IGNORECASE)
_FETCHING = ("url", "src", "image", "image-set", "-webkit-image-set", "cross-fade", "-webkit-cross-fade")
_UNWRAPPED = ("media", "layer")
"""Blocks whose rules stand as if there were no block, where it holds: not every reader behind looks into blocks."""

_OF_DECLARATIONS = ("page", "counter-style", "property")
"""Blocks that hold declarations, not rules."""

_UNREADABLE = ("bad-url", "bad-string", "eof-in-string", "eof-in-url")


class Rule(msgspec.Struct, frozen=True):
    """One rule that holds on a screen: for which elements, and what it says of them."""

    selector: str
    declarations: tuple[ast.Declaration, ...]


def clean(style: str, losses: Losses) -> str:
    """A style sheet without what reaches outside."""
    try:
        if len(style) > LONGEST:
            raise RecursionError
        found = tinycss2.parse_stylesheet(style, skip_comments=True, skip_whitespace=True)
        return _escaped("".join(f"{rule.serialize()}\n" for rule in _cleaned(found, losses)))
    except RecursionError:
        losses.styles += 1
        return ""


def clean_declarations(style: str, losses: Losses) -> str:
    """What an attribute `style`, or one like `fill`, says, without what reaches outside."""
    try:
        kept = _safe(tinycss2.parse_component_value_list(style, skip_comments=True), losses)
        return _escaped(tinycss2.serialize(kept))
    except RecursionError:
        losses.styles += 1
        return ""


def rules(style: str) -> Iterator[Rule]:
    """The rules of a cleaned sheet, in their order."""
    for rule in tinycss2.parse_stylesheet(style, skip_comments=True, skip_whitespace=True):
        if rule.type == "qualified-rule":
            yield Rule(tinycss2.serialize(rule.prelude), declarations(rule.content))


def declarations(style: str | Sequence[ast.Node]) -> tuple[ast.Declaration, ...]:
    """What is declared, in its order."""
    found = tinycss2.parse_blocks_contents(style, skip_comments=True, skip_whitespace=True)
    return tuple(each for each in found if each.type == "declaration")


def _cleaned(found: Iterable[ast.Node], losses: Losses) -> Iterator[ast.Node]:
    for rule in found:
        if rule.type == "qualified-rule":
            rule.content = _safe(rule.content, losses)
            yield rule
        elif rule.type == "at-rule":
            yield from _cleaned_block(rule, losses)


def _cleaned_block(rule: ast.AtRule, losses: Losses) -> Iterator[ast.Node]:
    name = rule.lower_at_keyword
    if name == "import":
        losses.elsewhere += 1
    elif name == "font-face":
        losses.styles += 1
    elif rule.content is None or name in ("charset", "namespace"):
        return
    elif name in _OF_DECLARATIONS:
        rule.content = _safe(rule.content, losses)
        yield rule
    elif name in _UNWRAPPED:
        if name != "media" or media_queries.holds(tinycss2.serialize(rule.prelude)):
            yield from _cleaned(_rules_in(rule), losses)
    else:
        rule.content = list(_cleaned(_rules_in(rule), losses))
        yield rule


def _rules_in(block: ast.AtRule) -> list[ast.Node]:
    return list(tinycss2.parse_rule_list(block.content, skip_comments=True, skip_whitespace=True))


def _safe(content: Iterable[ast.Node], losses: Losses) -> list[ast.Node]:
    """The tokens of declarations, without those declarations that reach outside."""
    kept: list[ast.Node] = []
    one: list[ast.Node] = []
    for part in [*content, None]:
        if part is not None:
            one.append(part)
        if part is None or part == ";":
            if not _is_unsafe(one, losses):
                kept += one
            one = []
    return kept


def _is_unsafe(tokens: Iterable[ast.Node], losses: Losses) -> bool:
    """Whether one of the tokens reaches outside, or cannot be read; counted as what it is."""
    for token in tokens:
        if token.type == "error" and token.kind in _UNREADABLE:
            return True
        for address in _addresses(token):
            if not _INSIDE.match(address):
                if _BROUGHT_ALONG.match(address):
                    losses.styles += 1
                else:
                    losses.elsewhere += 1
                return True
        inside = token.arguments if token.type == "function" else getattr(token, "content", None)
        if isinstance(inside, list) and _is_unsafe(inside, losses):
            return True
    return False


def _addresses(token: ast.Node) -> list[str]:
    if token.type == "url":
        return [token.value]
    if token.type == "function" and token.lower_name in _FETCHING:
        return [part.value for part in token.arguments if part.type == "string"]
    return []


def _escaped(style: str) -> str:
    """A style in which nothing ends the element that it stands in."""
    return style.replace("<", "\\3c ")
