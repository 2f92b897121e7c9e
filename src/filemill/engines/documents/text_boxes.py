"""Boxes of text in a docx, as paragraphs behind the one that they hang at.

pandoc takes the words of a box in place of those of the paragraph around the box.
"""

import lxml.etree

from filemill.engines.documents import office_parts

_COMPATIBLE = "{http://schemas.openxmlformats.org/markup-compatibility/2006}"
_BOX, _PARAGRAPH = "{*}txbxContent", "{*}p"
_DRAWN = ("drawing", "pict", "object")
_KNOWN = (_BOX, "{*}blip", "{*}imagedata")
"""What is worth to be kept of a drawing: words and pictures."""


def unfold(tree: lxml.etree._Element) -> None:
    """Puts the paragraphs of every box behind the paragraph that it hangs at; of two forms of a drawing one stays."""
    for choice in list(tree.iter(f"{_COMPATIBLE}AlternateContent")):
        _choose(choice)
    # From the end on: a box inside a box has become paragraphs by the time its own box does.
    for box in reversed(list(tree.iter(_BOX))):
        host = next(box.iterancestors(_PARAGRAPH), None)
        parent = host.getparent() if host is not None else None
        if host is None or parent is None:
            continue
        drawing = next((one for one in box.iterancestors() if _name(one) in _DRAWN), box)
        at = parent.index(host) + 1
        parent[at:at] = list(box)
        office_parts.remove(box)
        if not any(True for _ in drawing.iter(*_KNOWN)):
            office_parts.remove(drawing)


def _choose(choice: lxml.etree._Element) -> None:
    """Of the ways to say the same thing, keeps the first that has words or a picture, else the last."""
    ways = list(choice)
    parent = choice.getparent()
    if parent is None or not ways:
        return
    kept = next((way for way in ways if any(True for _ in way.iter(*_KNOWN))), ways[-1])
    at = parent.index(choice)
    parent[at : at + 1] = list(kept)


def _name(element: lxml.etree._Element) -> str:
    return lxml.etree.QName(element).localname if isinstance(element.tag, str) else ""
