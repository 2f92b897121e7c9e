"""Documents that try to reach outside: to a web server, to files beside them. Each kind of reference has its own."""

# ruff: noqa: E501, UP031 -- markup that must stand as it is

import io
import zipfile
from collections.abc import Callable

import msgspec

from tests.engines.documents.samples import Samples

HYPERLINKED = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"


class Bait(msgspec.Struct, frozen=True):
    """What a document may try to reach: the root of a web server, and files that nobody may read."""

    web: str
    text: str
    page: str
    picture: str
    document: str
    book: str


def html(bait: Bait, _: Samples) -> bytes:
    return f"""<!DOCTYPE html><html><head><meta charset=utf-8><link rel=stylesheet href="{bait.web}/style.css">
    <style>@import url({bait.web}/import.css); body {{ background: url('{bait.web}/ground.png') }}
    @font-API {{ font-family: f; src: url({bait.web}/font.woff) }}</style><base href="{bait.web}/base/">
    <meta http-equiv=refresh content="0;url={bait.web}/fresh"></head><body background="{bait.web}/body.png">
    <h1 style="background-image: url({bait.web}/h1.png)">plain words</h1><img src="{bait.web}/i.png"><img src=relative.png>
    <img src="{bait.picture}"><img src="file://localhost{bait.picture[7:]}"><img srcset="{bait.web}/set.png 1x">
    <iframe src="{bait.web}/frame"></iframe><iframe src="{bait.page}"></iframe><iframe src="{bait.text}"></iframe>
    <object data="{bait.page}"></object><object data="{bait.web}/object"></object><embed src="{bait.text}">
    <video src="{bait.web}/v.mp4" poster="{bait.web}/v.png"></video><script src="{bait.web}/s.js"></script>
    <table background="{bait.web}/t.png"><tr><td background="{bait.picture}">x</table>
    <svg><image href="{bait.web}/in.svg.png" xlink:href="{bait.picture}"/><use href="{bait.web}/use.svg#a"/></svg>
    <img src="data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' width='9' height='9'%3E%3Cimage width='9' height='9'
    href='{bait.picture}'/%3E%3Cimage href='{bait.web}/in.data.png'/%3E%3Crect fill='u\\72l({bait.web}/paint)'/%3E%3C/svg%3E">
    <style>h1 {{ list-style: u\\72l({bait.web}/escaped.png) }} p {{ background: image-set('{bait.web}/set.png' 1x) }}</style>
    <svg width=9 height=9><style>rect {{ fill: url({bait.web}/own.svg#a) }}</style><rect width=9 height=9 /></svg>
    <input type=image src="{bait.web}/input.png"><frameset><frame src="{bait.page}"></frameset></body></html>""".encode()


def md(bait: Bait, _: Samples) -> bytes:
    return f"""---
title: plain words
css: {bait.web}/meta.css
header-includes: "<script src='{bait.web}/h.js'></script>"
bibliography: {bait.text}
---
# plain words

![a]({bait.web}/a.png) ![b]({bait.picture}) ![c]({bait.picture[7:]})

<img src="{bait.web}/raw.png"><img src="{bait.picture}"><iframe src="{bait.page}"></iframe>

```{{=typst}}
#read("{bait.text[7:]}")
#import "@preview/cetz:0.2.0"
```

#read("{bait.text[7:]}")

@import "{bait.web}/x.css"
""".encode()


def svg(bait: Bait, _: Samples) -> bytes:
    return f"""<?xml version="1.0"?><?xml-stylesheet href="{bait.web}/pi.css"?>
    <svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="300" height="200">
    <style>@import url({bait.web}/i.css); @font-API {{ font-family: f; src: url({bait.web}/f.woff) }}</style>
    <image href="{bait.web}/i.png" width="9" height="9"/><image xlink:href="{bait.picture}" width="90" height="90"/>
    <image href="{bait.picture[7:]}" width="90" height="90"/><use href="{bait.web}/u.svg#a"/>
    <rect width="9" height="9" fill="url({bait.web}/g.svg#g)"/><foreignObject><iframe src="{bait.page}"/></foreignObject>
    <text x="9" y="90">plain words</text></svg>""".encode()


