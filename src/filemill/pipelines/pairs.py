"""Every legal pair of formats (source, target), and the lane that converts the pair."""

from collections.abc import Collection, Iterable

from filemill.pipelines.formats import FORMATS, TABLES, Format

TABLES_LANE = "tables"
DOCUMENTS_LANE = "documents"

PLANS_LANE = "plans"
"""The lane in which plans wait. Workers of tables serve the lane, with one place beside their slots for jobs."""

WORDS = ("docx", "doc", "odt", "rtf", "txt", "md", "html", "epub")
SHEETS = ("xlsx", "xls", "ods", "csv")
SLIDES = ("pptx", "ppt", "odp")
PICTURES = ("jpg", "png", "webp", "gif", "tiff", "bmp", "heic", "svg")

_TEXTS = ("html", "md", "epub", "txt")
_PAGES = ("jpg", "png", "webp")
"""The picture formats that the pages of a document can become."""

_MADE_OF: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...] = (
    (WORDS, ("pdf", "docx", "odt", "rtf", *_TEXTS)),
    (tuple(name for name in WORDS if name != "epub"), _PAGES),
    (SHEETS, ("pdf", "xlsx", "ods", "csv", "html", "md", "txt", *_PAGES)),
    (SLIDES, ("pdf", "pptx", "odp", *_TEXTS, *_PAGES)),
    (("pdf",), ("docx", "odt", "rtf", *_TEXTS, *_PAGES)),
    (PICTURES, ("pdf", "jpg", "png", "webp", "gif", "tiff", "bmp")),
)
"""Sources, and the targets of each source other than itself."""


def _pairs(sources: Iterable[str], targets: Collection[str], lane: str) -> dict[tuple[str, str], str]:
    return {(one, other): lane for one in sources for other in targets}


PAIRS: dict[tuple[str, str], str] = {
    pair: lane
    for sources, targets in _MADE_OF
    for pair, lane in _pairs(sources, targets, DOCUMENTS_LANE).items()
    if pair[0] != pair[1]
} | _pairs(TABLES, [name for name, one in TABLES.items() if one.is_written], TABLES_LANE)
"""(source, target) -> lane. The lane of tables converts a table to any table format, its own format included."""


GRIDS: frozenset[tuple[str, str]] = frozenset(pair for pair in PAIRS if set(pair) <= set(SHEETS) and pair[0] != pair[1])
"""The pairs of sheets that become each other.

Where a caller means a sheet as a plain grid, not as a table with a header, the lane of documents converts all these
pairs, the pairs of `PAIRS` in the lane of tables included.
"""


def lane_of(source: Format, target: Format) -> str | None:
    """The lane that converts `source` to `target`, or None."""
    return PAIRS.get((source.name, target.name))


def targets_of(source: Format) -> tuple[str, ...]:
    """The names of the formats that `source` can become."""
    return tuple(name for name in FORMATS if (source.name, name) in PAIRS)
