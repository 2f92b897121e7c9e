"""A docx with whatever markup a test puts into it, and small drawings."""

import io
import struct
import zipfile

import docx
from docx.opc.packuri import PackURI
from docx.opc.part import Part
from docx.oxml import parse_xml
from PIL import Image

_OPEN_XML = "http://schemas.openxmlformats.org"
_NAMES = {
    "w": f"{_OPEN_XML}/wordprocessingml/2006/main",
    "r": f"{_OPEN_XML}/officeDocument/2006/relationships",
    "wp": f"{_OPEN_XML}/drawingml/2006/wordprocessingDrawing",
    "a": f"{_OPEN_XML}/drawingml/2006/main",
    "wps": "http://schemas.microsoft.com/office/word/2010/wordprocessingShape",
    "mc": f"{_OPEN_XML}/markup-compatibility/2006",
    "c": f"{_OPEN_XML}/drawingml/2006/chart",
    "dgm": f"{_OPEN_XML}/drawingml/2006/diagram",
    "v": "urn:schemas-microsoft-com:vml",
}
DECLARED = " ".join(f'xmlns:{short}="{long}"' for short, long in _NAMES.items())


def saved(*blocks: str) -> bytes:
    """A docx of these paragraphs and tables, written as XML."""
    made = docx.Document()
    return _saved(made, blocks)


def with_part(name: str, content: bytes) -> bytes:
    """A docx in which a part of another format stands between two paragraphs."""
    made = docx.Document()
    part = Part(PackURI(f"/word/{name}"), "application/octet-stream", content, made.part.package)
    link = made.part.relate_to(part, f"{_NAMES['r']}/aFChunk")
    return _saved(made, (paragraph(run("before")), f'<w:altChunk r:id="{link}"/>', paragraph(run("behind"))))


def with_drawn(kind: str, reference: str, content: str) -> bytes:
    """A docx with a chart or diagram: its part, and how a drawing refers to it, where {id} stands for the relation."""
    made = docx.Document()
    part = Part(PackURI("/word/drawn/data1.xml"), "application/xml", content.encode(), made.part.package)
    link = made.part.relate_to(part, f"{_NAMES['r']}/{kind}")
    data = f'<a:graphic><a:graphicData uri="x">{reference.format(id=link)}</a:graphicData></a:graphic>'
    frame = '<wp:extent cx="2000000" cy="600000"/><wp:docPr id="1" name="Drawn"/>'
    drawing = f"<w:r><w:drawing><wp:inline>{frame}{data}</wp:inline></w:drawing></w:r>"
    return _saved(made, (paragraph(run("before"), drawing), paragraph(run("behind"))))


def with_picture(content: bytes, name: str, *, cut: str = "") -> bytes:
    """A docx with a picture; `cut` are the attributes that say what it loses."""
    made = docx.Document()
    made.add_picture(io.BytesIO(_png()))
    (fill,) = made.element.body.iter("{*}blipFill")
    if cut:
        fill.insert(1, parse_xml(f"<a:srcRect {DECLARED} {cut}/>"))
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(_saved(made, ()))) as old, zipfile.ZipFile(out, "w") as new:
        for entry in old.namelist():
            part = content if entry.startswith("word/media/") else old.read(entry)
            kind = name.rpartition(".")[2].encode()
            if entry.endswith((".rels", "[Content_Types].xml")):
                part = part.replace(b"image1.png", name.encode()).replace(b'Extension="png"', b'Extension="%s"' % kind)
            new.writestr(entry.replace("image1.png", name), part)
    return out.getvalue()


def paragraph(*runs: str) -> str:
    """A paragraph."""
    return f"<w:p>{''.join(runs)}</w:p>"


def run(words: str) -> str:
    """A run of text."""
    return f'<w:r><w:t xml:space="preserve">{words}</w:t></w:r>'


def box(*blocks: str) -> str:
    """A run that holds a box, as Word writes it: as a shape of today and as one of old."""
    content = f"<w:txbxContent>{''.join(blocks)}</w:txbxContent>"
    frame = '<wp:extent cx="2000000" cy="600000"/><wp:docPr id="1" name="Box"/>'
    form = '<a:xfrm><a:off x="0" y="0"/><a:ext cx="2000000" cy="600000"/></a:xfrm><a:prstGeom prst="rect"/>'
    shape = f"<wps:wsp><wps:cNvSpPr/><wps:spPr>{form}</wps:spPr><wps:txbx>{content}</wps:txbx><wps:bodyPr/></wps:wsp>"
    data = f'<a:graphic><a:graphicData uri="{_NAMES["wps"]}">{shape}</a:graphicData></a:graphic>'
    old = f'<w:pict><v:shape style="width:150pt;height:50pt"><v:textbox>{content}</v:textbox></v:shape></w:pict>'
    choice = f'<mc:Choice Requires="wps"><w:drawing><wp:inline>{frame}{data}</wp:inline></w:drawing></mc:Choice>'
    return f"<w:r><mc:AlternateContent>{choice}<mc:Fallback>{old}</mc:Fallback></mc:AlternateContent></w:r>"


def halves(kind: str = "PNG") -> bytes:
    """A picture that is red on its left half, blue on its right."""
    drawn = Image.new("RGB", (80, 40), (255, 0, 0))
    drawn.paste((0, 0, 255), (40, 0, 80, 40))
    out = io.BytesIO()
    drawn.save(out, kind)
    return out.getvalue()


def emf() -> bytes:
    """A drawing of 50 by 25 millimetres: a green rectangle all over."""
    brush = struct.pack("<IIIIII", 39, 24, 1, 0, 0x0000FF00, 0)
    select = struct.pack("<III", 37, 12, 1)
    rectangle = struct.pack("<IIiiii", 43, 24, 0, 0, 200, 100)
    end = struct.pack("<IIIII", 14, 20, 0, 0, 20)
    records = (brush, select, rectangle, end)
    header = struct.pack("<II8i", 1, 88, 0, 0, 199, 99, 0, 0, 5000, 2500)
    header += struct.pack("<4sIIIHHIIIii", b" EMF", 0x10000, 88 + sum(map(len, records)), 5, 2, 0, 0, 0, 0, 800, 400)
    return header + struct.pack("<ii", 200, 100) + b"".join(records)


def _png() -> bytes:
    return halves()


def _saved(made: docx.document.Document, blocks: tuple[str, ...]) -> bytes:
    body = made.element.body
    for block in blocks:
        end = block.index(">") - (block[block.index(">") - 1] == "/")
        body.insert(len(body) - 1, parse_xml(f"{block[:end]} {DECLARED}{block[end:]}"))
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()