def rtf(bait: Bait, _: Samples) -> bytes:
    return (
        r"{\rtf1\ansi{\*\template %s/t.dotx}plain words\par"
        r'{\field{\*\fldinst INCLUDEPICTURE "%s/p.png" \\d}{\fldrslt x}}{\field{\*\fldinst INCLUDEPICTURE "%s"}{\fldrslt x}}'
        r'{\field{\*\fldinst INCLUDETEXT "%s"}{\fldrslt x}}{\field{\*\fldinst INCLUDETEXT "%s"}{\fldrslt x}}'
        r'{\field{\*\fldinst LINK Word.Document "%s" "" \\a}{\fldrslt x}}'
        r'{\field{\*\fldinst DDEAUTO soffice "%s" x}{\fldrslt x}}\par}'
        % (bait.web, bait.web, bait.picture, bait.text[7:], *3 * [bait.document[7:]])
    ).encode()


def docx(bait: Bait, samples: Samples) -> bytes:
    relations = "".join(
        f'<Relationship Id="out{n}" Type="{HYPERLINKED}/{kind}" Target="{target}" TargetMode="External"/>'
        for n, (kind, target) in enumerate(
            [
                ("image", f"{bait.web}/docx.png"),
                ("image", bait.picture),
                ("aFChunk", bait.page),
                ("subDocument", bait.document),
                ("oleObject", bait.document),
                ("oleObject", f"{bait.web}/ole.docx"),
            ]
        )
    )
    drawing = """<w:p><w:r><w:drawing><wp:inline xmlns:wp="http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing">
    <wp:extent cx="900000" cy="900000"/><wp:docPr id="{n}" name="p"/><a:graphic
    xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main"><a:graphicData
    uri="http://schemas.openxmlformats.org/drawingml/2006/picture"><pic:pic
    xmlns:pic="http://schemas.openxmlformats.org/drawingml/2006/picture"><pic:nvPicPr><pic:cNvPr id="0" name="p"/><pic:cNvPicPr/>
    </pic:nvPicPr><pic:blipFill><a:blip r:link="{id}"/><a:stretch><a:fillRect/></a:stretch></pic:blipFill><pic:spPr><a:xfrm>
    <a:off x="0" y="0"/><a:ext cx="900000" cy="900000"/></a:xfrm><a:prstGeom prst="rect"/></pic:spPr></pic:pic></a:graphicData>
    </a:graphic></wp:inline></w:drawing></w:r></w:p>"""
    fields = "".join(
        f'<w:p><w:fldSimple w:instr=" {what} "><w:r><w:t>field</w:t></w:r></w:fldSimple></w:p>'
        for what in (
            f"INCLUDEPICTURE &quot;{bait.web}/field.png&quot; \\d",
            f"INCLUDEPICTURE &quot;{bait.picture}&quot; \\d",
            f"INCLUDETEXT &quot;{bait.text[7:]}&quot;",
            f"INCLUDETEXT &quot;{bait.document[7:]}&quot;",
            f"INCLUDETEXT &quot;{bait.web}/t.docx&quot;",
        )
    )
    body = (
        "<w:p><w:r><w:t>plain words</w:t></w:r></w:p>"
        + drawing.format(n=1, id="out0")
        + drawing.format(n=2, id="out1")
        + fields
        + '<w:altChunk r:id="out2"/><w:subDoc r:id="out3"/>'
        + '<w:p><w:r><w:object><o:OLEObject xmlns:o="urn:schemas-microsoft-com:office:office" Type="Link" ProgID="Word.Document"'
        + ' ShapeID="s" DrawAspect="Content" ObjectID="_1" r:id="out4" UpdateMode="Always"/></w:object></w:r></w:p>'
    )
    settings = (
        '<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
        f'<Relationship Id="rId1" Type="{HYPERLINKED}/attachedTemplate" Target="{bait.web}/t.dotm" TargetMode="External"/>'
        "</Relationships>"
    )

    def edited(name: str, part: bytes) -> bytes:
        if name == "word/document.xml":
            return part.replace(b"<w:sectPr", body.encode() + b"<w:sectPr", 1)
        if name == "word/settings.xml":
            return part.replace(b"<w:zoom", b'<w:attachedTemplate r:id="rId1"/><w:zoom', 1)
        return (
            part.replace(b"</Relationships>", relations.encode() + b"</Relationships>") if name == DOCX_RELS else part
        )

    return _edited(samples.of("docx").read_bytes(), edited, {"word/_rels/settings.xml.rels": settings.encode()})


DOCX_RELS = "word/_rels/document.xml.rels"
_HREF = 'xlink:type="simple" xlink:show="embed" xlink:actuate="onLoad"'


