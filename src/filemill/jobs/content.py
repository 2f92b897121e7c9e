"""Whether a file's first bytes can be what its name says; what is subtler is found out in the cage."""

import magic

from filemill.errors import BadRequest
from filemill.jobs.formats import Format

_SIGNATURES = {"parquet": b"PAR1", "gzip": b"\x1f\x8b"}
_TEXT_MARKS = (b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf")

_detector = magic.Magic(mime=True)


def check(file_name: str, kind: Format, head: bytes, size: int) -> None:
    """Refuses a file whose first bytes (up to 64 KiB) contradict its extension. Raises BadRequest with a sentence."""
    if not size:
        raise BadRequest(f"{file_name!r} is empty.")
    signature = _SIGNATURES.get(kind.compression or kind.base)
    if signature is not None:
        if not head.startswith(signature):
            raise BadRequest(f"{file_name!r} is not a {kind.name} file: it seems to be {_seems(head)}.")
        return
    if head.startswith(_TEXT_MARKS):
        return
    seems = _seems(head)
    if b"\0" in head or seems.startswith(("image/", "audio/", "video/")) or seems in _NEVER_TEXT:
        raise BadRequest(f"{file_name!r} is not a {kind.name} file: it seems to be {seems}.")


def _seems(head: bytes) -> str:
    return str(_detector.from_buffer(head)) if head else "empty"


_NEVER_TEXT = frozenset({"application/pdf", "application/zip", "application/gzip", "application/x-executable"})
