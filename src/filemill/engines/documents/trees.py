"""Trees of XML and HTML: an element taken out, with what stands behind it kept."""

import lxml.etree


def drop(element: lxml.etree._Element, instead: str = "") -> None:
    """Takes an element out of its tree; the text behind it stays."""
    parent = element.getparent()
    if parent is None:
        return
    before, left = element.getprevious(), instead + (element.tail or "")
    if before is not None:
        before.tail = (before.tail or "") + left
    else:
        parent.text = (parent.text or "") + left
    parent.remove(element)


def name(element: lxml.etree._Element) -> str:
    """An element's name in lower case, without its namespace; "" for what is no element."""
    return lxml.etree.QName(element).localname.lower() if isinstance(element.tag, str) else ""
