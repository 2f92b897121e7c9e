"""What pdf files say: forms, hyphens, and texts that run from the right."""

import io
from collections.abc import Callable

import docx
import pytest
from docx.oxml import OxmlElement
from PIL import Image

from filemill.engines.documents import dictionaries, hyphens, pdf_markdown
from filemill.engines.documents.task import Task
from filemill.pipelines.run import InputFile, Line
from tests.engines.documents import bare_pdf, contents
from tests.engines.documents.workshop import Workshop

HEBREW = "\u05e9\u05dc\u05d5\u05dd \u05e2\u05d5\u05dc\u05dd (2024) \u05e9\u05dc \u05e1\u05e4\u05e8."
ARABIC = (
    "\u0645\u0631\u062d\u0628\u0627 \u0628\u0627\u0644\u0639\u0627\u0644\u0645 "
    "(\u0631\u0642\u0645 5) abc \u0646\u0647\u0627\u064a\u0629."
)
GREETING = (
    "\u05e9\u05dc\u05d5\u05dd hello big world \u05e2\u05d5\u05d3 12-15 \u05d1\u05de\u05d0\u05d9 2024, v1.2 (beta)"
)
MIXED = (
    GREETING,
    "\u05d0\u05d1 cd \u05d2\u05d3 ef \u05d4\u05d5.",
    "\u05d0\u05d1: http://x.org/a?b=c, \u05d2 50%",
    'He said "\u05e9\u05dc\u05d5\u05dd \u05e2\u05d5\u05dc\u05dd", and left (\u05e1\u05e4\u05e8) ok.',
    "Mixed \u05d0\u05d1 cd \u05d2\u05d3 ef.",
)
RIGHT = ("[\u05d0] \u05d1 (abc) \u05d2", "\u05d0 (\u05d1 (\u05d2) \u05d3) 12:30")
FONT = b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>"
DEFAULTS = b"/DA(/F1 14 Tf 0 g)/DR<</Font<</F1 4 0 R>>>>"

needs_dictionary = pytest.mark.skipif(
    dictionaries.of("the of and to in is that for it was " * 3) is None,
    reason="Hunspell and its dictionaries are missing: run filemill install documents",
)


def lines(*said: str) -> bytes:
    """A page with these lines."""
    shown = b"".join(b"0 -20 Td(%s)Tj " % one.encode("cp1252") for one in said)
    return page(b"BT/F1 14 Tf 40 280 Td %sET" % shown)


def page(content: bytes, *objects: bytes, form: bytes = b"", fields: str = "") -> bytes:
    """A page; further objects have numbers from 6, fields name some of them."""
    shown = b"/Annots[%s]" % fields.encode() if fields else b""
    catalogue = b"/AcroForm<<%s%s/Fields[%s]>>" % (DEFAULTS, form, fields.encode()) if fields else b""
    return bare_pdf.made(
        b"<</Type/Pages/Count 1/Kids[3 0 R]>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 400 300]/Contents 5 0 R/Resources<</Font<</F1 4 0 R>>>>%s>>" % shown,
        FONT,
        bare_pdf.stream(content),
        *objects,
        more=catalogue,
    )


def field(kind: bytes, place: str, more: bytes) -> bytes:
    return b"<</Type/Annot/Subtype/Widget/F 4/FT/%s/Rect[%s]%s>>" % (kind, place.encode(), more)


def filled_form() -> bytes:
    """A form: each field has a label, which stands before it, but behind the boxes."""
    labels = [(40, 250, "Surname:"), (140, 210, "Agreed"), (140, 190, "Declined"), (40, 170, "Country:")]
    labels += [(40, 130, "PIN:"), (40, 90, "Notes")]
    content = b"".join(b"BT/F1 14 Tf %d %d Td(%s)Tj ET " % (x, y, said.encode()) for x, y, said in labels)
    looks = b"/AP<</N<</Off 13 0 R/Yes 14 0 R>>>>"
    box = b"/Type/XObject/Subtype/Form/BBox[0 0 20 20]"
    return page(
        content,
        field(b"Tx", "110 243 310 267", b"/T(surname)/V(MUSTERMANN)"),
        field(b"Btn", "110 205 130 225", b"/T(agreed)/V/Yes/AS/Yes" + looks),
        field(b"Btn", "110 184 130 204", b"/T(declined)/V/Off/AS/Off" + looks),
        field(b"Ch", "110 163 310 187", b"/T(land)/Ff 131072/V(de)/Opt[[(fr)(France)][(de)(Germany)]]"),
        field(b"Tx", "110 123 310 147", b"/T(pin)/Ff 8192/V(4711)"),
        field(b"Tx", "110 50 310 104", b"/T(notes)/Ff 4096/V(first line\\rsecond line)"),
        b"<</Type/Annot/Subtype/FreeText/F 4/Rect[40 10 300 30]/DA(/F1 14 Tf 0 g)/Contents(written by hand)>>",
        bare_pdf.stream(b"", box),
        bare_pdf.stream(b"0 0 1 RG 3 w 1 1 m 19 19 l S", box),
        form=b"/NeedAppearances true",
        fields=" ".join(f"{number} 0 R" for number in range(6, 13)),
    )


