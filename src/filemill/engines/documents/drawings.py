"""The drawings of a page, which are svg, as pictures that every reader behind shows.

Some stand in the page itself, some it brings along as `data:`.
"""

import base64
import binascii
import io
import re
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import unquote_to_bytes

import lxml.etree
import msgspec
from PIL import Image

from filemill.engines.documents import (
    cascade,
    entities,
    fonts,
    inline_svg,
    media_queries,
    references,
    stylesheets,
    trees,
    typst,
)
from filemill.engines.documents.inline_svg import Parts
from filemill.engines.documents.losses import Losses

MOST_DRAWINGS = 500
MOST_PIXELS = 200_000_000
"""Of all drawings of a page; those behind are left out."""

MOST_WIDTH = 640
"""In pixels of CSS: what a page of paper has room for between its margins."""

_DEEPEST = 3
"""Drawings in pictures in drawings."""

_LONGEST_SHARED_STYLE = 256 << 10
_DATA = re.compile(r"\s*data:image/svg\+xml([^,]*),", re.IGNORECASE)
_ODD = (lxml.etree.LxmlError, inline_svg.TooLarge, typst.NotDrawn, ValueError, binascii.Error, OSError, RecursionError)


class _Drawn(msgspec.Struct, frozen=True):
    """A drawing as a png, and its size in pixels of CSS."""

    png: bytes
    width: float
    height: float

    @property
    def address(self) -> str:
        return f"data:image/png;base64,{base64.b64encode(self.png).decode()}"


def clean(drawing: lxml.etree._Element, folder: Path, losses: Losses) -> None:
    """Takes out of a drawing what reaches outside, draws the drawings in it, and names fonts that are there."""
    _Pen(folder, losses).clean(drawing, 0)


def draw(page: lxml.etree._Element, shared: Parts, sheets: Sequence[str], folder: Path, losses: Losses) -> None:
    """Puts pictures in the place of a page's drawings; the words of one that cannot be drawn."""
    pen = _Pen(folder, losses)
    for picture in [each for each in page.iter() if trees.name(each) in ("img", "input")]:
        if _DATA.match(picture.get("src") or ""):
            pen.draw_address(picture)
    drawings = inline_svg.outermost(page)
    sizes = _sizes(page, drawings, sheets)
    style = "".join(sheets)
    for drawing in drawings:
        pen.draw_inline(drawing, shared, sizes.get(drawing, {}), style if len(style) <= _LONGEST_SHARED_STYLE else "")


def _sizes(
    page: lxml.etree._Element, drawings: Sequence[lxml.etree._Element], sheets: Sequence[str]
) -> dict[lxml.etree._Element, cascade.Declared]:
    if not drawings:
        return {}
    rules = [rule for sheet in sheets for rule in stylesheets.rules(sheet)]
    try:
        return cascade.declared(page, drawings, rules, ("width", "height"))
    except cascade.TooManyStyles:
        return {}


