"""Drawings (emf, wmf and others that browsers do not show) as pictures, drawn by a running LibreOffice.

It runs under the system's own Python, which has `uno`, and so imports nothing of filemill.
"""

import contextlib
from typing import Any

import uno
from com.sun.star.beans import PropertyValue
from com.sun.star.io import IOException
from com.sun.star.lang import IllegalArgumentException

DOTS_PER_INCH = 192
"""Twice what a screen shows."""

HUNDREDTHS_PER_INCH = 2540
MOST_DOTS = 4_000
"""The longest side of a picture; a drawing that would be larger is drawn with fewer dots per inch."""


def draw(context: Any, desktop: Any, pictures: "list[tuple[str, str]]") -> None:
    """Draws files as png files, each (source, target). One that cannot be read leaves no target."""
    provider = _service(context, "graphic.GraphicProvider")
    paper = desktop.loadComponentFromURL("private:factory/sdraw", "_blank", 0, (_prop("Hidden", True),))
    try:
        for source, target in pictures:
            with contextlib.suppress(IllegalArgumentException, IOException):
                graphic = provider.queryGraphic((_prop("URL", uno.systemPathToFileUrl(source)),))
                if graphic is not None and graphic.Size100thMM.Width > 0 and graphic.Size100thMM.Height > 0:
                    _draw_one(context, paper, graphic, target)
    finally:
        with contextlib.suppress(Exception):
            paper.close(True)


def _draw_one(context: Any, paper: Any, graphic: Any, target: str) -> None:
    size = graphic.Size100thMM
    shape = paper.createInstance("com.sun.star.drawing.GraphicObjectShape")
    page = paper.DrawPages.getByIndex(0)
    page.add(shape)
    shape.setPropertyValue("Graphic", graphic)
    shape.setSize(size)
    dots = DOTS_PER_INCH / HUNDREDTHS_PER_INCH
    dots *= min(1.0, MOST_DOTS / (max(size.Width, size.Height) * dots))
    width, height = (max(1, round(side * dots)) for side in (size.Width, size.Height))
    how = (_prop("PixelWidth", width), _prop("PixelHeight", height))
    settings = uno.Any("[]com.sun.star.beans.PropertyValue", how)
    export = _service(context, "drawing.GraphicExportFilter")
    export.setSourceDocument(shape)
    url = uno.systemPathToFileUrl(target)
    export.filter((_prop("URL", url), _prop("MediaType", "image/png"), _prop("FilterData", settings)))
    page.remove(shape)


def _service(context: Any, name: str) -> Any:
    return context.ServiceManager.createInstanceWithContext(f"com.sun.star.{name}", context)


def _prop(name: str, value: object) -> Any:
    made = PropertyValue()
    made.Name, made.Value = name, value
    return made
