"""Pictures that a page brings along as `data:`: of no more pixels than any other, and upright as the camera noted.

Browsers turn them; the readers behind take them as they lie.
"""

import base64
import io
import re

import lxml.etree
from PIL import Image, UnidentifiedImageError
from PIL.ExifTags import Base

from filemill.engines.documents import pictures, trees
from filemill.engines.documents.task import Task

_DATA = re.compile(r"\s*data:image/[\w.+-]+;base64,", re.IGNORECASE)
_TURNED = ("JPEG", "MPO", "PNG", "WEBP", "TIFF")
_UPRIGHT = 1


def turn_upright(page: lxml.etree._Element, task: Task) -> None:
    """Turns the pictures that lie otherwise. Raises JobFailed for one of too many pixels."""
    for element in page.iter():
        found = _DATA.match(element.get("src") or "") if trees.name(element) in ("img", "input") else None
        if found:
            _turn(element, found.end(), task)


def _turn(element: lxml.etree._Element, begin: int, task: Task) -> None:
    try:
        content = base64.b64decode("".join((element.get("src") or "")[begin:].split()) + "==")
        pictures.check_inside(io.BytesIO(content), "", task)
        with Image.open(io.BytesIO(content), formats=_TURNED) as picture:
            if picture.getexif().get(Base.Orientation, _UPRIGHT) == _UPRIGHT:
                return
            wanted = "jpg" if picture.format in ("JPEG", "MPO") else "png"
            made = io.BytesIO()
            pictures.write(pictures.seen(picture, task), made, wanted, task)
    except (UnidentifiedImageError, *pictures.ODD):
        return  # whoever shows it has to say so
    kind = "jpeg" if wanted == "jpg" else wanted
    element.set("src", f"data:image/{kind};base64,{base64.b64encode(made.getvalue()).decode()}")
