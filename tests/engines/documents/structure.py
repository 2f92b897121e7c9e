"""What of a document's structure is in a file (headings, tables, links, pictures, lists); what is promised of it."""

import re
import zipfile
from pathlib import Path

import pypdfium2
import pypdfium2.raw

from tests.engines.documents import contents
from tests.engines.documents.samples import LINK, LIST, SECTION, TABLE

PAGE = Path(__file__).parents[3] / "docs/documents.md"
FEATURES = ("headings", "tables", "links", "pictures", "lists")

_MAIN_PARTS = re.compile(r"(word/document|content|ppt/slides/slide\d+|xl/worksheets/sheet\d+)\.xml$|\.x?html$")


def promises() -> dict[tuple[str, str], dict[str, str]]:
    """Pair -> feature -> yes, seen or no, as the page says; the first row that names a pair counts."""
    told: dict[tuple[str, str], dict[str, str]] = {}
    for line in PAGE.read_text().splitlines():
        cells = [cell.strip() for cell in line.split("|")[1:-1]]
        if len(cells) == len(FEATURES) + 3 and not line.startswith(("| from", "|-")):
            for source in re.split(r",\s*", cells[0]):
                for target in re.split(r",\s*", cells[1]):
                    told.setdefault((source, target), dict(zip(FEATURES, cells[2:-1], strict=True)))
    return told


def kept_in(path: Path) -> set[str]:
    """The features that are found in a file."""
    kind = path.suffix[1:]
    text = _main_parts(path) if zipfile.is_zipfile(path) else path.read_bytes().decode(errors="replace")
    found = {name for name, sign in _SIGNS.get(kind, {}).items() if re.search(sign, text, re.DOTALL)}
    if kind == "pdf":
        return _in_pdf(path)
    if any(picture.width >= 64 for picture in contents.drawn_in(path)):
        found.add("pictures")
    if zipfile.is_zipfile(path) and LINK in _relations(path):
        found.add("links")
    return found


def _in_pdf(path: Path) -> set[str]:
    document = pypdfium2.PdfDocument(path)
    objects = [one.type for page in document for one in page.get_objects()]
    found = {"pictures"} if pypdfium2.raw.FPDF_PAGEOBJ_IMAGE in objects else set()
    links = [pypdfium2.raw.FPDFPage_GetAnnotCount(page) for page in document]
    return found | ({"links"} if any(links) else set())


def _main_parts(path: Path) -> str:
    with zipfile.ZipFile(path) as archive:
        return "\n".join(archive.read(name).decode() for name in archive.namelist() if _MAIN_PARTS.search(name))


def _relations(path: Path) -> str:
    with zipfile.ZipFile(path) as archive:
        return "\n".join(archive.read(name).decode() for name in archive.namelist() if name.endswith(".rels"))


def _marked_up(heading: str, row: str, item: str) -> dict[str, str]:
    return {
        "headings": heading.format(f"(?:(?!</h).)*{SECTION}"),
        "tables": row.format(TABLE[1][0]),
        "links": re.escape(LINK),
        "lists": item.format(LIST[0]),
    }


_HTML = _marked_up(r"<h[1-6][^>]*>{}", r"<t[dh][^>]*>(?:<[^>]*>|\s)*{}", r"<li[^>]*>(?:<[^>]*>|\s)*{}")
_ODF = {
    "headings": rf"<text:h [^>]*>(?:<[^>]*>)*{SECTION}",
    "tables": rf"<table:table-cell[^>]*>(?:<[^>]*>|\s)*{TABLE[1][0]}",
    "links": re.escape(LINK),
    "lists": rf"<text:list-item[^>]*>(?:<[^>]*>|\s)*{LIST[0]}",
}
_SIGNS: dict[str, dict[str, str]] = {
    "docx": {
        "headings": rf'w:pStyle w:val="Heading\d"(?:(?!</w:p>).)*{SECTION}',
        "tables": rf"<w:tc>(?:(?!</w:tc>).)*{TABLE[1][0]}",
        "lists": rf"<w:numPr>(?:(?!</w:p>).)*{LIST[0]}|w:val=\"List(?:(?!</w:p>).)*{LIST[0]}",
    },
    "odt": _ODF,
    "ods": {"tables": _ODF["tables"], "links": _ODF["links"]},
    "odp": {"tables": _ODF["tables"], "links": _ODF["links"], "headings": rf'"title"(?:(?!</draw:frame>).)*{SECTION}'},
    "html": _HTML,
    "epub": _HTML,
    "md": {
        "headings": rf"(?m)^#+ .*{SECTION}",
        "tables": rf"(?m)^\| *{TABLE[1][0]} *\|",
        "links": re.escape(f"({LINK}"),
        "lists": rf"(?m)^[-*] +{LIST[0]}",
    },
    "rtf": {
        "headings": rf"\\(?:outlinelevel|s)\d[^{{}}]*[^}}]*{SECTION}",
        "tables": rf"\\intbl(?:(?!\\cell\b).)*{TABLE[1][0]}",
        "links": rf"HYPERLINK\s*\"{re.escape(LINK)}",
        "lists": rf"(?:\\'95|\\bullet|\\u8226|\\ls\d)[^\n]*{LIST[0]}",
    },
    "xlsx": {"tables": "<row "},
    "pptx": {"tables": r"<a:tbl>", "headings": rf'type="(?:title|ctrTitle)"(?:(?!</p:sp>).)*{SECTION}'},
    "txt": {},
    "csv": {},
}
