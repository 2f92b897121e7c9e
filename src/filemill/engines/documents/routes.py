"""Which tools make one format of another, in which order: the whole matrix. Plain data."""

from collections.abc import Iterable

import msgspec


class Leg(msgspec.Struct, frozen=True):
    """One part of a way: a tool, and the format it makes. An `end` is the format asked for, whichever that is."""

    tool: str
    to: str


Route = tuple[Leg, ...]

PAGES = ("jpg", "png", "webp")
"""What the pages of a document can become."""

_OFFICE = Leg("libreoffice", "pdf")
_PLAIN = Leg("plain_docx", "docx")
_SLIDES_OF_TODAY, _PLAIN_SLIDES = Leg("libreoffice", "pptx"), Leg("plain_pptx", "pptx")
_WORDS = ("docx", "odt", "doc", "rtf")
_SHEETS = ("xlsx", "xls", "ods", "csv")
_SLIDES = ("pptx", "ppt", "odp")
_PICTURES = ("jpg", "png", "webp", "gif", "tiff", "bmp", "heic")
_MARKED_UP = ("html", "md", "epub")


def _ways(sources: Iterable[str], targets: Iterable[str], *legs: Leg, last: str) -> dict[tuple[str, str], Route]:
    """The same legs for many pairs; `last` is the tool that makes the target."""
    return {(one, other): (*legs, Leg(last, other)) for one in sources for other in targets if one != other}


def _clean(source: str) -> Route:
    """What a source goes through before any other tool sees it."""
    return {
        "html": (Leg("clean_html", "html"),),
        "md": (Leg("utf8", "md"), Leg("markdown", "html"), Leg("clean_html", "html")),
        "txt": (Leg("utf8", "txt"),),
        "csv": (Leg("typed_cells", "xlsx"),),
        "svg": (Leg("clean_svg", "svg"),),
        "rtf": (Leg("clean_rtf", "rtf"),),
        "docx": (Leg("whole_docx", "docx"),),
        **{open_document: (Leg("clean_odf", open_document),) for open_document in ("odt", "ods", "odp")},
    }.get(source, ())


_AFTER_CLEANING: dict[tuple[str, str], Route] = {
    # Words: what is laid out by LibreOffice, what is only marked up by pandoc.
    **_ways(("docx", "odt", "doc", "rtf", "html", "txt"), ("pdf",), last="libreoffice"),
    **_ways(_WORDS, ("docx",), last="libreoffice"),
    **_ways(("docx", "doc", "rtf"), ("odt",), last="libreoffice"),
    **_ways(("docx",), ("rtf", "txt", *_MARKED_UP), _PLAIN, last="pandoc"),
    **_ways(("odt", "doc", "rtf"), ("rtf", "txt", *_MARKED_UP), Leg("libreoffice", "docx"), _PLAIN, last="pandoc"),
    **_ways(_MARKED_UP, ("docx", "odt", "rtf", "txt", *_MARKED_UP), last="pandoc"),
    **_ways(("epub",), ("md",), Leg("pandoc", "html"), Leg("clean_html", "html"), last="pandoc"),
    **_ways(("md", "epub"), ("pdf",), Leg("pandoc", "typ"), last="typst"),
    **_ways(("txt",), ("docx", "odt", "rtf"), last="libreoffice"),
    **_ways(("txt",), ("html",), last="paragraphs"),
    **_ways(("txt",), ("md", "epub"), Leg("paragraphs", "html"), last="pandoc"),
    # Sheets.
    **_ways(_SHEETS, ("pdf", "xlsx", "ods", "csv"), last="workbook"),
    **_ways(_SHEETS, ("html",), Leg("workbook", "html"), last="whole_page"),
    **_ways(_SHEETS, ("md",), Leg("workbook", "html"), Leg("whole_page", "html"), last="sheet_markdown"),
    **_ways(_SHEETS, ("txt",), Leg("workbook_words", "html"), last="sheet_text"),
    # Slides.
    **_ways(_SLIDES, ("pdf", "pptx", "odp"), last="libreoffice"),
    **_ways(("pptx",), ("txt",), last="xberg"),
    **_ways(("pptx",), ("md",), _PLAIN_SLIDES, last="xberg"),
    **_ways(("pptx",), ("html", "epub"), _PLAIN_SLIDES, Leg("xberg", "md"), last="pandoc"),
    **_ways(("ppt", "odp"), ("txt",), _SLIDES_OF_TODAY, last="xberg"),
    **_ways(("ppt", "odp"), ("md",), _SLIDES_OF_TODAY, _PLAIN_SLIDES, last="xberg"),
    **_ways(("ppt", "odp"), ("html", "epub"), _SLIDES_OF_TODAY, _PLAIN_SLIDES, Leg("xberg", "md"), last="pandoc"),
    # pdf.
    **_ways(("pdf",), PAGES, last="pdfium"),
    **_ways(("pdf",), ("txt",), last="pdf_text"),
    **_ways(("pdf",), ("md",), last="xberg"),
    **_ways(("pdf",), ("docx", "odt", "rtf", "html", "epub"), Leg("xberg", "md"), last="pandoc"),
    # Pictures.
    **_ways(_PICTURES, ("jpg", "png", "webp", "gif", "tiff", "bmp"), last="pictures"),
    **_ways(_PICTURES, ("pdf",), last="img2pdf"),
    **_ways(("svg",), ("pdf", "png"), last="typst"),
    **_ways(("svg",), ("jpg", "webp", "gif", "tiff", "bmp"), Leg("typst", "png"), last="pictures"),
}


def _with_pages() -> dict[tuple[str, str], Route]:
    to_pdf = {pair[0]: route for pair, route in _AFTER_CLEANING.items() if pair[1] == "pdf"}
    drawn = {*_PICTURES, "svg", "epub"}
    pages = {(one, to): (*to_pdf[one], Leg("pdfium", to)) for one in to_pdf if one not in drawn for to in PAGES}
    return _AFTER_CLEANING | pages


def _harmless(route: Route) -> Route:
    """What a page or a text goes through last, whatever it was made of; pandoc's own Markdown is harmless already."""
    made = route[-1]
    if made.to == "html" and made.tool != "clean_html":
        return (Leg("inert_html", "html"),)
    return (Leg("inert_markdown", "md"),) if made.to == "md" and made.tool != "pandoc" else ()


ROUTES: dict[tuple[str, str], Route] = {
    pair: (*_clean(pair[0]), *route, *_harmless(route))
    for pair, route in _with_pages().items()
    if pair not in (("csv", "xlsx"), ("md", "html"))
} | {("csv", "xlsx"): _clean("csv"), ("md", "html"): _clean("md")}
"""(source, target) -> the way."""


def possible(tools: Iterable[str]) -> tuple[tuple[str, str], ...]:
    """The pairs that can be done with these tools alone."""
    there = set(tools)
    return tuple(pair for pair, route in ROUTES.items() if there.issuperset(leg.tool for leg in route))
