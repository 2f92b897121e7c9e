"""A small document of every format, made here: each says the same words, in a heading, a paragraph, a list, a table."""

import base64
import io
from functools import cache
from pathlib import Path

import docx
import docx.opc.constants
import openpyxl
import pillow_heif
import pptx
import pypandoc
import pytest
from docx.enum.style import WD_STYLE_TYPE
from docx.oxml import OxmlElement, ns
from docx.shared import Inches
from PIL import Image, ImageDraw

from filemill.engines.documents import libreoffice, office_orders
from filemill.engines.documents.engine import Documents
from filemill.engines.documents.task import Task
from filemill.pipelines.run import InputFile

pillow_heif.register_heif_opener()

TITLE, SECTION = "Harvest report", "Orchard yields"
PARAGRAPH = "The quick surveyors measured eleven orchards near Łódź and Besançon before noon."
LIST = ("apples ripen early", "quinces ripen late")
TABLE = (("variety", "kilograms"), ("Bramley", "1250"), ("Cox", "980"))
LINK = "https://example.org/orchards"
LINKED = "the survey page"
NOTES = "remember to thank the volunteers"
WORDS = frozenset(" ".join((TITLE, SECTION, PARAGRAPH, *LIST, *(cell for row in TABLE for cell in row))).split())

MARKDOWN = f"""# {TITLE}

{PARAGRAPH} See [{LINKED}]({LINK}).

## {SECTION}

- {LIST[0]}
- {LIST[1]}

| {TABLE[0][0]} | {TABLE[0][1]} |
|---|---|
| {TABLE[1][0]} | {TABLE[1][1]} |
| {TABLE[2][0]} | {TABLE[2][1]} |

![a drawing](data:image/png;base64,%s)
"""
HTML = f"""<!DOCTYPE html><html><head><meta charset="utf-8"><title>{TITLE}</title></head><body>
<h1>{TITLE}</h1><p>{PARAGRAPH} See <a href="{LINK}">{LINKED}</a>.</p><h2>{SECTION}</h2>
<ul><li>{LIST[0]}</li><li>{LIST[1]}</li></ul>
<table>{"".join(f"<tr><td>{a}</td><td>{b}</td></tr>" for a, b in TABLE)}</table>
<img alt="a drawing" src="data:image/png;base64,%s"></body></html>"""
TEXT = "\n\n".join((TITLE, PARAGRAPH, SECTION, *LIST, "\n".join("\t".join(row) for row in TABLE))) + "\n"
SVG = f"""<svg xmlns="http://www.w3.org/2000/svg" width="300" height="200"><rect width="300" height="200" fill="#cde"/>
<circle cx="90" cy="90" r="60" fill="#c33"/><text x="20" y="180" font-size="24">{TITLE}</text></svg>"""

OLD = {
    "doc": ("docx", "writer", "MS Word 97"),
    "xls": ("xlsx", "calc", "MS Excel 97"),
    "ppt": ("pptx", "impress", "MS PowerPoint 97"),
}
ODF = {"odt": "docx", "ods": "xlsx", "odp": "pptx", "rtf": "docx"}


@cache
def picture(kind: str = "PNG", size: tuple[int, int] = (320, 240)) -> bytes:
    """A drawing that no codec mistakes: a ground, a disc and some lines."""
    drawn = Image.new("RGB", size, (200, 220, 240))
    pen = ImageDraw.Draw(drawn)
    pen.ellipse((40, 40, 160, 160), fill=(200, 50, 50))
    for x in range(0, size[0], 20):
        pen.line((x, 0, size[0] - x, size[1]), fill=(30, 90, 30), width=2)
    out = io.BytesIO()
    drawn.save(out, kind)
    return out.getvalue()


