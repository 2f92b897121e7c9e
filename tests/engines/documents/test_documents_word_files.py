"""What pandoc would leave out of a docx: boxes, forms, parts of other formats, cuts of pictures, drawings."""

import io
import re
import zipfile

import docx
import pptx
import pytest

from tests.engines.documents import contents, word_parts
from tests.engines.documents.samples import Samples
from tests.engines.documents.word_parts import DECLARED, box, paragraph, run, saved
from tests.engines.documents.workshop import Workshop

MARKED_UP = ["md", "txt", "rtf", "epub", "html"]
CELL = "<w:tbl><w:tblPr/><w:tblGrid><w:gridCol/></w:tblGrid><w:tr><w:tc>{}</w:tc></w:tr></w:tbl>"


def words(text: str) -> list[str]:
    return re.findall(r"\w+", text)


@pytest.mark.parametrize("target", [*MARKED_UP, "odt"])
def test_a_box_of_text_and_the_paragraph_around_it_are_both_kept(target: str, shop: Workshop) -> None:
    made = saved(paragraph(run("own words"), box(paragraph(run("boxed")))), paragraph(run("behind")))

    said = words(contents.text_of(shop.convert(made, "docx", target).file))

    there = [said.count(one) for one in ("own", "words", "boxed", "behind")]
    assert there == [1, 1, 1, 1]


def test_boxes_may_stand_in_boxes_and_in_tables(shop: Workshop) -> None:
    inner = paragraph(run("outer "), box(paragraph(run("inner"))))
    made = saved(
        paragraph(run("host "), box(inner)), CELL.format(paragraph(run("cell "), box(paragraph(run("celled")))))
    )

    said = words(shop.convert(made, "docx", "txt").file.read_text())

    assert said == ["host", "outer", "inner", "cell", "celled"]


@pytest.mark.parametrize("source", ["odt", "doc", "rtf"])
def test_a_box_of_another_word_processor_is_kept(source: str, shop: Workshop, samples: Samples) -> None:
    made = saved(paragraph(run("own"), box(paragraph(run("boxed")))))

    said = words(shop.convert(samples.made_of(made, source), source, "txt").file.read_text())

    assert sorted(said) == ["boxed", "own"]


FIELD = '<w:r><w:fldChar w:fldCharType="{}">{}</w:fldChar></w:r>'
ENTRIES = '<w:listEntry w:val="one"/><w:listEntry w:val="two"/>'
LISTED = f'<w:ffData><w:ddList><w:result w:val="1"/>{ENTRIES}</w:ddList></w:ffData>'
TICKED = "<w:ffData><w:checkBox><w:default w:val='0'/><w:checked/></w:checkBox></w:ffData>"
READ = "<w:r><w:ruby><w:rt>{}</w:rt><w:rubyBase>{}</w:rubyBase></w:ruby></w:r>"


@pytest.mark.parametrize(
    ("inside", "said"),
    [
        ('<w:customXml w:uri="x" w:element="y">' + run("of a vocabulary") + "</w:customXml>", "of a vocabulary"),
        ('<w:bdo w:val="rtl">' + run("in a direction") + "</w:bdo>", "in a direction"),
        (READ.format(run("yomi"), run("base")), "base (yomi)"),
        ('<w:fldSimple w:instr="PAGEREF x">' + run("42") + "</w:fldSimple>", "42"),
        ('<w:r><w:pict><v:shape><v:textpath string="ornament"/></v:shape></w:pict></w:r>', "ornament"),
        (FIELD.format("begin", LISTED) + FIELD.format("end", ""), "two"),
        (FIELD.format("begin", TICKED) + FIELD.format("end", "") + run("done"), "\u2612 done"),
    ],
    ids=["vocabulary", "direction", "reading", "field", "ornament", "choice", "tick"],
)
def test_words_in_less_common_markup_are_words(inside: str, said: str, shop: Workshop) -> None:
    made = saved(paragraph(inside), f'<w:customXml w:uri="x" w:element="y">{paragraph(run("next"))}</w:customXml>')

    assert shop.convert(made, "docx", "txt").file.read_text().strip() == f"{said}\n\nnext"