def odt(bait: Bait, samples: Samples) -> bytes:
    pictures = "".join(
        f'<text:p><draw:frame svg:width="2cm" svg:height="2cm" text:anchor-type="as-char"><draw:image xlink:href="{target}" {_HREF}/>'
        "</draw:frame></text:p>"
        for target in (f"{bait.web}/odt.png", bait.picture, f"../../../../..{bait.picture[7:]}")
    )
    frames = "".join(
        f'<text:p><draw:frame svg:width="9cm" svg:height="9cm" text:anchor-type="as-char"><{kind} xlink:href="{target}" {_HREF}/>'
        "</draw:frame></text:p>"
        for kind in ("draw:object", "draw:object-ole", "draw:floating-frame", "draw:plugin")
        for target in (bait.document, f"{bait.web}/{kind[5:]}")
    )
    sections = "".join(
        f'<text:section text:name="s{n}"><text:section-source xlink:href="{target}" text:filter-name=""/><text:p>old</text:p>'
        "</text:section>"
        for n, target in enumerate((bait.text, bait.document, f"{bait.web}/section.odt"))
    )
    dde = (
        '<text:dde-connection-decls><text:dde-connection-decl office:name="d" office:dde-application="soffice" '
        f'office:dde-topic="{bait.document[7:]}" office:dde-item="x" office:automatic-update="true"/></text:dde-connection-decls>'
    )

    def edited(name: str, part: bytes) -> bytes:
        if name != "content.xml":
            return part
        head, _, tail = part.partition(b"<office:text")
        start, _, rest = tail.partition(b">")
        added = dde + "<text:p>plain words</text:p>" + pictures + frames + sections
        return head + b"<office:text" + start + b">" + added.encode() + rest

    return _edited(samples.of("odt").read_bytes(), edited)


def ods(bait: Bait, samples: Samples) -> bytes:
    cells = "".join(
        f'<table:table-row><table:table-cell table:formula="of:={formula}" office:value-type="string"><text:p>old</text:p>'
        "</table:table-cell></table:table-row>"
        for formula in (
            f"WEBSERVICE(&quot;{bait.web}/ws&quot;)",
            f"WEBSERVICE(&quot;{bait.text}&quot;)",
            f"['{bait.book}'#$Sheet1.A1]",
            f"['{bait.web}/book.ods'#$Sheet1.A1]",
            f"DDE(&quot;soffice&quot;;&quot;{bait.book[7:]}&quot;;&quot;A1&quot;)",
            f"INDIRECT(&quot;'{bait.book}'#$Sheet1.A1&quot;)",
        )
    )
    linked = (
        f'<table:table table:name="linked"><table:table-source xlink:href="{bait.book}" xlink:type="simple" '
        'table:filter-name="calc8" table:table-name="Sheet1"/><table:table-row><table:table-cell/></table:table-row></table:table>'
    )

    def edited(name: str, part: bytes) -> bytes:
        if name != "content.xml":
            return part
        return part.replace(b"</table:table>", cells.encode() + b"</table:table>" + linked.encode(), 1)

    return _edited(samples.of("ods").read_bytes(), edited)


def xlsx(bait: Bait, samples: Samples) -> bytes:
    rows = "".join(
        f'<row r="{n}"><c r="A{n}" t="str"><f>{formula}</f><v>old</v></c></row>'
        for n, formula in enumerate(
            (
                f"_xlfn.WEBSERVICE(&quot;{bait.web}/ws&quot;)",
                f"_xlfn.WEBSERVICE(&quot;{bait.text}&quot;)",
                "[1]Sheet1!A1",
                f"'{bait.book[7:]}'#$Sheet1.A1",
                "[2]Sheet1!A1",
            ),
            30,
        )
    )
    path = 'Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/externalLinkPath"'
    link = (
        '<externalLink xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="'
        f'{HYPERLINKED}"><externalBook r:id="rId1"><sheetNames><sheetName val="Sheet1"/></sheetNames></externalBook></externalLink>'
    ).encode()
    more = {}
    for n, target in ((1, bait.book), (2, f"{bait.web}/book.xlsx")):
        more[f"xl/externalLinks/externalLink{n}.xml"] = link
        more[f"xl/externalLinks/_rels/externalLink{n}.xml.rels"] = (
            '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
            f'<Relationship Id="rId1" {path} Target="{target}" TargetMode="External"/></Relationships>'
        ).encode()

    def edited(name: str, part: bytes) -> bytes:
        if name == "xl/worksheets/sheet1.xml":
            return part.replace(b"</sheetData>", rows.encode() + b"</sheetData>")
        if name == "[Content_Types].xml":
            kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.externalLink+xml"
            types = "".join(
                f'<Override PartName="/xl/externalLinks/externalLink{n}.xml" ContentType="{kind}"/>' for n in (1, 2)
            )
            return part.replace(b"</Types>", types.encode() + b"</Types>")
        if name == "xl/workbook.xml":
            references = f'<externalReferences><externalReference xmlns:r="{HYPERLINKED}" r:id="x1"/><externalReference xmlns:r="{HYPERLINKED}" r:id="x2"/></externalReferences>'
            return part.replace(b"</sheets>", b"</sheets>" + references.encode())
        if name == "xl/_rels/workbook.xml.rels":
            links = "".join(
                f'<Relationship Id="x{n}" Type="{HYPERLINKED}/externalLink" Target="externalLinks/externalLink{n}.xml"/>'
                for n in (1, 2)
            )
            return part.replace(b"</Relationships>", links.encode() + b"</Relationships>")
        return part

    return _edited(samples.of("xlsx").read_bytes(), edited, more)


