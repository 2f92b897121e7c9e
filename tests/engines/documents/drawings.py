"""Pictures made for a test, as the bytes of a file."""

import io
import struct
import zlib

from PIL import Image

_PACKED = {"I;16": "H", "I": "i", "F": "f"}


def saved(image: Image.Image, kind: str, **how: object) -> bytes:
    """A picture as a file of a kind, by Pillow's name."""
    out = io.BytesIO()
    image.save(out, kind, **how)
    return out.getvalue()


def moving(kind: str, frames: int = 3) -> bytes:
    """Pictures one after another, or pages."""
    first, *others = (Image.new("RGB", (30, 20), (80 * n, 0, 0)) for n in range(frames))
    return saved(first, kind, save_all=True, append_images=others, duration=50)


def numbers(mode: str, *values: float, zero_is: str = "black") -> bytes:
    """A tiff of numbers, side by side, each 8 pixels wide."""
    packed = struct.pack(f"<{len(values)}{_PACKED[mode]}", *values)
    size = len(packed) // len(values)
    row = b"".join(packed[at : at + size] * 8 for at in range(0, len(packed), size))
    picture = Image.frombytes(mode, (8 * len(values), 8), row * 8)
    content = bytearray(saved(picture, "TIFF"))
    if zero_is == "white":
        content[content.index(struct.pack("<HHI", 262, 3, 1)) + 8] = 0
    return bytes(content)


def fine_colours(colour: tuple[int, int, int], side: int = 8) -> bytes:
    """A png of one colour with 16 bits for each of its parts, which Pillow does not write."""
    rows = (b"\0" + struct.pack(">3H", *colour) * side) * side
    parts = (
        (b"IHDR", struct.pack(">IIBBBBB", side, side, 16, 2, 0, 0, 0)),
        (b"IDAT", zlib.compress(rows)),
        (b"IEND", b""),
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in parts
    )
