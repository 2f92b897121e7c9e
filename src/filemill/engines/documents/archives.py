"""Office files that are zip archives: what the directory says is checked before anything is unpacked.

An archive that unpacks to far more than itself, whose entries lie on top of each other, or whose names lead out of a
folder is refused; so is XML that declares entities which grow or reach outside. Programs further on would mostly cope,
after having taken all the memory they may.
"""

import re
import zipfile
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import IO

import msgspec

from filemill.engines.documents import entities, losses, pictures, trouble
from filemill.engines.documents.task import Task
from filemill.pipelines import entry_names

MOST_ENTRIES = 20_000
MOST_TIMES = 100
"""Unpacked bytes for each byte of the file; office files have 20 at most."""

FREE_BYTES = 64 << 20
"""Unpacked bytes below which that is not asked."""

MOST_BYTES = 2 << 30
"""Unpacked."""

_ODF = "application/vnd.oasis.opendocument."


class _Kind(msgspec.Struct, frozen=True):
    """How an archive shows what it is: by a folder of parts, or by what its entry `mimetype` says."""

    folder: str = ""
    media_type: str = ""


KINDS = {
    "docx": _Kind(folder="word/"),
    "xlsx": _Kind(folder="xl/"),
    "pptx": _Kind(folder="ppt/"),
    "odt": _Kind(media_type=f"{_ODF}text"),
    "ods": _Kind(media_type=f"{_ODF}spreadsheet"),
    "odp": _Kind(media_type=f"{_ODF}presentation"),
    "epub": _Kind(media_type="application/epub+zip"),
}
"""The formats that are archives."""

_XML = (".xml", ".rels", ".xhtml", ".html", ".htm", ".opf", ".ncx", ".svg", ".vml")
_MEDIA = (".png", ".jpg", ".jpeg", ".gif", ".bmp", ".tif", ".tiff", ".webp", ".emf", ".wmf")
_MACROS = ("vbaproject.bin",)
_ODF_MACROS = ("Basic/", "Scripts/")
_FONT_HIDING = (b"http://www.idpf.org/2008/embedding", b"http://ns.adobe.com/pdf/enc#RC")
"""What an epub may do to its fonts: they are scrambled, the text is not locked."""

_LONGEST_SMALL_PART = 1 << 20
_ELSEWHERE = re.compile(rb"<Relationship\b[^>]*\bTargetMode=\"External\"[^>]*>")


def check(source: Path, task: Task) -> int:
    """Refuses a bomb, a locked or another kind of file -> the bytes of its pictures, unpacked. Raises JobFailed."""
    try:
        with zipfile.ZipFile(source) as archive:
            entries = archive.infolist()
            _check_directory(entries, source.stat().st_size, task)
            _check_kind(archive, task)
            _check_locks(archive, task)
            for entry in entries:
                if entry.filename.lower().endswith(_XML):
                    with archive.open(entry) as part:
                        _check_xml(part, task)
            _tell_of_macros(entries, task)
            _tell_of_things_elsewhere(archive, task)
            return _media(archive, task)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, zlib.error, OSError, ValueError) as error:
        raise trouble.not_a(task.file) from error


def _check_directory(entries: list[zipfile.ZipInfo], size: int, task: Task) -> None:
    unpacked = sum(entry.file_size for entry in entries)
    packed = sum(entry.compress_size for entry in entries)
    if len(entries) > MOST_ENTRIES:
        raise trouble.bad_file(task.file, f"It has {len(entries):,} parts; {MOST_ENTRIES:,} are allowed.")
    if packed > size:
        raise trouble.bad_file(task.file, "Its parts lie on top of each other; save it anew in its own program.")
    if unpacked > MOST_BYTES or (unpacked > FREE_BYTES and unpacked > MOST_TIMES * size):
        allowed = f"{MOST_TIMES} times its size and {MOST_BYTES >> 30} GiB are allowed"
        raise trouble.bad_file(task.file, f"It unpacks to {unpacked >> 20:,} MiB; {allowed}.")
    if said := entry_names.trouble(entry.orig_filename for entry in entries):
        raise trouble.bad_file(task.file, said)
    for entry in entries:
        name = entry.filename.replace("\\", "/")
        if name.startswith("/") or ".." in name.split("/") or ":" in name.split("/")[0]:
            raise trouble.bad_file(task.file, "A part of it has a name that leads out of the file.")
        if entry.flag_bits & 1:
            raise trouble.encrypted(task.file)


def _check_kind(archive: zipfile.ZipFile, task: Task) -> None:
    kind = KINDS[task.file.format]
    names = archive.namelist()
    if kind.folder:
        if "[Content_Types].xml" not in names or not any(name.startswith(kind.folder) for name in names):
            raise trouble.not_a(task.file)
    elif "mimetype" not in names or not _read(archive, "mimetype").decode("latin-1").startswith(kind.media_type):
        raise trouble.not_a(task.file)


def _check_locks(archive: zipfile.ZipFile, task: Task) -> None:
    names = set(archive.namelist())
    if task.file.format == "epub":
        if "META-INF/encryption.xml" in names:
            used = re.findall(
                rb"EncryptionMethod[^>]*Algorithm=\"([^\"]*)\"", _read(archive, "META-INF/encryption.xml")
            )
            if any(one not in _FONT_HIDING for one in used):
                raise trouble.encrypted(task.file)
    elif "META-INF/manifest.xml" in names and b"encryption-data" in _read(archive, "META-INF/manifest.xml"):
        raise trouble.encrypted(task.file)


def _check_xml(part: IO[bytes], task: Task) -> None:
    if entities.are_harmful(part):
        raise trouble.bad_file(task.file, "Its XML declares entities that grow or reach outside; that is not allowed.")


def _tell_of_macros(entries: Iterable[zipfile.ZipInfo], task: Task) -> None:
    names = [entry.filename for entry in entries]
    if any(name.lower().endswith(_MACROS) or name.startswith(_ODF_MACROS) for name in names):
        task.warn("macros", "The file holds macros: they are not run, and the result has none.")


def _tell_of_things_elsewhere(archive: zipfile.ZipFile, task: Task) -> None:
    """Counts pictures and objects that lie on other machines or in other files; links to click are none of them."""
    count = sum(
        b"/hyperlink" not in relation
        for name in archive.namelist()
        if name.endswith(".rels")
        for relation in _ELSEWHERE.findall(_read(archive, name))
    )
    losses.tell_of(count, losses.ELSEWHERE, task)


def _media(archive: zipfile.ZipFile, task: Task) -> int:
    total = 0
    for entry in archive.infolist():
        if entry.filename.lower().endswith(_MEDIA):
            total += entry.file_size
            with archive.open(entry) as picture:
                pictures.check_inside(picture, entry.filename, task)
    return total


def _read(archive: zipfile.ZipFile, name: str) -> bytes:
    with archive.open(name) as part:
        return part.read(_LONGEST_SMALL_PART)