class Samples:
    """Makes each sample once. Those of formats that only LibreOffice writes need it; without it their tests skip."""

    def __init__(self, folder: Path, engine: Documents) -> None:
        self._folder = folder
        self._office = engine._kit.office

    def of(self, kind: str) -> Path:
        """The sample of a format."""
        path = self._folder / f"sample.{kind}"
        if not path.exists():
            if kind in OLD or kind in ODF:
                self._by_office(path, kind)
            else:
                path.write_bytes(getattr(self, f"_{kind}", lambda: picture(PILLOW[kind]))())
        return path

    def _by_office(self, path: Path, kind: str, source: Path | None = None) -> None:
        if libreoffice.version() is None:
            pytest.skip("LibreOffice is not installed: run filemill install documents")
        source = source or self.of(OLD[kind][0] if kind in OLD else ODF[kind])
        task = Task(InputFile("input", source.name, "", source.suffix[1:], 1, ""), lambda _: None)
        with pytest.MonkeyPatch.context() as patch:
            if kind in OLD:
                patch.setitem(office_orders.WRITES[OLD[kind][1]], kind, OLD[kind][2])
            self._office.convert(source, path, task)

    def made_of(self, content: bytes, kind: str) -> bytes:
        """A docx, xlsx or pptx as a file of another format."""
        made = self._folder / f"other.{kind}"
        source = self._folder / f"made.{OLD[kind][0] if kind in OLD else ODF[kind]}"
        source.write_bytes(content)
        self._by_office(made, kind, source)
        return made.read_bytes()

    def _docx(self) -> bytes:
        made = docx.Document()
        made.add_heading(TITLE, 1)
        paragraph = made.add_paragraph(f"{PARAGRAPH} See ")
        _add_link(made, paragraph)
        made.add_heading(SECTION, 2)
        for item in LIST:
            made.add_paragraph(item, style="List Bullet")
        table = made.add_table(len(TABLE), 2, style="Table Grid")
        for row, cells in zip(table.rows, TABLE, strict=True):
            for cell, text in zip(row.cells, cells, strict=True):
                cell.text = text
        made.add_picture(io.BytesIO(picture()), width=Inches(2))
        made.add_page_break()
        made.add_paragraph("The second page begins here.")
        return _saved(made)

    def _xlsx(self) -> bytes:
        made = openpyxl.Workbook()
        made.active.title = "Yields"
        for text in (TITLE, PARAGRAPH, SECTION, *LIST):
            made.active.append([text])
        made.active.append(TABLE[0])
        for name, kilograms in TABLE[1:]:
            made.active.append([name, int(kilograms)])
        made.active.append(["total", "=B7+B8"])
        made.active["A1"].hyperlink = LINK
        made.active.add_image(openpyxl.drawing.image.Image(io.BytesIO(picture())), "D2")
        made.create_sheet("Second sheet").append(["overleaf"])
        return _saved(made)

    def _pptx(self) -> bytes:
        made = pptx.Presentation()
        slide = made.slides.add_slide(made.slide_layouts[1])
        slide.shapes.title.text = TITLE
        slide.placeholders[1].text = "\n".join((PARAGRAPH, *LIST))
        slide.placeholders[1].text_frame.paragraphs[0].runs[0].hyperlink.address = LINK
        slide.notes_slide.notes_text_frame.text = NOTES
        second = made.slides.add_slide(made.slide_layouts[5])
        second.shapes.title.text = SECTION
        inch = pptx.util.Inches(1)
        table = second.shapes.add_table(3, 2, inch, 2 * inch, 6 * inch, 2 * inch).table
        for row, cells in enumerate(TABLE):
            for column, text in enumerate(cells):
                table.cell(row, column).text = text
        second.shapes.add_picture(io.BytesIO(picture()), inch, 5 * inch)
        return _saved(made)

    def _pdf(self) -> bytes:
        path = self._folder / "made.pdf"
        task = Task(InputFile("input", "sample.docx", "", "docx", 1, ""), lambda _: None)
        if libreoffice.version() is None:
            pytest.skip("LibreOffice is not installed: run filemill install documents")
        self._office.convert(self.of("docx"), path, task)
        return path.read_bytes()

    def _epub(self) -> bytes:
        path = self._folder / "made.epub"
        pypandoc.convert_text(
            self._md().decode(), "epub3", "gfm", outputfile=str(path), extra_args=[f"--metadata=title:{TITLE}"]
        )
        return path.read_bytes()

    def _md(self) -> bytes:
        return (MARKDOWN % base64.b64encode(picture()).decode()).encode()

    def _html(self) -> bytes:
        return (HTML % base64.b64encode(picture()).decode()).encode()

    def _txt(self) -> bytes:
        return TEXT.encode()

    def _csv(self) -> bytes:
        lines = [f'"{text}",' for text in (TITLE, PARAGRAPH, SECTION, *LIST)]
        return "\n".join(
            ["what,how much", *lines, *(",".join(row) for row in TABLE), "code,00123", "price,1.50"]
        ).encode()

    def _svg(self) -> bytes:
        return SVG.encode()


PILLOW = {"jpg": "JPEG", "png": "PNG", "webp": "WEBP", "gif": "GIF", "tiff": "TIFF", "bmp": "BMP", "heic": "HEIF"}


def _saved(made: object) -> bytes:
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()


def _add_link(made: object, paragraph: object) -> None:
    kind = docx.opc.constants.RELATIONSHIP_TYPE.HYPERLINK
    link = OxmlElement("w:hyperlink")
    made.styles.add_style("Hyperlink", WD_STYLE_TYPE.CHARACTER)
    link.set(ns.qn("r:id"), paragraph.part.relate_to(LINK, kind, is_external=True))
    run, text = OxmlElement("w:r"), OxmlElement("w:t")
    text.text = LINKED
    properties, style = OxmlElement("w:rPr"), OxmlElement("w:rStyle")
    style.set(ns.qn("w:val"), "Hyperlink")
    properties.append(style)
    run.extend([properties, text])
    link.append(run)
    paragraph._p.append(link)