class _Pen:
    """Draws one drawing of a page after another, as long as there is room."""

    def __init__(self, folder: Path, losses: Losses) -> None:
        self._folder = folder
        self._losses = losses
        self._count = self._pixels = 0

    def draw_address(self, picture: lxml.etree._Element, depth: int = 0, attribute: str = "src") -> None:
        """Draws what an attribute brings along as `data:`, in its place."""
        try:
            drawing = trees.read(_decoded(picture.get(attribute) or ""))
            said = inline_svg.words(drawing)
            self.clean(drawing, depth)
            drawn = self._drawn(drawing)
        except _ODD:
            self._losses.drawings += 1
            del picture.attrib[attribute]
            return
        picture.set(attribute, drawn.address)
        if attribute == "src":
            _set_size(picture, drawn)
            if "alt" not in picture.attrib and said:
                picture.set("alt", said)

    def draw_inline(self, drawing: lxml.etree._Element, shared: Parts, size: cascade.Declared, style: str) -> None:
        """Draws what stands in the page, in its place."""
        if not inline_svg.is_seen(drawing) or drawing.get("width") in ("0", "0px"):
            trees.drop(drawing)
            return
        said = inline_svg.words(drawing)
        try:
            alone = inline_svg.alone(drawing, shared)
            if style:
                lxml.etree.SubElement(alone, f"{{{inline_svg.NAMESPACE}}}style").text = style
            self.clean(alone, 0)
            _size(alone, size)
            drawn = self._drawn(alone)
        except _ODD:
            self._losses.drawings += 1
            trees.drop(drawing, instead=said)
            return
        picture = lxml.etree.Element("img", src=drawn.address, alt=said)
        _set_size(picture, drawn)
        picture.tail, drawing.tail = drawing.tail, None
        drawing.getparent().replace(drawing, picture)

    def clean(self, drawing: lxml.etree._Element, depth: int) -> None:
        for element in [each for each in drawing.iter() if trees.name(each) in ("image", "feimage")]:
            for name in [name for name in element.attrib if str(name).endswith("href")]:
                if _DATA.match(element.attrib[name]) and depth < _DEEPEST:
                    self.draw_address(element, depth + 1, str(name))
        references.clean_styles(drawing, self._losses)
        references.strip(drawing, self._losses)
        fonts.put_in(drawing)

    def _drawn(self, drawing: lxml.etree._Element) -> _Drawn:
        self._count += 1
        if self._count > MOST_DRAWINGS or self._pixels > MOST_PIXELS:
            raise typst.NotDrawn
        png = typst.draw(lxml.etree.tostring(drawing, encoding="utf-8"), self._folder)
        with Image.open(io.BytesIO(png)) as picture:
            width, height = picture.size
        self._pixels += width * height
        return _Drawn(
            png,
            width * media_queries.PIXELS["in"] / typst.DOTS_PER_INCH,
            height * media_queries.PIXELS["in"] / typst.DOTS_PER_INCH,
        )


def _decoded(address: str) -> bytes:
    """The drawing in an address of the kind `data:`. Raises ValueError."""
    found = _DATA.match(address)
    if found is None:
        raise ValueError("no drawing")
    content = unquote_to_bytes(address[found.end() :])
    if ";base64" in found[1].lower():
        content = base64.b64decode(b"".join(content.split()) + b"===")
    if entities.are_harmful(io.BytesIO(content)):
        raise ValueError("entities")
    return content


def _size(drawing: lxml.etree._Element, styled: cascade.Declared) -> None:
    """Gives a drawing its size in the page: what styles say, what it says itself, else that of what it shows."""
    box = [float(number) for number in re.split(r"[\s,]+", (drawing.get("viewBox") or "").strip()) if number]
    ratio = box[3] / box[2] if len(box) == 4 and box[2] > 0 and box[3] > 0 else None
    width, height = (_length(styled.get(side)) or _length(drawing.get(side)) for side in ("width", "height"))
    if ratio:
        width = width or (height / ratio if height else min(box[2], MOST_WIDTH))
        height = height or width * ratio
    width, height = width or 300, height or 150
    if not ratio:
        drawing.set("viewBox", f"0 0 {width} {height}")
    smaller = min(1, MOST_WIDTH / width)
    drawing.set("width", f"{width * smaller:.2f}")
    drawing.set("height", f"{height * smaller:.2f}")


def _length(said: str | None) -> float | None:
    return media_queries.pixels(said) if said else None


def _set_size(picture: lxml.etree._Element, drawn: _Drawn) -> None:
    """Tells readers how large the picture is, which has more pixels than that; what the page says goes first."""
    styled = picture.get("style") or ""
    if "width" in styled or "height" in styled:
        return
    width, height = _length(picture.get("width")), _length(picture.get("height"))
    if "%" in (picture.get("width") or ""):
        return
    if not width:
        width = height * drawn.width / drawn.height if height else min(drawn.width, MOST_WIDTH)
    picture.set("width", f"{width:.0f}")
    picture.set("height", f"{height or width * drawn.height / drawn.width:.0f}")
