"""Which declaration of several wins for an element, of few properties: what is seen, and how large it is."""

import re
from collections.abc import Collection, Iterable, Sequence

import cssselect
import lxml.etree
import msgspec
import tinycss2
from cssselect.xpath import XPathExpr
from tinycss2 import ast

from filemill.engines.documents import stylesheets
from filemill.engines.documents.stylesheets import Rule

MOST_LOOKS = 200_000_000
"""At elements, for all rules; the styles of a page that would take more, some seconds, are not asked."""

_INLINE = (1, 0, 0, 0)
_BESIDE = (
    (re.compile("~"), 30),
    (re.compile("nth-|of-type"), 1),
    (re.compile(r":(?:not|is|where|has)\([^)]*[+~ ]"), 1),
)
"""Parts of selectors for which elements beside an element are gone through, and looks at each: a look is 30 ns."""

_NEXT = 400
"""Looks that "the element behind it" takes."""

Declared = dict[str, str]
"""By property: what is declared, in lower case."""


class TooManyStyles(Exception):
    """The page's styles would take too long."""


class _Won(msgspec.Struct, frozen=True):
    rank: tuple[bool, tuple[int, ...], int]
    value: str


def declared(
    page: lxml.etree._Element,
    elements: Collection[lxml.etree._Element],
    rules: Iterable[Rule],
    properties: Collection[str],
) -> dict[lxml.etree._Element, Declared]:
    """What holds for these elements of a page; one of which nothing is said is missing. Raises TooManyStyles."""
    won: dict[lxml.etree._Element, dict[str, _Won]] = {}
    asked = [rule for rule in rules if any(each.lower_name in properties for each in rule.declarations)]
    _check_cost(page, asked)
    among = set(elements)
    for number, rule in enumerate(asked):
        for rank, found in _matches(page, rule.selector):
            for element in among.intersection(found):
                _declare(won.setdefault(element, {}), rule.declarations, properties, rank, number)
    for element in elements:
        if style := element.get("style"):
            inline = stylesheets.declarations(style)
            _declare(won.setdefault(element, {}), inline, properties, _INLINE, len(asked))
    return {element: {name: each.value for name, each in its.items()} for element, its in won.items()}


class _Translator(cssselect.HTMLTranslator):
    """Selectors as XPath; what asks for the next element, or the first, so that libxml2 looks at no more than that."""

    def xpath_direct_adjacent_combinator(self, left: XPathExpr, right: XPathExpr) -> XPathExpr:
        return left.join("/following-sibling::*[1]/self::", right)

    def xpath_first_child_pseudo(self, xpath: XPathExpr) -> XPathExpr:
        return xpath.add_condition("not(preceding-sibling::*[1])")

    def xpath_last_child_pseudo(self, xpath: XPathExpr) -> XPathExpr:
        return xpath.add_condition("not(following-sibling::*[1])")

    def xpath_only_child_pseudo(self, xpath: XPathExpr) -> XPathExpr:
        return xpath.add_condition("not(preceding-sibling::*[1] or following-sibling::*[1])")


def _check_cost(page: lxml.etree._Element, asked: Sequence[Rule]) -> None:
    """Raises TooManyStyles where the rules, at worst, would take too many looks at elements."""
    depths: dict[lxml.etree._Element | None, int] = {}
    beside = 0
    for element in page.iter():
        depths[element] = depths.get(element.getparent(), 0) + 1
        beside += len(element) ** 2
    once, inside = len(depths), sum(depths.values())
    looks = 0
    for rule in asked:
        looks += once * (rule.selector.count(",") + 1) + inside * (len(rule.selector.split()) - 1)
        looks += once * rule.selector.count("+") * _NEXT
        looks += sum(beside * len(part.findall(rule.selector)) * times for part, times in _BESIDE)
        if looks > MOST_LOOKS:
            raise TooManyStyles


def _matches(page: lxml.etree._Element, selector: str) -> Iterable[tuple[tuple[int, ...], list[lxml.etree._Element]]]:
    """The elements that a selector means, for each of its parts, with the rank of that part."""
    try:
        for part in cssselect.parse(selector):
            if part.pseudo_element is None:
                path = _Translator().selector_to_xpath(part, prefix="descendant-or-self::")
                yield (0, *part.specificity()), page.xpath(path)
    except (cssselect.SelectorError, lxml.etree.XPathError, RecursionError):
        return  # as browsers do with what they cannot read


def _declare(
    won: dict[str, _Won],
    declarations: Iterable[ast.Declaration],
    properties: Collection[str],
    specificity: tuple[int, ...],
    number: int,
) -> None:
    for each in declarations:
        if each.lower_name in properties:
            rank = (each.important, specificity, number)
            if each.lower_name not in won or won[each.lower_name].rank <= rank:
                won[each.lower_name] = _Won(rank, tinycss2.serialize(each.value).strip().lower())
