"""Pictures of a docx or pptx as they are seen: cut as the file says, and in a format that browsers show.

The programs that read these files further take every picture as it lies in the file.
"""

import io
import posixpath
import zipfile
from collections.abc import Iterator
from pathlib import Path

import lxml.etree
import msgspec
from PIL import Image, UnidentifiedImageError

from filemill.engines.documents import losses, office_parts, pictures
from filemill.engines.documents.libreoffice import LibreOffice
from filemill.engines.documents.task import Task

_SHOWN = frozenset({"PNG", "JPEG", "GIF", "WEBP"})
"""What browsers show, by Pillow's names."""

DRAWINGS = (".emf", ".wmf", ".emz", ".wmz", ".pct", ".pict", ".eps")
"""What LibreOffice draws, since Pillow does not read it."""

_QUALITY = 92
_LOST = (
    "A drawing of the file cannot be drawn here: the drawing is left out.",
    "{} drawings of the file cannot be drawn here: they are left out.",
)
_KIND = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/image"
_SIDES = (("l", "cropleft"), ("t", "croptop"), ("r", "cropright"), ("b", "cropbottom"))
"""The attributes that say what a picture loses: of DrawingML in thousandths of a percent, of VML in 65,536ths."""

Cut = tuple[float, float, float, float]
"""What a picture loses at the left, the top, the right and the bottom, as parts of its width and height."""


class _Place(msgspec.Struct, frozen=True):
    """Where a part shows a picture: the element and the attribute that name it, the part it lies in, what it loses."""

    element: lxml.etree._Element
    attribute: str
    media: str
    cut: Cut


class ShownPictures:
    """Changes the pictures of one file: `changed` has the parts that are to be written anew, or besides."""

    def __init__(self, archive: zipfile.ZipFile, office: LibreOffice, folder: Path, task: Task) -> None:
        self._archive, self._office, self._folder, self._task = archive, office, folder, task
        self._drawn: dict[str, bytes] = {}
        self._made: dict[tuple[str, Cut], str] = {}
        self.changed: dict[str, bytes] = {}

    def change(self, trees: dict[str, lxml.etree._Element]) -> None:
        """Names other pictures in these parts where those they name are not seen so. Raises JobFailed."""
        places = {part: list(_places(self._archive, part, tree)) for part, tree in trees.items()}
        self._draw({place.media for found in places.values() for place in found})
        lost = 0
        for part, found in places.items():
            names: dict[str, str] = {}
            for place in found:
                name = self._shown(place)
                if name:
                    place.element.set(place.attribute, names.setdefault(name, f"shown{len(names)}"))
                elif name is None:
                    lost += 1
                    office_parts.remove(place.element)
            if names:
                self._relate(part, names)
        losses.tell_of(lost, _LOST, self._task)

    def _draw(self, media: set[str]) -> None:
        """Has drawings drawn, all of them at once."""
        wanted = {}
        for number, name in enumerate(sorted(name for name in media if _is_drawing(name))):
            source = self._folder / f"drawing-{number}{posixpath.splitext(name)[1].lower()}"
            source.write_bytes(self._archive.read(name))
            wanted[name] = source
        targets = {source: source.with_suffix(f"{source.suffix}.png") for source in wanted.values()}
        if targets:
            self._office.draw(targets, self._task)
        self._drawn = {name: targets[one].read_bytes() for name, one in wanted.items() if targets[one].exists()}

    def _shown(self, place: _Place) -> str | None:
        """The part of the picture to be shown instead; empty where it is shown as it is, None where it cannot be."""
        key = (place.media, place.cut)
        if key not in self._made:
            if _is_drawing(place.media) and place.media not in self._drawn:
                return None
            made = _cut(self._drawn.get(place.media) or self._archive.read(place.media), place.cut)
            if made is None and place.media in self._drawn:
                made = self._drawn[place.media], "png"
            self._made[key] = self._keep(place.media, *made) if made else ""
        return self._made[key]

    def _keep(self, media: str, content: bytes, kind: str) -> str:
        name = posixpath.join(posixpath.dirname(media), f"shown-{len(self._made)}.{kind}")
        self.changed[name] = content
        return name

    def _relate(self, part: str, names: dict[str, str]) -> None:
        """Writes relations of a part to pictures: name of the picture's part -> id."""
        path = office_parts.relations_part(part)
        tree, folder = office_parts.tree(self._archive, path), posixpath.dirname(part)
        for name, one in names.items():
            relation = tree.makeelement(f"{{{lxml.etree.QName(tree).namespace}}}Relationship")
            relation.attrib.update({"Id": one, "Type": _KIND, "Target": posixpath.relpath(name, folder)})
            tree.append(relation)
        self.changed[path] = lxml.etree.tostring(tree, encoding="utf-8")


def _places(archive: zipfile.ZipFile, part: str, tree: lxml.etree._Element) -> Iterator[_Place]:
    relations = office_parts.relations(archive, part)
    there = set(archive.namelist())
    for element in tree.iter("{*}blip", "{*}imagedata"):
        is_vector = lxml.etree.QName(element).localname == "imagedata"
        attribute = office_parts.attribute_of(element, "id" if is_vector else "embed")
        related = relations.get(element.get(attribute, "")) if attribute else None
        if attribute and related is not None and related.part in there:
            yield _Place(element, attribute, related.part, _cut_of(element, is_vector=is_vector))


def _cut_of(element: lxml.etree._Element, *, is_vector: bool) -> Cut:
    """What a picture loses at each side."""
    parent = element.getparent()
    cut = element if is_vector or parent is None else parent.find("{*}srcRect")
    if cut is None:
        return (0, 0, 0, 0)
    left, top, right, bottom = (_share(cut.get(vector if is_vector else drawn, "0")) for drawn, vector in _SIDES)
    return (left, top, right, bottom) if left + right < 1 and top + bottom < 1 else (0, 0, 0, 0)


def _share(text: str) -> float:
    """`50000`, `50%`, `32768f` and `0.5` -> 0.5; what would add a margin -> 0."""
    try:
        if text.endswith("%"):
            share = float(text[:-1]) / 100
        elif text.endswith("f"):
            share = float(text[:-1]) / 65_536
        else:
            share = float(text) if "." in text else int(text) / 100_000
    except ValueError:
        return 0
    return min(max(share, 0.0), 1.0)


def _cut(content: bytes, cut: Cut) -> tuple[bytes, str] | None:
    """The picture as it is to be shown, and its format; None where it is shown so already, or cannot be read."""
    try:
        with Image.open(io.BytesIO(content)) as picture:
            if not any(cut) and picture.format in _SHOWN:
                return None
            width, height = picture.size
            left, top, right, bottom = cut
            box = (round(left * width), round(top * height), round((1 - right) * width), round((1 - bottom) * height))
            made = picture.crop(box) if box[0] < box[2] and box[1] < box[3] else picture
            kind, how = ("JPEG", {"quality": _QUALITY}) if picture.format == "JPEG" else ("PNG", {})
            if kind == "PNG" and made.mode not in ("1", "L", "LA", "I;16", "P", "RGB", "RGBA"):
                made = made.convert("RGBA" if made.has_transparency_data else "RGB")
            out = io.BytesIO()
            kept = {name: picture.info[name] for name in ("icc_profile", "exif") if picture.info.get(name)}
            made.save(out, kind, **how, **kept)
            return out.getvalue(), {"JPEG": "jpg"}.get(kind, "png")
    except (UnidentifiedImageError, *pictures.ODD):
        return None


def _is_drawing(name: str) -> bool:
    return name.lower().endswith(DRAWINGS)
