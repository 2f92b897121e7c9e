"""Brackets of lines from right to left, each the way it was written.

A pdf says of a letter either how it looks or which one is meant, and in Hebrew and Arabic an opening bracket looks like
a closing one; PDFium takes the first to be so. The brackets of a line tell which it is, as they belong together.
"""

from collections.abc import Iterator

from filemill.engines.documents.right_to_left import LETTER

_PAIRS = ("()", "[]", "{}", "<>", "\u00ab\u00bb")
_OTHER = {pair[side]: pair[1 - side] for pair in _PAIRS for side in (0, 1)}
_MOST = 200
"""Brackets of a line that are looked at."""


def turn(pages: list[str]) -> list[str]:
    """The pages of one document, the brackets of their lines from right to left as they were written.

    Where a line's own do not tell, as one of two stands in the next line, most of the others do.
    """
    votes = [vote for page in pages for line in page.split("\n") if LETTER.search(line) for vote in _votes(line)]
    turns_lone = sum(votes) * 2 > len(votes)
    return [
        "\n".join(_turned(line, turns_lone) if LETTER.search(line) else line for line in page.split("\n"))
        for page in pages
    ]


def _votes(line: str) -> Iterator[bool]:
    """For each kind of bracket whose order tells: whether all of them are turned round."""
    for pair in _PAIRS:
        depths = _signs(line, pair)
        if depths and _are_balanced(depths) != _are_balanced([-one for one in depths]):
            yield not _are_balanced(depths)


def _turned(line: str, turns_lone: bool) -> str:
    signs = list(line)
    for pair in _PAIRS:
        places = [place for place, sign in enumerate(line) if sign in pair][:_MOST]
        depths = _signs(line, pair)[:_MOST]
        wanted = _wanted(depths, turns_lone)
        for place, was, now in zip(places, depths, wanted, strict=True):
            if was != now:
                signs[place] = _OTHER[signs[place]]
    return "".join(signs)


def _wanted(depths: list[int], turns_lone: bool) -> list[int]:
    """How they should stand: 1 opens, -1 closes."""
    turned = [-one for one in depths]
    if _are_balanced(depths):
        return depths
    if _are_balanced(turned):
        return turned
    if len(depths) % 2 == 0:
        return _mended(depths)
    return turned if turns_lone else depths


def _mended(depths: list[int]) -> list[int]:
    """In pairs, each closed before the next one opens, where some of them are turned and others are not."""
    return [1, -1] * (len(depths) // 2)


def _signs(line: str, pair: str) -> list[int]:
    return [1 if sign == pair[0] else -1 for sign in line if sign in pair]


def _are_balanced(depths: list[int]) -> bool:
    depth = 0
    for one in depths:
        depth += one
        if depth < 0:
            return False
    return depth == 0
