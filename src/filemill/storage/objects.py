"""What an object is and where it stands: the layout of keys, and what the store tells of an object."""

import unicodedata
from urllib.parse import quote
from uuid import UUID

import msgspec

LONGEST_UPLOAD_SECONDS = 6 * 3600
"""An upload that began while its URL was valid may land so long after the URL's end: 50 GiB at 20 Mbit/s."""


class Stat(msgspec.Struct, frozen=True):
    """What the store tells of an object: its size in bytes, its etag without quotes, its media type."""

    size: int
    etag: str
    media_type: str | None


class Part(msgspec.Struct, frozen=True):
    """One part of an upload in parts. `part_number` counts from 1, `size` is in bytes."""

    part_number: int
    etag: str
    size: int | None = None


def input_key(job_id: UUID, file_name: str, extra: str | None = None) -> str:
    """Where an input of a job lies: the main one, or the extra one of this name.

    A file name carries an extension, so that the main one's can never be taken for the folder of an extra one.
    """
    return f"input/{job_id}/{file_name}" if extra is None else f"input/{job_id}/{extra}/{file_name}"


def output_key(job_id: UUID, fence: int, file_name: str) -> str:
    """Where the run with this fence writes an output; no two runs share a key.

    A file name carries an extension, so that a name can never be taken for the folder of a later fence.
    """
    return f"output/{job_id}/{file_name}" if fence == 1 else f"output/{job_id}/{fence}/{file_name}"


def disposition(file_name: str) -> str:
    """The Content-Disposition with which a file is handed out; the plain ASCII name comes last and unquoted."""
    plain = unicodedata.normalize("NFKD", file_name).encode("ascii", "ignore").decode()
    plain = "".join(c if c.isalnum() or c in "._-" else "_" for c in plain)
    if plain.startswith(".") or not plain:  # nothing is left of the name but its extension
        plain = f"file.{plain.lstrip('.')}".rstrip(".")
    return f"attachment; filename*=UTF-8''{quote(file_name, safe='')}; filename={plain}"