CHART = (
    f"<c:chartSpace {DECLARED}><c:title><a:p><a:r><a:t>Yields</a:t></a:r></a:p></c:title><c:ser>"
    "<c:tx><c:v>Harvest</c:v></c:tx><c:cat><c:v>Apples</c:v><c:v>Pears</c:v></c:cat>"
    "<c:val><c:v>3.5</c:v><c:v>4.25</c:v></c:val></c:ser></c:chartSpace>"
)
DIAGRAM = (
    f"<dgm:dataModel {DECLARED}><dgm:pt><dgm:t><a:p><a:r><a:t>Sow</a:t></a:r></a:p></dgm:t></dgm:pt></dgm:dataModel>"
)


@pytest.mark.parametrize(
    ("kind", "reference", "content", "said"),
    [
        ("chart", '<c:chart r:id="{id}"/>', CHART, ["Yields", "Harvest: Apples 3.5, Pears 4.25"]),
        ("diagramData", '<dgm:relIds r:dm="{id}"/>', DIAGRAM, ["Sow"]),
    ],
)
def test_charts_and_diagrams_say_what_they_show(
    kind: str, reference: str, content: str, said: list[str], shop: Workshop
) -> None:
    made = shop.convert(word_parts.with_drawn(kind, reference, content), "docx", "txt").file

    assert made.read_text().split("\n\n") == ["before", *said, "behind\n"]


def chunk(kind: str) -> bytes:
    if kind == "docx":
        made = docx.Document()
        made.add_heading("Offer", 1)
        made.add_paragraph("4711 EUR", style="List Bullet")
        out = io.BytesIO()
        made.save(out)
        return out.getvalue()
    page = b"<html><body><h1>Offer</h1><ul><li>4711 EUR</li></ul><img src='http://example.org/a.png'></body></html>"
    return {
        "html": page,
        "txt": b"Offer\n\n4711 EUR\n",
        "rtf": rb"{\rtf1 Offer\par 4711 EUR\par}",
        "mht": b"MIME-Version: 1.0\nContent-Type: multipart/related; boundary=x\n\n--x\nContent-Type: text/html\n\n"
        + page
        + b"\n--x--\n",
    }[kind]


@pytest.mark.parametrize("kind", ["html", "txt", "rtf", "docx", "mht"])
def test_a_part_of_another_format_is_text_of_the_document(kind: str, shop: Workshop) -> None:
    made = word_parts.with_part(f"part.{kind}", chunk(kind))

    said = words(shop.convert(made, "docx", "txt").file.read_text())

    assert said == ["before", "Offer", "4711", "EUR", "behind"]


@pytest.mark.parametrize("target", ["pdf", "odt", "md"])
def test_such_a_part_is_there_in_every_target(target: str, shop: Workshop) -> None:
    made = word_parts.with_part("part.html", chunk("html"))

    assert {"before", "Offer", "4711", "behind"} <= contents.words_of(shop.convert(made, "docx", target).file)


def test_a_part_is_looked_at_as_a_file_is(shop: Workshop) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as bomb:
        bomb.writestr("[Content_Types].xml", "")
        bomb.writestr("word/document.xml", b"\0" * (80 << 20))

    code, message, _ = shop.refusal(word_parts.with_part("part.docx", out.getvalue()), "docx", "txt")

    assert (code, "It unpacks to 80 MiB" in message) == ("bad_file", True)


def test_a_part_that_cannot_be_read_is_told(shop: Workshop) -> None:
    result = shop.convert(word_parts.with_part("part.bin", b"\0\1"), "docx", "txt")

    assert words(result.file.read_text()) == ["before", "behind"]
    assert result.warnings == ["left_out"]


def test_a_part_of_messages_in_one_another_is_told_too(shop: Workshop) -> None:
    inner = "".join(f"Content-Type: multipart/mixed; boundary=b{n}\n\n--b{n}\n" for n in range(1_500))
    made = word_parts.with_part("part.mht", f"MIME-Version: 1.0\n{inner}Content-Type: text/html\n\n<p>x</p>".encode())

    result = shop.convert(made, "docx", "txt")

    assert words(result.file.read_text()) == ["before", "behind"]
    assert result.warnings == ["left_out"]


