"""typst: sets marked-up texts as pdf, and draws svg.

It reads files below its root alone, which is a folder of this job; packages would come from the network, so it looks
for them where there are none, and nothing that we hand it asks for one.
"""

import importlib.metadata
from pathlib import Path

import typst

from filemill.engines.documents import trouble
from filemill.engines.documents.task import Task

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


def convert(source: Path, target: Path, task: Task) -> None:
    """Sets a text in typst's language as pdf, or draws an svg as pdf or png. Raises JobFailed."""
    if source.suffix == ".svg":
        picture = source
        source = source.with_suffix(".typ")
        source.write_text(_PICTURE.format(name=picture.name, most=MOST_POINTS))
    nowhere = str(target.parent / "packages")
    try:
        typst.compile(
            str(source),
            output=str(target),
            root=str(source.parent),
            format="png" if target.suffix == ".png" else "pdf",
            ppi=DOTS_PER_INCH,
            package_path=nowhere,
            package_cache_path=nowhere,
        )
    except (typst.TypstError, RuntimeError, OSError) as error:
        raise trouble.not_a(task.file) from error