def pptx(bait: Bait, samples: Samples) -> bytes:
    relations = "".join(
        f'<Relationship Id="out{n}" Type="{HYPERLINKED}/{kind}" Target="{target}" TargetMode="External"/>'
        for n, (kind, target) in enumerate(
            [("image", f"{bait.web}/pptx.png"), ("image", bait.picture), ("video", f"{bait.web}/v.mp4")]
        )
    )
    shapes = "".join(
        f'<p:pic><p:nvPicPr><p:cNvPr id="{90 + n}" name="p"/><p:cNvPicPr/><p:nvPr/></p:nvPicPr><p:blipFill><a:blip r:link="out{n}"/>'
        '<a:stretch><a:fillRect/></a:stretch></p:blipFill><p:spPr><a:xfrm><a:off x="0" y="0"/><a:ext cx="900000" cy="900000"/>'
        '</a:xfrm><a:prstGeom prst="rect"/></p:spPr></p:pic>'
        for n in (0, 1)
    )

    def edited(name: str, part: bytes) -> bytes:
        if name == "ppt/slides/slide1.xml":
            return part.replace(b"</p:spTree>", shapes.encode() + b"</p:spTree>")
        return (
            part.replace(b"</Relationships>", relations.encode() + b"</Relationships>")
            if "slide1.xml.rels" in name
            else part
        )

    return _edited(samples.of("pptx").read_bytes(), edited)


def odp(bait: Bait, samples: Samples) -> bytes:
    frames = "".join(
        f'<draw:frame svg:width="2cm" svg:height="2cm" svg:x="1cm" svg:y="1cm"><{kind} xlink:href="{target}" {_HREF}/></draw:frame>'
        for kind in ("draw:image", "draw:object", "draw:plugin", "draw:floating-frame")
        for target in (f"{bait.web}/{kind[5:]}", bait.picture if kind == "draw:image" else bait.document)
    )

    def edited(name: str, part: bytes) -> bytes:
        return part.replace(b"</draw:page>", frames.encode() + b"</draw:page>", 1) if name == "content.xml" else part

    return _edited(samples.of("odp").read_bytes(), edited)


def epub(bait: Bait, samples: Samples) -> bytes:
    added = f"""<p>plain words</p><img src="{bait.web}/e.png" alt=""/><img src="{bait.picture}" alt=""/>
    <img src="../../../../../..{bait.picture[7:]}" alt=""/><iframe src="{bait.page}"></iframe></body>"""

    def edited(name: str, part: bytes) -> bytes:
        return part.replace(b"</body>", added.encode()) if name.endswith("ch001.xhtml") else part

    return _edited(samples.of("epub").read_bytes(), edited)


KINDS: dict[str, Callable[[Bait, Samples], bytes]] = {
    one.__name__: one for one in (html, md, svg, rtf, docx, odt, ods, xlsx, pptx, odp, epub)
}
"""By format: how a file is made that reaches outside."""


def _edited(archive: bytes, edit: Callable[[str, bytes], bytes], more: dict[str, bytes] | None = None) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(archive)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for entry in old.infolist():
            if entry.filename not in (more or {}):
                new.writestr(entry, edit(entry.filename, old.read(entry)))
        for name, part in (more or {}).items():
            new.writestr(name, part)
    return out.getvalue()
