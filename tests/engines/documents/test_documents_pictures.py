"""Pictures: turned upright, moving ones, pages, colours of all kinds."""

import io

import pillow_heif
import pytest
from PIL import Image, ImageSequence

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


@pytest.mark.parametrize("target", ["bmp", "tiff", "jpg", "pdf"])
def test_a_clear_colour_is_not_seen_where_it_is_none(target: str, shop: Workshop) -> None:
    clear = Image.new("P", (32, 32), 0)
    clear.putpalette([200, 0, 0] * 256)

    with_it = shop.convert(saved(clear, "PNG", transparency=0), "png", target).file

    if target == "tiff":
        with Image.open(with_it) as opened:
            assert opened.getpixel((16, 16))[3] == 0
    else:
        assert min(contents.drawn_in(with_it)[0].getpixel((16, 16))) > 250


def test_sixteen_bits_may_stand_in_either_order(shop: Workshop) -> None:
    big = Image.frombytes("I;16B", (32, 32), b"\xff\x00" * 1024)

    (drawn,) = contents.drawn_in(shop.convert(saved(big, "TIFF"), "tiff", "jpg").file)

    assert min(drawn.getpixel((16, 16))) > 250


def test_a_tiff_without_a_resolution_makes_no_page_of_yards(shop: Workshop) -> None:
    made = shop.convert(saved(Image.new("RGB", (400, 300)), "TIFF"), "tiff", "pdf").file

    assert contents.drawn_in(made)[0].size == (300, 225)


@pytest.mark.parametrize("target", ["png", "webp", "gif", "tiff", "pdf"])
def test_what_lies_beside_a_photograph_is_no_movement(target: str, shop: Workshop) -> None:
    photograph, preview = Image.new("RGB", (40, 20), "red"), Image.new("RGB", (8, 4), "blue")
    both = saved(photograph, "MPO", save_all=True, append_images=[preview])

    result = shop.convert(both, "jpg", target)

    (drawn,) = contents.drawn_in(result.file)
    assert drawn.getpixel((10, 10))[0] > 200
    assert result.warnings == ["left_out"]


def test_the_main_picture_of_a_heic_is_taken(shop: Workshop) -> None:
    several = pillow_heif.from_pillow(Image.new("RGB", (64, 64), "blue"))
    several.add_from_pillow(Image.new("RGB", (64, 64), "red"))
    out = io.BytesIO()
    several.save(out, primary_index=1)

    result = shop.convert(out.getvalue(), "heic", "pdf")

    (drawn,) = contents.drawn_in(result.file)
    assert drawn.getpixel((10, 10))[0] > 200
    assert result.warnings == ["left_out"]


def test_each_picture_lasts_as_long_as_it_did(shop: Workshop) -> None:
    first, *others = (Image.new("RGB", (30, 20), (80 * n, 0, 0)) for n in range(3))
    lasted = [50, 100, 200]
    moves = saved(first, "WEBP", save_all=True, append_images=others, duration=lasted)

    made = shop.convert(moves, "webp", "gif").file

    with Image.open(made) as opened:
        assert [frame.info["duration"] for frame in ImageSequence.Iterator(opened)] == lasted
