"""Pictures: turned upright, moving ones, pages, colours of all kinds."""

import io

import pytest
from PIL import Image

from tests.engines.documents import contents
from tests.engines.documents.samples import picture
from tests.engines.documents.workshop import Workshop


def saved(image: Image.Image, kind: str, **how: object) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **how)
    return out.getvalue()


def moving(kind: str, frames: int = 3) -> bytes:
    first, *others = (Image.new("RGB", (30, 20), (80 * n, 0, 0)) for n in range(frames))
    return saved(first, kind, save_all=True, append_images=others, duration=50)


@pytest.mark.parametrize("target", ["png", "webp", "pdf"])
def test_a_photograph_is_turned_upright(target: str, shop: Workshop) -> None:
    # given
    notes = Image.Exif()
    notes[0x0112] = 6  # held on its side
    photograph = saved(Image.new("RGB", (40, 20), "red"), "JPEG", exif=notes)

    # when
    (drawn,) = contents.drawn_in(shop.convert(photograph, "jpg", target).file)

    # then
    assert drawn.width < drawn.height


def test_notes_of_the_camera_are_left_out(shop: Workshop) -> None:
    notes = Image.Exif()
    notes[0x010F] = "a camera with a number"

    made = shop.convert(saved(Image.new("RGB", (9, 9)), "JPEG", exif=notes), "jpg", "png").file

    assert b"a camera" not in made.read_bytes()


@pytest.mark.parametrize(("source", "target"), [("gif", "webp"), ("webp", "gif"), ("gif", "tiff"), ("tiff", "gif")])
def test_all_pictures_of_several_are_kept(source: str, target: str, shop: Workshop) -> None:
    made = shop.convert(moving(source.upper()), source, target).file

    with Image.open(made) as opened:
        assert getattr(opened, "n_frames", 1) == 3


@pytest.mark.parametrize("target", ["jpg", "png", "bmp", "pdf"])
def test_a_moving_picture_stands_still_and_that_is_told(target: str, shop: Workshop) -> None:
    result = shop.convert(moving("GIF"), "gif", target)

    assert len(contents.drawn_in(result.file)) == 1
    assert result.warnings == ["left_out"]


def test_pages_of_a_tiff_are_pages(shop: Workshop) -> None:
    assert contents.pages_of(shop.convert(moving("TIFF"), "tiff", "pdf").file) == 3
    assert len(contents.drawn_in(shop.convert(moving("TIFF"), "tiff", "png").file)) == 3


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"])
@pytest.mark.parametrize("target", ["jpg", "webp", "gif", "tiff", "bmp", "pdf"])
def test_every_kind_of_colour_can_be_written(mode: str, target: str, shop: Workshop) -> None:
    white = Image.new("I;16", (32, 32), 65535) if mode == "I;16" else Image.new("RGB", (32, 32), "white").convert(mode)

    (drawn,) = contents.drawn_in(shop.convert(saved(white, "PNG"), "png", target).file)

    assert min(drawn.getpixel((16, 16))) > 250


def test_ink_becomes_light(shop: Workshop) -> None:
    ink = saved(Image.new("CMYK", (32, 32), (0, 0, 0, 0)), "JPEG")

    (drawn,) = contents.drawn_in(shop.convert(ink, "jpg", "png").file)

    assert min(drawn.getpixel((16, 16))) > 250


def test_a_jpeg_lies_in_a_pdf_as_it_is(shop: Workshop) -> None:
    photograph = picture("JPEG")

    assert photograph in shop.convert(photograph, "jpg", "pdf").file.read_bytes()
