"""Pictures: turned upright, moving ones, pages, colours of all kinds."""

import base64
import io

import pillow_heif
import pypdfium2
import pytest
from PIL import Image, ImageOps, ImageSequence
from PIL.ExifTags import Base

from filemill.engines.documents import pictures
from tests.engines.documents import contents, hostile
from tests.engines.documents.drawings import moving, saved
from tests.engines.documents.samples import PILLOW, picture
from tests.engines.documents.workshop import Workshop


@pytest.mark.parametrize("held", range(10))
@pytest.mark.parametrize("source", ["jpg", "png", "webp", "tiff"])
@pytest.mark.parametrize("target", ["bmp", "pdf"])
def test_a_photograph_is_upright_however_the_camera_was_held(
    held: int, source: str, target: str, shop: Workshop
) -> None:
    # given a picture with another colour in each corner
    photograph = Image.new("RGB", (80, 40), "black")
    for colour, corner in (("red", (0, 0)), ("lime", (64, 0)), ("blue", (0, 24))):
        photograph.paste(colour, (*corner, corner[0] + 16, corner[1] + 16))
    notes = Image.Exif()
    notes[Base.Orientation] = held
    how = {"lossless": True} if source == "webp" else {}
    content = saved(photograph, PILLOW[source], exif=notes, dpi=(72, 72), **how)

    # when
    made = shop.convert(content, source, target).file

    # then
    (drawn,) = contents.drawn_in(made)
    scale = drawn.width / (80 if held not in (5, 6, 7, 8) else 40)
    turned = ImageOps.exif_transpose(Image.open(io.BytesIO(content))).convert("RGB")
    assert drawn.size == (round(turned.width * scale), round(turned.height * scale))
    for x, y in ((8, 8), (-8, 8), (8, -8), (-8, -8)):
        there = (round(x % turned.width * scale), round(y % turned.height * scale))
        assert drawn.getpixel(there) == pytest.approx(turned.getpixel((x % turned.width, y % turned.height)), abs=8)


@pytest.mark.parametrize("held", [2, 6])
def test_a_photograph_that_is_turned_lies_in_a_pdf_as_it_is(held: int, shop: Workshop) -> None:
    notes = Image.Exif()
    notes[Base.Orientation] = held
    photograph = saved(Image.new("RGB", (40, 20), "red"), "JPEG", exif=notes)

    assert photograph in shop.convert(photograph, "jpg", "pdf").file.read_bytes()


def test_dots_that_are_no_squares_turn_with_the_picture(shop: Workshop) -> None:
    notes = Image.Exif()
    notes[Base.Orientation] = 6
    fax = saved(Image.new("L", (40, 20)), "JPEG", exif=notes, dpi=(204, 98))

    made = shop.convert(fax, "jpg", "png").file

    with Image.open(made) as opened:
        assert opened.info["dpi"] == pytest.approx((98, 204), abs=0.1)


@pytest.mark.parametrize(
    ("size", "target", "becomes"),
    [
        ((60, 20_000), "webp", (49, 16_383)),
        ((70_000, 10), "jpg", (65_500, 9)),
        ((70_000, 10), "gif", (65_535, 9)),
        ((1, 70_000), "webp", (1, 16_383)),
    ],
)
def test_a_picture_too_long_for_a_format_is_drawn_smaller_and_that_is_told(
    size: tuple[int, int], target: str, becomes: tuple[int, int], shop: Workshop
) -> None:
    result = shop.convert(saved(Image.new("RGB", size), "PNG", dpi=(100, 100)), "png", target)

    assert contents.size_of(result.file) == becomes
    assert result.warnings == ["left_out"]
    assert f"{max(becomes):,} pixels long" in result.said[-2].message


@pytest.mark.parametrize("target", ["png", "bmp", "gif"])
def test_a_long_picture_stays_as_long_where_the_format_can(target: str, shop: Workshop) -> None:
    long = saved(Image.new("1", (65_535, 10), 1), "TIFF")

    result = shop.convert(long, "tiff", target)

    assert result.warnings == []
    assert contents.size_of(result.file) == (65_535, 10)


