"""Pictures whose pixels are numbers, of 16 or 32 bits or with fractions, are seen, and what is guessed is told."""

import io
import math

import pytest
from PIL import Image

from tests.engines.documents import contents
from tests.engines.documents.drawings import fine_colours, numbers, saved
from tests.engines.documents.workshop import Workshop


def greys(picture: Image.Image) -> list[int]:
    grey = picture.convert("RGB").convert("L")
    return [grey.getpixel((x + grey.height // 2, grey.height // 2)) for x in range(0, grey.width, grey.height)]


@pytest.mark.parametrize("target", ["jpg", "png", "webp", "gif", "bmp", "pdf"])
@pytest.mark.parametrize(
    ("mode", "values", "seen"),
    [
        ("F", (0, 0.5, 1), (0, 128, 255)),
        ("F", (0, 100.4, 200), (0, 100, 200)),
        ("F", (0, math.nan, 1), (0, 0, 255)),
        ("F", (math.nan, math.nan, math.nan), (0, 0, 0)),
        ("I", (0, 100, 200), (0, 100, 200)),
    ],
)
def test_numbers_that_a_convention_tells_of_are_brightness(
    mode: str, values: tuple[float, ...], seen: tuple[int, ...], target: str, shop: Workshop
) -> None:
    result = shop.convert(numbers(mode, *values), "tiff", target)

    (drawn,) = contents.drawn_in(result.file)
    assert greys(drawn) == pytest.approx(seen, abs=3)
    assert result.warnings == []


@pytest.mark.parametrize(
    ("mode", "values", "seen", "told"),
    [
        ("F", (-5, 0, 5), (0, 128, 255), "from -5, shown black, to 5, shown white"),
        ("F", (-0.01, 0.5, 1.01), (0, 128, 255), "from -0.01, shown black, to 1.01, shown white"),
        ("F", (280, math.inf, 300), (0, 0, 255), "from 280, shown black, to 300, shown white"),
        ("F", (-3.4e38, 2, 8), (0, 0, 255), "from 2, shown black, to 8, shown white"),
        ("I", (-1000, 1000, 3000), (0, 128, 255), "from -1000, shown black, to 3000, shown white"),
        ("I", (0, 1, 100_000), (0, 0, 255), "from 0, shown black, to 100000, shown white"),
    ],
)
def test_other_numbers_are_seen_from_the_least_to_the_greatest_and_that_is_told(
    mode: str, values: tuple[float, ...], seen: tuple[int, ...], told: str, shop: Workshop
) -> None:
    result = shop.convert(numbers(mode, *values), "tiff", "png")

    assert greys(contents.drawn_in(result.file)[0]) == pytest.approx(seen, abs=3)
    assert result.warnings == ["guessed"]
    assert told in next(line.message for line in result.said if getattr(line, "code", "") == "guessed")


@pytest.mark.parametrize("mode", ["I;16", "F"])
@pytest.mark.parametrize("target", ["jpg", "webp", "pdf"])
def test_where_zero_is_white_it_is_seen_white(mode: str, target: str, shop: Workshop) -> None:
    full = 65_535 if mode == "I;16" else 1

    made = shop.convert(numbers(mode, 0, full, zero_is="white"), "tiff", target).file

    assert greys(contents.drawn_in(made)[0]) == pytest.approx((255, 0), abs=3)


def test_sixteen_bits_of_grey_stay_sixteen(shop: Workshop) -> None:
    made = shop.convert(numbers("I;16", 1, 300, 65_535), "tiff", "png").file

    with Image.open(made) as opened:
        assert [opened.getpixel((x, 4)) for x in (4, 12, 20)] == [1, 300, 65_535]


def test_a_clear_number_of_sixteen_bits_stays_clear(shop: Workshop) -> None:
    with Image.open(io.BytesIO(numbers("I;16", 30_000, 65_535))) as picture:
        clear = saved(picture, "PNG", transparency=65_535)

    made = shop.convert(clear, "png", "tiff").file

    with Image.open(made) as opened:
        assert (opened.getpixel((4, 4)), opened.getpixel((12, 4))[1]) == ((117, 255), 0)


def test_pages_of_numbers_are_each_seen(shop: Workshop) -> None:
    first, second = Image.new("F", (8, 8), 1), Image.new("F", (8, 8), 0.5)
    pages = saved(first, "TIFF", save_all=True, append_images=[second])

    packed = contents.drawn_in(shop.convert(pages, "tiff", "png").file)
    moving = shop.convert(pages, "tiff", "gif").file

    assert [greys(page) for page in packed] == [[255], [128]]
    with Image.open(moving) as opened:
        opened.seek(1)
        assert greys(opened.convert("RGB")) == [128]


@pytest.mark.parametrize("target", ["tiff", "jpg"])
def test_fine_colours_become_coarser_and_that_is_told_where_it_matters(target: str, shop: Workshop) -> None:
    result = shop.convert(fine_colours((0x8000, 0x4000, 0x2000)), "png", target)

    assert contents.drawn_in(result.file)[0].getpixel((4, 4)) == pytest.approx((128, 64, 32), abs=3)
    assert result.warnings == (["left_out"] if target == "tiff" else [])
