"""Colours mean in the result what they meant in the picture: by their profile, with it or without."""

import io

import pytest
from PIL import Image, ImageCms

from tests.engines.documents import contents, profiles
from tests.engines.documents.drawings import saved
from tests.engines.documents.workshop import Workshop

RED, GREEN = (255, 0, 0), (0, 255, 0)


def shown(picture: Image.Image, at: tuple[int, int] = (16, 16)) -> tuple[int, ...]:
    """A pixel as a viewer that heeds profiles shows it."""
    data = picture.info.get("icc_profile")
    if data is None:
        return picture.convert("RGB").getpixel(at)
    profile = ImageCms.ImageCmsProfile(io.BytesIO(data))
    plain = picture.convert({"GRAY": "L", "CMYK": "CMYK"}.get(profile.profile.xcolor_space, "RGB"))
    return ImageCms.profileToProfile(plain, profile, ImageCms.createProfile("sRGB"), outputMode="RGB").getpixel(at)


def space(picture: Image.Image) -> str | None:
    data = picture.info.get("icc_profile")
    return ImageCms.ImageCmsProfile(io.BytesIO(data)).profile.xcolor_space.strip() if data else None


def is_near(one: tuple[int, ...], other: tuple[int, ...], by: int = 6) -> bool:
    return all(abs(a - b) <= by for a, b in zip(one, other, strict=True))


@pytest.mark.parametrize(
    ("target", "kept"), [("png", None), ("webp", None), ("gif", None), ("bmp", None), ("tiff", "CMYK")]
)
def test_ink_is_seen_as_its_profile_says(target: str, kept: str | None, shop: Workshop) -> None:
    ink = saved(Image.new("CMYK", (32, 32), (255, 0, 0, 0)), "JPEG", icc_profile=profiles.ink())

    made = contents.picture_in(shop.convert(ink, "jpg", target).file)

    assert is_near(shown(made), (0, 149, 215))
    assert space(made) == kept


def test_ink_of_a_tiff_is_seen_as_its_profile_says_on_a_page(shop: Workshop) -> None:
    ink = saved(Image.new("CMYK", (32, 32), (255, 0, 0, 0)), "TIFF", icc_profile=profiles.ink())

    (drawn,) = contents.drawn_in(shop.convert(ink, "tiff", "pdf").file)

    assert is_near(drawn.getpixel((16, 16)), (0, 149, 215))


@pytest.mark.parametrize("source", ["jpg", "png", "tiff"])
@pytest.mark.parametrize("target", ["jpg", "png", "webp", "gif", "tiff", "bmp"])
def test_grey_is_as_light_as_its_profile_says(source: str, target: str, shop: Workshop) -> None:
    # given
    if source == target:
        return
    kind = {"jpg": "JPEG"}.get(source, source.upper())
    grey = saved(Image.new("L", (32, 32), 128), kind, icc_profile=profiles.even_grey())

    # when
    result = shop.convert(grey, source, target)

    # then
    made = contents.picture_in(result.file)
    assert is_near(shown(made), (188, 188, 188))
    assert space(made) in (None, "GRAY" if made.mode == "L" else "RGB")
    assert result.warnings == []


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "P"])
@pytest.mark.parametrize("target", ["jpg", "webp", "gif", "tiff", "bmp", "pdf"])
def test_a_foreign_screen_is_seen_as_its_profile_says(mode: str, target: str, shop: Workshop) -> None:
    # given what shines green by its profile
    screen = saved(Image.new("RGB", (32, 32), RED).convert(mode), "PNG", icc_profile=profiles.red_is_green())

    # when
    made = shop.convert(screen, "png", target).file

    # then
    seen = contents.drawn_in(made)[0].getpixel((16, 16)) if target == "pdf" else shown(contents.picture_in(made))
    assert is_near(seen, GREEN, by=12)


def test_a_clear_colour_stays_clear_where_colours_are_worked_out_anew(shop: Workshop) -> None:
    screen = Image.new("RGB", (32, 32), RED)
    screen.paste((0, 0, 200), (0, 0, 16, 32))

    made = shop.convert(saved(screen, "PNG", icc_profile=profiles.red_is_green(), transparency=RED), "png", "gif").file

    assert contents.picture_in(made).convert("RGBA").getpixel((24, 16))[3] == 0


@pytest.mark.parametrize("target", ["png", "webp", "pdf"])
@pytest.mark.parametrize("profile", [profiles.red_is_green(), profiles.even_grey()[:140], b"no profile"])
def test_a_profile_for_other_colours_or_a_damaged_one_is_left_out_and_that_is_told(
    profile: bytes, target: str, shop: Workshop
) -> None:
    grey = saved(Image.new("L", (32, 32), 128), "JPEG", icc_profile=profile)

    result = shop.convert(grey, "jpg", target)

    assert is_near(contents.drawn_in(result.file)[0].getpixel((16, 16)), (128, 128, 128))
    assert result.warnings == ["left_out"]
    assert b"ICCBased" not in result.file.read_bytes()


def test_the_colours_of_a_wrongly_profiled_ink_are_those_of_bare_arithmetic(shop: Workshop) -> None:
    ink = saved(Image.new("CMYK", (32, 32), (255, 0, 0, 0)), "JPEG", icc_profile=profiles.even_grey())

    result = shop.convert(ink, "jpg", "png")

    assert is_near(contents.picture_in(result.file).getpixel((16, 16)), (0, 255, 255))
    assert result.warnings == ["left_out"]


def test_each_picture_of_a_moving_one_has_its_colours(shop: Workshop) -> None:
    first, second = Image.new("RGB", (32, 32), RED), Image.new("RGB", (32, 32), "black")
    moves = saved(
        first, "WEBP", save_all=True, append_images=[second], icc_profile=profiles.red_is_green(), lossless=True
    )

    with_profile = contents.picture_in(shop.convert(moves, "webp", "tiff").file)
    without = contents.picture_in(shop.convert(moves, "webp", "gif").file)

    assert is_near(shown(with_profile), GREEN, by=12)
    assert is_near(shown(without), GREEN, by=12)


def test_lightness_and_two_contrasts_become_colours(shop: Workshop) -> None:
    # given red as L*a*b* has it
    red = Image.frombytes("LAB", (32, 32), bytes((136, 80, 67)) * 1024)

    # when
    made = shop.convert(saved(red, "TIFF"), "tiff", "png").file

    # then
    assert is_near(contents.picture_in(made).getpixel((16, 16)), RED, by=15)