@pytest.mark.parametrize(
    ("size", "page"),
    [((1, 1), (3, 3)), ((2, 400), (3, 300)), ((20_000, 2_000), (14_400, 1_440)), ((70_000, 10), (14_400, 3))],
)
def test_a_page_is_no_smaller_or_larger_than_a_pdf_can_have(
    size: tuple[int, int], page: tuple[int, int], shop: Workshop
) -> None:
    made = shop.convert(saved(Image.new("1", size), "PNG"), "png", "pdf").file

    (drawn,) = pypdfium2.PdfDocument(made)
    assert drawn.get_size() == pytest.approx(page)


def test_pages_too_long_for_a_format_are_told_of_once(shop: Workshop) -> None:
    long = Image.new("1", (4, 20_000), 1)

    result = shop.convert(saved(long, "TIFF", save_all=True, append_images=[long, long]), "tiff", "webp")

    assert {page.size for page in contents.drawn_in(result.file)} == {(3, 16_383)}
    assert result.warnings == ["left_out"]


@pytest.mark.parametrize("target", ["webp", "jpg"])
def test_a_page_too_long_for_a_format_is_drawn_with_fewer_dots(target: str, shop: Workshop) -> None:
    roll = hostile.pages(1).replace(b"[0 0 99 99]", b"[0 0 60 40000]")

    made = shop.convert(roll, "pdf", target).file

    assert 16_000 < contents.size_of(made)[1] <= pictures.MOST_SIDE[target]


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


@pytest.mark.parametrize("first_is_smaller", [True, False])
def test_pages_of_several_sizes_move_each_whole_and_alone(first_is_smaller: bool, shop: Workshop) -> None:
    # given
    small, large = Image.new("RGB", (20, 20), "red"), Image.new("RGB", (60, 40), "blue")
    first, second = (small, large) if first_is_smaller else (large, small)
    pages = saved(first, "TIFF", save_all=True, append_images=[second])

    # when
    made = shop.convert(pages, "tiff", "gif").file

    # then
    with Image.open(made) as opened:
        seen = [frame.convert("RGB") for frame in ImageSequence.Iterator(opened)]
    alone, whole = seen if first_is_smaller else reversed(seen)
    assert {alone.size, whole.size} == {(60, 40)}
    assert whole.getcolors() == [(2400, (0, 0, 255))]
    assert dict(map(reversed, alone.getcolors())) == {(255, 0, 0): 400, (255, 255, 255): 2000}


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


@pytest.mark.parametrize("held", [2, 6])
@pytest.mark.parametrize(("source", "target"), [("html", "pdf"), ("html", "docx"), ("md", "html"), ("md", "pdf")])
def test_a_photograph_in_a_page_is_upright(held: int, source: str, target: str, shop: Workshop) -> None:
    # given one that is red where its first corner lies
    photograph = Image.new("RGB", (80, 40), "blue")
    photograph.paste("red", (0, 0, 24, 24))
    notes = Image.Exif()
    notes[Base.Orientation] = held
    address = f"data:image/jpeg;base64,{base64.b64encode(saved(photograph, 'JPEG', exif=notes)).decode()}"

    # when
    made = shop.convert(f'<p>Words</p><img src="{address}">\n'.encode(), source, target).file

    # then
    (drawn,) = contents.drawn_in(made) if target in ("pdf", "html") else contents.unpacked(made)
    red, blue = (contents.place_of(drawn, colour) for colour in ((255, 0, 0), (0, 0, 255)))
    assert (red[0] > blue[0], red[1] < blue[1]) == (True, True)
    assert blue[2] > blue[3] if held == 2 else blue[3] > blue[2]


def test_a_page_with_a_picture_of_too_many_pixels_is_refused(shop: Workshop) -> None:
    huge = base64.b64encode(hostile.png(30_000, 30_000)).decode()

    code, message, _ = shop.refusal(f'<img src="data:image/png;base64,{huge}">'.encode(), "html", "docx")

    assert code == "bad_file"
    assert "30,000 by 30,000 pixels" in message


def test_a_picture_in_a_page_stays_where_it_lies_elsewhere_as_well(shop: Workshop) -> None:
    inside = base64.b64encode(saved(Image.new("RGB", (8, 8), "red"), "PNG")).decode()
    page = f'<img src="data:image/png;base64,{inside}" srcset="https://example.org/x.png 2x" alt="x">'

    result = shop.convert(page.encode(), "html", "md")

    assert len(contents.drawn_in(result.file)) == 1
    assert result.warnings == ["left_out"]
