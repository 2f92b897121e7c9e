"""Office documents of every usual kind and length, the same ones each time: what the benchmark of documents converts.

Word files of about 1, 14 and 60 pages with photographs, charts and tables, a workbook of 6,000 rows with formulas,
slides with notes, an odt, an rtf, a web page.
"""

import io
import random
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

import docx
import openpyxl
import pptx
import pypandoc
from docx.shared import Inches
from PIL import Image, ImageDraw

CELL = (
    *("letter.docx", "report.docx", "slides.pptx", "memo.odt", "long.docx", "book.xlsx"),
    *("memo.rtf", "slides.pptx", "report.docx", "page.html", "memo.odt", "letter.docx"),
)
"""The twelve documents of one measurement, in the order they are sent."""

_SYLLABLES = (
    "ba",
    "den",
    "fol",
    "gar",
    "hi",
    "jun",
    "kel",
    "lo",
    "mar",
    "nis",
    "or",
    "pra",
    "qui",
    "ros",
    "sen",
    "win",
)
_WHOLE = (1200, 800)
_STYLE = (
    "body{font:12pt/1.4 Carlito,serif;max-width:48em;margin:2em auto}h2{color:#246;border-bottom:1px solid #aaa}"
    "table{border-collapse:collapse}td,th{border:1px solid #999;padding:4px 9px}"
)


def make(folder: Path) -> dict[str, Path]:
    """The files by their names, in a folder that keeps them. Raises what LibreOffice's absence raises."""
    folder.mkdir(parents=True, exist_ok=True)
    files = {name: folder / name for name in CELL}
    if not all(path.exists() for path in files.values()):
        _Maker(folder).all()
    return files


class _Maker:
    """Draws everything from one stream of chance."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._chance = random.Random(7)
        words = ["".join(self._chance.choices(_SYLLABLES, k=self._chance.randint(1, 4))) for _ in range(3000)]
        self._sentences = [
            " ".join(self._chance.choices(words, k=self._chance.randint(6, 30))).capitalize() + "." for _ in range(600)
        ]

    def all(self) -> None:
        for name, parts in (("letter", 1), ("report", 11), ("long", 47), ("memo", 3)):
            self._report(self._folder / f"{name}.docx", parts)
        self._book(self._folder / "book.xlsx")
        self._slides(self._folder / "slides.pptx")
        self._page(self._folder / "page.html")
        memo = self._folder / "memo.docx"
        pypandoc.convert_file(str(memo), "rtf", outputfile=str(self._folder / "memo.rtf"), extra_args=["-s"])
        with tempfile.TemporaryDirectory() as profile:
            subprocess.run(cold(memo, "odt", self._folder, profile), check=True, capture_output=True)

    def _text(self, sentences: int) -> str:
        return " ".join(self._chance.choices(self._sentences, k=sentences))

    def _words(self, count: int) -> str:
        return " ".join(self._chance.choice(self._sentences).split()[:count]).strip(".")

    def _photo(self) -> io.BytesIO:
        """Soft shapes with the noise of a sensor, as a camera saves them."""
        soft = Image.frombytes("RGB", (12, 8), self._chance.randbytes(12 * 8 * 3)).resize(
            _WHOLE, Image.Resampling.BICUBIC
        )
        noise = Image.frombytes("RGB", _WHOLE, self._chance.randbytes(_WHOLE[0] * _WHOLE[1] * 3))
        return _saved(Image.blend(soft, noise, 0.08), "JPEG")

    def _chart(self) -> io.BytesIO:
        drawn = Image.new("RGB", (1050, 525), "white")
        pen = ImageDraw.Draw(drawn)
        for at in range(0, 1050, 105):
            pen.line((at, 0, at, 525), fill="#ccc")
        height, points = 260.0, []
        for at in range(0, 1050, 5):
            height += self._chance.gauss(0, 12)
            points.append((at, height))
        pen.line(points, fill="#1f77b4", width=3)
        return _saved(drawn, "PNG")

    def _report(self, path: Path, parts: int) -> None:
        made = docx.Document()
        made.sections[0].header.paragraphs[0].text = "Report for comparison"
        for part in range(parts):
            made.add_heading(self._words(5), 1 if part % 4 == 0 else 2)
            if part % 2:
                made.add_paragraph(self._text(4))
                made.add_picture(self._photo() if part % 4 == 1 else self._chart(), width=Inches(5.5))
                made.add_paragraph(self._text(3))
                made.add_paragraph(self._text(1), "List Bullet")
            elif part % 4 == 2:
                made.add_paragraph(self._text(5))
                for row in made.add_table(12, 5, style="Light Grid Accent 1").rows:
                    for cell in row.cells:
                        cell.text = f"{self._words(1)} {self._chance.randrange(10**6)}"
                made.add_paragraph(self._text(4))
                made.add_paragraph(self._text(1), "List Number")
            else:
                for _ in range(4):
                    made.add_paragraph(self._text(5))
        made.save(str(path))

    def _book(self, path: Path) -> None:
        made = openpyxl.Workbook()
        made.remove(made.worksheets[0])
        for number in range(1, 4):
            sheet = made.create_sheet(f"Region {number}")
            sheet.append(["Date", "Customer", "Item", "Quantity", "Price", "Total"])
            for row in range(2, 2002):
                date = f"2025-{row % 12 + 1:02}-{row % 28 + 1:02}"
                count, price = self._chance.randrange(1, 99), self._chance.randrange(100, 9999) / 100
                item = f"SKU-{self._chance.randrange(10**5)}"
                sheet.append([date, self._words(2), item, count, price, f"=D{row}*E{row}"])
        made.save(path)

    def _slides(self, path: Path) -> None:
        made = pptx.Presentation()
        for number in range(15):
            has_text = bool(number % 3)
            slide = made.slides.add_slide(made.slide_layouts[1 if has_text else 5])
            slide.shapes.title.text = self._words(5)
            if has_text:
                slide.placeholders[1].text = "\n".join(self._text(1)[:90] for _ in range(4))
            else:
                inch = pptx.util.Inches(1)
                slide.shapes.add_picture(self._photo(), inch, inch * 2, width=inch * 7)
            slide.notes_slide.notes_text_frame.text = self._text(1)
        made.save(str(path))

    def _page(self, path: Path) -> None:
        table = "| a | b |\n|---|---|\n" + "".join(
            f"| {self._words(1)} | {self._chance.randrange(10**6)} |\n" for _ in range(6)
        )
        parts = [
            f"## {self._words(5)}\n\n{self._text(4)}\n\n- {self._text(1)}\n- {self._text(1)}\n\n{table}"
            for _ in range(12)
        ]
        body = pypandoc.convert_text("\n\n".join(parts), "html", "gfm")
        head = f"<head><meta charset=utf-8><title>Page</title><style>{_STYLE}</style></head>"
        path.write_text(f"<!doctype html><html>{head}<body>{body}</body></html>")


def cold(source: Path, to: str, folder: Path, profile: str) -> Sequence[str]:
    """The plain tool: LibreOffice started for one document, with a profile of its own."""
    settled = f"-env:UserInstallation=file://{profile}"
    return ("soffice", settled, "--headless", "--convert-to", to, "--outdir", str(folder), str(source))


def _saved(picture: Image.Image, kind: str) -> io.BytesIO:
    out = io.BytesIO()
    picture.save(out, kind, **({"quality": 88} if kind == "JPEG" else {}))
    out.seek(0)
    return out