@pytest.mark.parametrize("target", ["png", "jpg", "webp"])
def test_what_was_filled_into_a_form_is_drawn(target: str, shop: Workshop) -> None:
    with Image.open(shop.convert(filled_form(), "pdf", target).file) as drawn:
        picture = drawn.convert("RGB")
    scale = picture.width / 400

    def ink(left: int, bottom: int, right: int, top: int) -> int:
        part = picture.crop([round(scale * side) for side in (left, 300 - top, right, 300 - bottom)])
        return sum(part.convert("L").histogram()[:128])

    assert ink(110, 243, 310, 267) > 100  # MUSTERMANN
    assert ink(110, 205, 130, 225) > 100  # ticked
    assert ink(110, 184, 130, 204) == 0
    assert ink(110, 163, 310, 187) > 100  # Germany


def test_what_was_filled_into_a_form_is_in_its_text_beside_its_label(shop: Workshop) -> None:
    said = shop.convert(filled_form(), "pdf", "txt").file.read_text()

    assert said.split("\n") == [
        "Surname: MUSTERMANN",
        "\u2612 Agreed",
        "\u2610 Declined",
        "Country: Germany",
        "PIN: ****",
        "Notes first line",
        "second line",
        "written by hand",
        "",
    ]


@pytest.mark.parametrize("target", ["md", "html", "docx", "odt", "rtf", "epub"])
def test_what_was_filled_into_a_form_is_in_whatever_is_made_of_it(target: str, shop: Workshop) -> None:
    said = " ".join(contents.text_of(shop.convert(filled_form(), "pdf", target).file).split())

    for line in ("Surname: MUSTERMANN", "\u2612 Agreed", "\u2610 Declined", "Country: Germany", "second line"):
        assert line in said
    assert "4711" not in said


HYPHENS = ("They are based on the price-", "determining factors of 2019-", "2020 and call 555-")
MORE_HYPHENS = (
    "1234 or write e-",
    "mail to the well-known trans-",
    "lation office of the Anglo-",
    "Saxon state-of-the-",
)
WHOLE = (
    "They are based on the price-determining factors of 2019-2020 and call 555-1234 or write e-mail to the well-known "
    "translation office of the Anglo-Saxon state-of-the-art."
)


@needs_dictionary
@pytest.mark.parametrize("target", ["txt", "md", "docx", "html"])
def test_a_hyphen_at_the_end_of_a_line_goes_where_the_rest_is_one_word(target: str, shop: Workshop) -> None:
    said = contents.text_of(shop.convert(lines(*HYPHENS, *MORE_HYPHENS, "art."), "pdf", target).file)

    assert " ".join(said.split()).endswith(WHOLE)


@needs_dictionary
def test_a_word_stays_in_the_line_where_it_begins(shop: Workshop) -> None:
    said = shop.convert(lines("It is the trans-", "lation of a text.", "Next line"), "pdf", "txt").file.read_text()

    assert said == "It is the translation\nof a text.\nNext line\n"


@needs_dictionary
@pytest.mark.parametrize(
    ("parts", "said"),
    [
        (("Die Donaudampf-", "schifffahrt ist nicht auf der Karte."), "Die Donaudampfschifffahrt ist"),
        (("Das ist die Ein-", "und Ausgabe der Daten."), "die Ein- und Ausgabe"),
        (("Das ist nicht die U-", "Bahn der Stadt."), "die U-Bahn der"),
        (("Das ist die Kusch-", "mierzsche Formel der Stadt."), "Kuschmierzsche Formel"),
        (("Le trou\u00e9 est un porte-", "monnaie pour les pi\u00e8ces."), "un porte-monnaie pour"),
        (("El trans-", "porte de los coches por la noche."), "El transporte de"),
    ],
)
def test_a_hyphen_is_told_by_the_words_of_its_language(parts: tuple[str, ...], said: str, shop: Workshop) -> None:
    text = shop.convert(lines(*parts), "pdf", "txt").file.read_text()

    assert said in " ".join(text.split())


