"""Two hundred files that nobody means well with, by what is wrong with them; some are whole, and only look odd."""

import io
import random
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator

import msgspec

from tests.engines.documents import hostile, hostile_pdf
from tests.engines.documents.hostile import LAUGHS, OUTSIDE, changed, compound, png
from tests.engines.documents.samples import Samples

SOURCES: dict[str, str] = {
    **dict.fromkeys(("docx", "doc", "odt", "rtf", "txt", "html", "md", "epub"), "pdf"),
    **dict.fromkeys(("xlsx", "xls", "ods", "csv", "pptx", "ppt", "odp"), "pdf"),
    **dict.fromkeys(("jpg", "png", "webp", "gif", "tiff", "bmp", "heic", "svg"), "pdf"),
    "pdf": "docx",
}
"""Every format of documents, and what is asked for."""

ARCHIVES = {
    "docx": "word/document.xml",
    "xlsx": "xl/workbook.xml",
    "pptx": "ppt/presentation.xml",
    **dict.fromkeys(("odt", "ods", "odp"), "content.xml"),
    "epub": "META-INF/container.xml",
}
"""Those that are archives, and a part of theirs that everybody reads."""

ELSEWHERE = "http://127.0.0.1:9/x.png"
_NOISE = 100_000
_MANY = 100_000


class Hostile(msgspec.Struct, frozen=True):
    """A file, and what it is to become."""

    name: str
    content: bytes
    target: str

    @property
    def source(self) -> str:
        """What it says it is."""
        return self.name.rpartition(".")[2]


def _of(content: bytes, source: str, target: str = "", name: str = "sample") -> Hostile:
    return Hostile(f"{name}.{source}", content, target or SOURCES[source])


