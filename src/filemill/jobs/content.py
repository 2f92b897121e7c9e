"""Whether a file's first bytes can be what its name says; what is subtler is found out in the cage."""

import magic

from filemill.errors import BadRequest
from filemill.jobs import encodings
from filemill.jobs.formats import Format

_SIGNATURES: dict[str, tuple[bytes, ...]] = {
    "parquet": (b"PAR1",),
    # The file, or the stream: that begins with the mark of a message, or before 2019 with a message's length.
    "arrow": (b"ARROW1", b"\xff\xff\xff\xff"),
    "avro": (b"Obj\x01",),
    "xlsx": (b"PK\x03\x04",),
    "gzip": (b"\x1f\x8b",),
    "zstd": (b"\x28\xb5\x2f\xfd", *(bytes([0x50 + n]) + b"\x2a\x4d\x18" for n in range(16))),
}
"""What a file of this format, or packed so, begins with. A zstd file may begin with a frame to be passed over."""

_EXCEL = b"\xd0\xcf\x11\xe0"

_detector = magic.Magic(mime=True)


def check(file_name: str, kind: Format, head: bytes, size: int) -> None:
    """Refuses a file whose first bytes (up to 64 KiB) contradict its extension. Raises BadRequest with a sentence."""
    if not size:
        raise BadRequest(f"{file_name!r} is empty.")
    signatures = _SIGNATURES.get(kind.compression or kind.base)
    if signatures is not None:
        if kind.base == "xlsx" and head.startswith(_EXCEL):
            raise BadRequest(
                f"{file_name!r} is an old Excel file (.xls), or one with a password: save it as .xlsx without one."
            )
        if not head.startswith(signatures):
            raise BadRequest(f"{file_name!r} is not a {kind.name} file: it seems to be {_seems(head)}.")
        return
    if encodings.of_mark(head) or encodings.of_zeros(head):
        return
    seems = _seems(head)
    if b"\0" in head or seems.startswith(("image/", "audio/", "video/")) or seems in _NEVER_TEXT:
        raise BadRequest(f"{file_name!r} is not a {kind.name} file: it seems to be {seems}.")


def _seems(head: bytes) -> str:
    return str(_detector.from_buffer(head)) if head else "empty"


_NEVER_TEXT = frozenset(
    {"application/pdf", "application/zip", "application/gzip", "application/zstd", "application/x-executable"}
)