@needs_dictionary
@pytest.mark.parametrize(
    ("text", "whole"),
    [
        ("Questa \u00e8 la tras\ufffeformazione della casa, non il libro\ufffecasa.", ["trasformazione", "libro-casa"]),
        ("Het is een ver\ufffetaling van het boek, niet met\ufffevoor.", ["vertaling", "met-voor"]),
        (
            "To jest t\u0142u\ufffemaczenie, ale nie dom\ufffeksi\u0105\u017cka.",
            ["t\u0142umaczenie", "dom-ksi\u0105\u017cka"],
        ),
        ("N\u00e3o \u00e9 uma tra\ufffedu\u00e7\u00e3o para os livro\ufffecasa.", ["tradu\u00e7\u00e3o", "livro-casa"]),
        (
            "Это не пере\ufffeвод, а дом\ufffeкнига и на.",  # noqa: RUF001
            ["перевод", "дом-книга"],
        ),
    ],
    ids=["it", "nl", "pl", "pt", "ru"],
)
def test_other_languages_have_their_words_too(text: str, whole: list[str]) -> None:
    assert [word for word in whole if word not in hyphens.mend(text)] == []


def test_a_form_that_only_adobe_shows_is_told_of(shop: Workshop) -> None:
    form = page(
        b"BT/F1 14 Tf 40 280 Td(Please wait...)Tj ET", form=b"/XFA(x)/Fields[]>>/NeedsRendering true/X<<", fields=" "
    )

    for target in ("png", "txt", "md"):
        assert shop.convert(form, "pdf", target).warnings == ["left_out"], target


def test_a_line_whose_order_is_not_known_is_told_of() -> None:
    said: list[Line] = []
    task = Task(InputFile("input", "a.pdf", "", "pdf", 1, ""), said.append)

    text = pdf_markdown._in_order(f"{HEBREW}\n\n{ARABIC}", HEBREW, task)

    assert text == f"{HEBREW}\n\n{ARABIC}"
    assert [(one.code, one.message[:9]) for one in said] == [("guessed", "Of 1 line")]


def test_a_text_tells_its_own_words(shop: Workshop) -> None:
    page = lines("zur-blik and grumlat, also zur-", "blik and grum-", "lat")

    assert "zur-blik and grumlat" in " ".join(shop.convert(page, "pdf", "txt").file.read_text().split())[20:]


def by_word_processor() -> bytes:
    made = docx.Document()
    for text in (HEBREW, ARABIC, *RIGHT, *MIXED):
        paragraph = made.add_paragraph()
        run = paragraph.add_run(text)
        if text[0].isascii() and text[0].isalpha():
            continue
        paragraph._p.get_or_add_pPr().append(OxmlElement("w:bidi"))
        run._r.get_or_add_rPr().append(OxmlElement("w:rtl"))
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()


def by_typst() -> bytes:
    return "\n\n".join((HEBREW, ARABIC, *(line.replace("[", "\\[") for line in (*RIGHT, *MIXED)))).encode()


@pytest.mark.parametrize(("source", "make"), [("docx", by_word_processor), ("md", by_typst)], ids=["docx", "md"])
@pytest.mark.parametrize("target", ["txt", "md", "docx", "html"])
def test_texts_that_run_from_the_right_are_read_from_the_right(
    source: str, make: Callable[[], bytes], target: str, shop: Workshop
) -> None:
    # given
    pages = shop.convert(make(), source, "pdf").file

    # when
    said = contents.text_of(shop.convert(pages, "pdf", target).file)

    # then
    words = "".join(said.replace("\\", "").split())
    assert [text for text in (HEBREW, ARABIC, *RIGHT, *MIXED) if text.replace(" ", "") not in words] == []


def test_a_table_that_runs_from_the_right_keeps_the_words_of_its_cells(shop: Workshop) -> None:
    # given
    cells = [
        "\u05e9\u05dd (\u05de\u05dc\u05d0)",
        "\u05e2\u05e8\u05da 2024",
        "\u05d0\u05d7\u05d3 (1)",
        "\u05e9\u05e0\u05d9",
    ]
    made = docx.Document()
    table = made.add_table(2, 2, style="Table Grid")
    for cell, text in zip((cell for row in table.rows for cell in row.cells), cells, strict=True):
        cell.paragraphs[0]._p.get_or_add_pPr().append(OxmlElement("w:bidi"))
        cell.paragraphs[0].add_run(text)._r.get_or_add_rPr().append(OxmlElement("w:rtl"))
    out = io.BytesIO()
    made.save(out)

    # when
    said = shop.convert(shop.convert(out.getvalue(), "docx", "pdf").file, "pdf", "txt").file.read_text()

    # then
    assert said.split("\n")[:2] == [f"{cells[1]} {cells[0]}", f"{cells[3]} {cells[2]}"]