@pytest.mark.parametrize("target", MARKED_UP[:1] + MARKED_UP[2:])
@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF"])
def test_a_picture_is_cut_as_its_document_says(kind: str, target: str, shop: Workshop) -> None:
    made = word_parts.with_picture(word_parts.halves(kind), f"image1.{kind.lower()}", cut='r="50000"')

    (drawn,) = contents.drawn_in(shop.convert(made, "docx", target).file)

    assert drawn.size == (40, 40)
    assert all(one[0] > 200 and one[2] < 60 for one in (drawn.getpixel((1, 20)), drawn.getpixel((37, 20))))


def test_a_picture_may_be_cut_on_every_side(shop: Workshop) -> None:
    made = word_parts.with_picture(word_parts.halves(), "image1.png", cut='l="50000" t="25000" r="25000" b="50000"')

    (drawn,) = contents.drawn_in(shop.convert(made, "docx", "html").file)

    assert (drawn.size, drawn.getpixel((5, 5))) == ((20, 10), (0, 0, 255))


@pytest.mark.parametrize("source", ["odt", "doc"])
def test_a_picture_of_another_word_processor_is_cut_too(source: str, shop: Workshop, samples: Samples) -> None:
    made = samples.made_of(word_parts.with_picture(word_parts.halves(), "image1.png", cut='r="50000"'), source)

    (drawn,) = contents.drawn_in(shop.convert(made, source, "html").file)

    assert (drawn.size, drawn.getpixel((35, 20))) == ((40, 40), (255, 0, 0))


@pytest.mark.parametrize(("cut", "warnings"), [(600, ["left_out"]), (0, [])])
def test_a_picture_of_an_rtf_that_is_not_cut_is_told(cut: int, warnings: list[str], shop: Workshop) -> None:
    size = rb"\picw80\pich40\picwgoal1200\pichgoal600\piccropl0\piccropr%d " % cut
    content = (
        rb"{\rtf1 {\pict{\*\picprop{\sp{\sn x}{\sv 1}}}"
        + size
        + rb"\pngblip "
        + word_parts.halves().hex().encode()
        + b"}}"
    )

    assert shop.convert(content, "rtf", "pdf").warnings == warnings


@pytest.mark.parametrize("target", ["html", "md", "epub", "rtf"])
@pytest.mark.parametrize("kind", ["emf", "tiff", "bmp"])
def test_a_picture_is_one_that_browsers_show(kind: str, target: str, shop: Workshop) -> None:
    content = word_parts.emf() if kind == "emf" else word_parts.halves(kind.upper())

    made = shop.convert(word_parts.with_picture(content, f"image1.{kind}"), "docx", target)

    (drawn,) = contents.drawn_in(made.file)
    assert drawn.getpixel((5, 5)) == ((0, 255, 0) if kind == "emf" else (255, 0, 0))
    assert drawn.size == ((378, 189) if kind == "emf" else (80, 40))
    assert made.warnings == []
    if target in ("html", "md"):
        assert b"data:image/png" in made.file.read_bytes()


@pytest.mark.parametrize("target", ["html", "md", "epub"])
def test_pictures_of_slides_are_shown_alike(target: str, shop: Workshop) -> None:
    # given
    made = pptx.Presentation()
    slide = made.slides.add_slide(made.slide_layouts[6])
    for content, name in ((word_parts.halves(), "cut"), (word_parts.halves("TIFF"), "whole")):
        shape = slide.shapes.add_picture(io.BytesIO(content), 0, 0)
        shape.crop_left = 0.5 if name == "cut" else 0
    out = io.BytesIO()
    made.save(out)

    # when
    drawn = contents.drawn_in(shop.convert(out.getvalue(), "pptx", target).file)

    # then
    assert sorted((one.size, one.getpixel((5, 5))) for one in drawn) == [
        ((40, 40), (0, 0, 255)),
        ((80, 40), (255, 0, 0)),
    ]


def test_a_drawing_that_is_damaged_is_told(shop: Workshop) -> None:
    result = shop.convert(word_parts.with_picture(b"no drawing", "image1.emf"), "docx", "html")

    assert contents.drawn_in(result.file) == []
    assert result.warnings == ["left_out"]
