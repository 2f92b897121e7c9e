"""What files of each format look like from outside: the bytes they begin with, and what libmagic may call them."""

import msgspec

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
"""The container of Office before 2007; also the one in which Office locks a file with a password."""

ZIP = b"PK\x03\x04"

BEGINNINGS: dict[str, tuple[bytes, ...]] = {
    "parquet": (b"PAR1",),
    # The file, or the stream: that begins with the mark of a message, or before 2019 with a message's length.
    "arrow": (b"ARROW1", b"\xff\xff\xff\xff"),
    "avro": (b"Obj\x01",),
    "gzip": (b"\x1f\x8b",),
    "zstd": (b"\x28\xb5\x2f\xfd", *(bytes([0x50 + n]) + b"\x2a\x4d\x18" for n in range(16))),
    "rtf": (b"{\\rtf",),
    "doc": (OLE,),
    "xls": (OLE,),
    "ppt": (OLE,),
}
"""What a file of this format, or packed so, begins with. A zstd file may begin with a frame to be passed over."""

_ANY_OLE = frozenset({"application/x-ole-storage", "application/cdfv2", "application/vnd.ms-office"})

CALLED: dict[str, frozenset[str]] = {
    "doc": _ANY_OLE | {"application/msword"},
    "xls": _ANY_OLE | {"application/vnd.ms-excel", "application/msexcel"},
    "ppt": _ANY_OLE | {"application/vnd.ms-powerpoint", "application/mspowerpoint"},
    "jpg": frozenset({"image/jpeg"}),
    "png": frozenset({"image/png"}),
    "webp": frozenset({"image/webp"}),
    "gif": frozenset({"image/gif"}),
    "tiff": frozenset({"image/tiff"}),
    "bmp": frozenset({"image/bmp", "image/x-ms-bmp"}),
    "heic": frozenset({"image/heic", "image/heif", "image/heic-sequence", "image/heif-sequence"}),
    "avif": frozenset({"image/avif", "image/avif-sequence"}),
}
"""What libmagic may call a file of this format."""

TEXTS = frozenset({"csv", "tsv", "ndjson", "json", "log", "txt", "md", "html", "svg", "eml", "yaml"})
"""Formats that are text: no tool can tell them apart for sure, so all that is text passes for each of them."""

NEVER_TEXT = frozenset(
    {"application/pdf", "application/zip", "application/gzip", "application/zstd", "application/x-executable"}
)
NEVER_TEXT_KINDS = ("image/", "audio/", "video/", "font/")
"""What libmagic calls files that are no text, even where their first bytes hold no zero."""


class Package(msgspec.Struct, frozen=True):
    """A format that is a zip of files.

    `mimetype` is what its entry of that name says, where it has one. `main` begins the names of what makes it this
    format and no other; `also` begins others that it may begin with.
    """

    main: tuple[str, ...]
    also: tuple[str, ...]
    mimetype: str = ""


_OFFICE = ("[Content_Types].xml", "_rels/", "docProps/", "customXml/")
_ODF = ("META-INF/", "content.xml", "styles.xml", "meta.xml", "settings.xml", "Configurations2/", "Thumbnails/")
_VND = "application/vnd.oasis.opendocument."

PACKAGES: dict[str, Package] = {
    "docx": Package(("word/",), _OFFICE),
    "xlsx": Package(("xl/",), _OFFICE),
    "pptx": Package(("ppt/",), _OFFICE),
    "odt": Package((), _ODF, f"{_VND}text"),
    "ods": Package((), _ODF, f"{_VND}spreadsheet"),
    "odp": Package((), _ODF, f"{_VND}presentation"),
    "epub": Package((), ("META-INF/", "OEBPS/", "OPS/", "EPUB/"), "application/epub+zip"),
}
