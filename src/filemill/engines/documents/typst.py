"""typst: sets marked-up texts as pdf, and draws svg.

It reads files below its root alone, which is a folder of this job; packages would come from the network, so it looks
for them where there are none, and nothing that we hand it asks for one.
"""

import functools
import importlib.metadata
import logging
from pathlib import Path
from typing import Literal

import typst

from filemill.engines.documents import pictures_beside, trouble
from filemill.engines.documents.task import Task
from filemill.errors import FilemillError, JobFailed

log = logging.getLogger(__name__)

_PICTURE = """#set page(width: auto, height: auto, margin: 0pt, fill: none)
#context {{
  let natural = measure(image("{name}"))
  let factor = calc.min(1, {most}pt / natural.width, {most}pt / natural.height)
  image("{name}", width: natural.width * factor)
}}
"""
DOTS_PER_INCH = 192  # twice what a screen shows
MOST_POINTS = 2_500
"""A drawing is made smaller where a side is longer: 44 million pixels at most."""


def version() -> str:
    """Typst's."""
    return importlib.metadata.version("typst")


class NotDrawn(FilemillError):
    """A drawing that cannot be drawn."""


@functools.cache
def _fonts() -> typst.Fonts:
    """Every font there is, looked for once."""
    return typst.Fonts()


def convert(source: Path, target: Path, task: Task) -> None:
    """Sets a text in typst's language as pdf, or draws an svg as pdf or png. Raises JobFailed."""
    is_drawing = source.suffix == ".svg"
    if is_drawing:
        picture, source = source, source.with_suffix(".typ")
        source.write_text(_PICTURE.format(name=picture.name, most=MOST_POINTS))
    else:
        pictures_beside.fit(source.parent, task)
    try:
        made = _compiled(source, "png" if target.suffix == ".png" else "pdf")
    except (typst.TypstError, RuntimeError, OSError) as error:
        log.warning("typst did not convert: %s", error)
        raise trouble.not_a(task.file) if is_drawing else _not_set(error, task) from error
    target.write_bytes(made)


def _not_set(error: Exception, task: Task) -> JobFailed:
    if "depth exceeded" in str(error):
        return trouble.not_set(
            task.file, "Its quotes, lists or tables lie in one another more deeply than typst can set."
        )
    return trouble.not_set(task.file, "It holds something that typst cannot set on pages.")


def draw(svg: bytes, folder: Path) -> bytes:
    """A drawing as a png, of twice as many pixels as a screen has for it. Raises NotDrawn."""
    picture, source = folder / "drawing.svg", folder / "drawing.typ"
    picture.write_bytes(svg)
    source.write_text(_PICTURE.format(name=picture.name, most=MOST_POINTS))
    try:
        return _compiled(source, "png")
    except (typst.TypstError, RuntimeError, OSError) as error:
        raise NotDrawn from error
    finally:
        picture.unlink()
        source.unlink()


def _compiled(source: Path, wanted: Literal["pdf", "png"]) -> bytes:
    """The pdf, or the picture of the first page."""
    nowhere = str(source.parent / "packages")
    compiler = typst.Compiler(
        root=str(source.parent), font_paths=_fonts(), package_path=nowhere, package_cache_path=nowhere
    )
    made = compiler.compile(input=str(source), format=wanted, ppi=DOTS_PER_INCH)
    if isinstance(made, list):
        made = made[0]
    if not made:
        raise RuntimeError("nothing was made")
    return made
