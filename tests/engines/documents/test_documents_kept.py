"""What is kept besides words and structure: pages, notes, results of formulas, digits."""

import zipfile

import pytest

from filemill.engines.documents import routes
from tests.engines.documents import contents
from tests.engines.documents.samples import TITLE, Samples
from tests.engines.documents.workshop import Workshop


def test_pages_stay_pages(shop: Workshop, samples: Samples) -> None:
    assert contents.pages_of(shop.convert(samples.of("docx"), "docx", "pdf").file) == 2
    assert contents.pages_of(shop.convert(samples.of("pptx"), "pptx", "pdf").file) == 2
    assert contents.pages_of(shop.convert(samples.of("docx"), "docx", "png").file) == 2
    assert contents.text_of(shop.convert(samples.of("pdf"), "pdf", "txt").file).count("\f") == 1


@pytest.mark.parametrize("target", ["txt", "md", "html", "epub"])
@pytest.mark.parametrize("source", ["pptx", "odp", "ppt"])
def test_notes_of_slides_are_kept(source: str, target: str, shop: Workshop, samples: Samples) -> None:
    made = shop.convert(samples.of(source), source, target).file

    assert "volunteers" in contents.text_of(made)


@pytest.mark.parametrize("target", ["xlsx", "ods", "csv", "html", "md", "txt", "pdf"])
@pytest.mark.parametrize("source", ["xlsx", "ods", "xls"])
def test_formulas_are_worked_out(source: str, target: str, shop: Workshop, samples: Samples) -> None:
    if (source, target) not in routes.ROUTES:
        return
    result = shop.convert(samples.of(source), source, target)

    assert "2230" in contents.text_of(result.file)
    assert result.warnings == (["left_out"] if target == "csv" else [])


@pytest.mark.parametrize("target", ["xlsx", "ods", "html", "md", "txt", "pdf"])
def test_no_digit_of_a_csv_is_lost(target: str, shop: Workshop, samples: Samples) -> None:
    text = contents.text_of(shop.convert(samples.of("csv"), "csv", target).file)

    assert "00123" in text
    assert ("1.5" if target == "xlsx" else "1.50") in text


def test_an_epub_has_the_title_of_its_document_or_the_name_of_its_file(shop: Workshop, samples: Samples) -> None:
    titled = shop.convert(samples.of("html"), "html", "epub").file
    named = shop.convert(samples.of("txt"), "txt", "epub").file

    for path, title in ((titled, TITLE), (named, "sample")):
        with zipfile.ZipFile(path) as archive:
            assert f">{title}</dc:title>" in archive.read("EPUB/content.opf").decode()


def test_transparency_becomes_white(shop: Workshop) -> None:
    clear = b'<svg xmlns="http://www.w3.org/2000/svg" width="40" height="40"/>'

    (drawn,) = contents.drawn_in(shop.convert(clear, "svg", "jpg").file)

    assert drawn.getpixel((5, 5)) == (255, 255, 255)
