"""Trees of XML and HTML: read without reaching anywhere; elements taken out, what stands behind them kept."""

import lxml.etree


def read(content: bytes) -> lxml.etree._Element:
    """A document of XML that reaches nowhere. Raises LxmlError, ValueError."""
    parser = lxml.etree.XMLParser(
        resolve_entities="internal", no_network=True, load_dtd=False, remove_pis=True, remove_comments=True
    )
    return lxml.etree.fromstring(content, parser)


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