def truncated(samples: Samples) -> Iterator[Hostile]:
    """A third, and nearly all, of every kind of file."""
    for source in SOURCES:
        content = samples.of(source).read_bytes()
        yield _of(content[: len(content) // 3], source)
        yield _of(content[:-20], source)


def noise_behind_its_magic(samples: Samples) -> Iterator[Hostile]:
    """Random bytes behind what every kind of file begins with; and a file of which every 200th byte is another."""
    chance = random.Random(1)
    for source in SOURCES:
        content = samples.of(source).read_bytes()
        yield _of(content[:64] + chance.randbytes(_NOISE), source)
        worn = bytearray(content)
        for at in range(128, len(worn), 200):
            worn[at] = chance.randrange(256)
        yield _of(bytes(worn), source)


def packed(samples: Samples) -> Iterator[Hostile]:
    """Archives in archives, archives that unpack to far more than themselves, or lie on top of themselves."""
    nested = _zip({"zeros": bytes(20 << 20)})
    for _ in range(6):
        nested = _zip({f"{number}.zip": nested for number in range(8)})
    yield _of(nested, "docx")
    for source in ARCHIVES:
        whole = samples.of(source).read_bytes()
        yield _of(changed(whole, lambda _, part: part, {"more.zip": nested, "again.docx": whole}), source)
        yield _of(changed(whole, lambda _, part: part, {"media/zeros.bmp": bytes(80 << 20)}), source)
    docx = samples.of("docx").read_bytes()
    yield _of(hostile.overlapping(docx), "docx")
    yield _of(changed(docx, lambda _, part: part, {f"word/{n}.xml": b"" for n in range(25_000)}), "docx")
    for name in ("../../evil.xml", "/etc/evil.xml", "C:\\evil.xml", "word/" * 500 + "x"):
        yield _of(changed(docx, lambda _, part: part, {name: b"x"}), "docx")


def entities(samples: Samples) -> Iterator[Hostile]:
    """XML whose entities grow, or lie elsewhere, in plain sight and in another encoding."""
    for prologue in (LAUGHS, OUTSIDE):
        for source, part in ARCHIVES.items():
            yield _of(changed(samples.of(source).read_bytes(), _prologue(part, prologue)), source)
        yield _of(prologue.encode() + samples.of("svg").read_bytes(), "svg")
        yield _of((prologue + samples.of("svg").read_text()).encode("utf-16"), "svg")
        yield _of(prologue.encode() + samples.of("html").read_bytes(), "html")


def too_many_pixels(samples: Samples) -> Iterator[Hostile]:
    """Pictures of a few bytes and a billion pixels, alone and inside documents."""
    huge = png(30_000, 30_000)
    yield from (_of(huge, "png", target) for target in ("pdf", "jpg", "webp"))
    gif = b"GIF89a" + struct.pack("<HHBBB", 65535, 65535, 0, 0, 0)
    yield _of(gif + b"," + struct.pack("<4HB", 0, 0, 65535, 65535, 0) + b"\2\2\x4c\1\0;", "gif")
    yield _of(b"BM" + struct.pack("<IIIIiiHHIIiiII", 200, 0, 54, 40, 60000, 60000, 1, 24, *[0] * 6) + bytes(146), "bmp")
    jpg = bytearray(samples.of("jpg").read_bytes())
    at = jpg.index(b"\xff\xc0") + 5
    jpg[at : at + 4] = struct.pack(">HH", 65500, 65500)
    yield from (_of(bytes(jpg), "jpg", target) for target in ("pdf", "png"))
    for source, part in (("docx", "word/media/h.png"), ("pptx", "ppt/media/h.png"), ("odt", "Pictures/h.png")):
        yield _of(changed(samples.of(source).read_bytes(), lambda _, content: content, {part: huge}), source)
    yield _of(
        b'<svg xmlns="http://www.w3.org/2000/svg" width="1e9" height="1e9"><path d="M0 0h1"/></svg>', "svg", "png"
    )


def pdfs(samples: Samples) -> Iterator[Hostile]:
    """Pages without number, trees that hold themselves, passwords, scripts."""
    yield from (_of(hostile.pages(_MANY), "pdf", target) for target in ("txt", "docx", "png"))
    yield _of(hostile.locked_pdf(samples.of("pdf").read_bytes()), "pdf")
    yield from (_of(content, "pdf", target) for content in hostile_pdf.all_of_them() for target in ("png", "txt"))


def with_macros(samples: Samples) -> Iterator[Hostile]:
    """What would run if it were let."""
    macro = compound("VBA/", "PROJECT", content=b'Sub AutoOpen()\nShell "sh"\nEnd Sub')
    for source, part in (("docx", "word"), ("xlsx", "xl"), ("pptx", "ppt")):
        content = changed(samples.of(source).read_bytes(), lambda _, whole: whole, {f"{part}/vbaProject.bin": macro})
        yield _of(content, source)
        yield Hostile(f"auto-open.{source[:-1]}m", content, "pdf")
    event = (
        b'<office:event-listeners><script:event-listener script:language="ooo:script" script:event-name="dom:load" '
        b'xlink:href="vnd.sun.star.script:S.M.Main?language=Basic&amp;location=document"/></office:event-listeners>'
    )
    yield _of(
        changed(
            samples.of("odt").read_bytes(), lambda _, part: part.replace(b"<office:body>", event + b"<office:body>")
        ),
        "odt",
    )
    yield _of(b"<script>while(1){}</script><body onload='x()'>Words." + b"<iframe src=javascript:x()>", "html")
    yield _of(
        b'<svg xmlns="http://www.w3.org/2000/svg" onload="x()"><script>while(1);</script><path d="M0 0h9"/></svg>',
        "svg",
    )
    yield _of(rb"{\rtf1{\object\objautlink\objupdate{\*\objdata 0105000002000000}}Words.\par}", "rtf")
    yield _of(b'name,value\n=cmd|"/C calc"!A0,1\n+1+1,@SUM(1)\n', "csv", "xlsx")


def locked(samples: Samples) -> Iterator[Hostile]:
    """What opens with a password only."""
    secret = compound("EncryptionInfo", "EncryptedPackage")
    yield from (_of(secret, source) for source in ("docx", "xlsx", "pptx"))
    yield _of(compound("WordDocument", content=struct.pack("<10xH", 0x0100)), "doc")
    yield _of(changed(samples.of("odt").read_bytes(), _locked), "odt")


def leading_elsewhere(samples: Samples) -> Iterator[Hostile]:
    """What refers to other machines, and to files of this one."""
    for address in (ELSEWHERE, "file:///etc/passwd"):
        yield _of(
            f'<link rel=stylesheet href="{address}"><img src="{address}"><iframe src="{address}">'.encode(), "html"
        )
        yield _of(f"# Words\n\n![x]({address})".encode(), "md")
        yield _of(f'<svg xmlns="http://www.w3.org/2000/svg"><image href="{address}" width="9"/></svg>'.encode(), "svg")
        yield _of(rb'{\rtf1{\field{\*\fldinst INCLUDEPICTURE "%s"}}Words.\par}' % address.encode(), "rtf")


def deep_and_wide(_: Samples) -> Iterator[Hostile]:
    """What makes a reader call itself too often, or reserve too much."""
    yield _of(rb"{\rtf1 " + b"{" * _MANY + b"x" + b"}" * _MANY + b"}", "rtf")
    yield _of(b"<div>" * _MANY + b"x", "html")
    yield _of(b"<table><tr><td>" * 300 + b"x", "html")
    yield from (_of(mark * 20_000 + b"x", "md", "html") for mark in (b"> ", b"[", b"*a_", b"- "))
    yield _of(b'<svg xmlns="http://www.w3.org/2000/svg">' + b"<g>" * _MANY + b"</g>" * _MANY + b"</svg>", "svg")
    yield _of(b"," * _MANY + b"\n1", "csv")
    yield _of(b"word" * 1_000_000, "txt")


def strange_names(samples: Samples) -> Iterator[Hostile]:
    """Names that would lead elsewhere, read otherwise than they are, or end a line of a header."""
    content = samples.of("txt").read_bytes()
    names = (
        *("../../../etc/passwd", "..\\..\\evil", "/etc/shadow", "C:\\evil", "%2e%2e%2fevil", "a/b"),
        *("two\nlines", "head\r\nSet-Cookie: a=b", "nul\0byte", "tab\there", "\x1b[31mred", ""),
        *("\u202efdp.exe", "\u200bnothing\u200b", "x" * 300, "ñ" * 200, "😀", "e\u0301" * 60),
        *('quote"; x="', "<script>alert(1)<", "CON", " ", "-rf", "$(reboot)", "`reboot`", "{{7*7}}", "a;b|c&d"),
    )
    yield from (_of(content, "txt", "html", name) for name in names)


def under_another_name(samples: Samples) -> Iterator[Hostile]:
    """A file of one kind that says it is another."""
    for real, said in (
        ("pdf", "docx"),
        ("docx", "pdf"),
        ("xlsx", "docx"),
        ("png", "jpg"),
        ("docx", "csv"),
        ("html", "rtf"),
    ):
        yield _of(samples.of(real).read_bytes(), said)
    yield _of(b"\x7fELF" + bytes(5000), "docx")
    yield _of(b"MZ" + bytes(5000), "png")
    yield _of(zlib.compress(bytes(5000)), "txt")


KINDS: dict[str, Callable[[Samples], Iterator[Hostile]]] = {
    each.__name__.replace("_", " "): each
    for each in (
        *(truncated, noise_behind_its_magic, packed, entities, too_many_pixels, pdfs, with_macros, locked),
        *(leading_elsewhere, deep_and_wide, strange_names, under_another_name),
    )
}


def _zip(parts: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, part in parts.items():
            archive.writestr(name, part)
    return out.getvalue()


def _prologue(name: str, prologue: str) -> Callable[[str, bytes], bytes]:
    def edit(part: str, xml: bytes) -> bytes:
        if part != name:
            return xml
        begin = xml.find(b"?>") + 2 if b"?>" in xml else 0
        return xml[:begin] + prologue.encode() + xml[begin:]

    return edit


def _locked(_: str, part: bytes) -> bytes:
    return part.replace(b"</manifest:manifest>", b"<!-- encryption-data --></manifest:manifest>")
