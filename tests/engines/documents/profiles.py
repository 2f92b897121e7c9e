"""Colour profiles of a few hundred bytes, whose colours nobody takes for those of a screen."""

import struct

_GREEN, _RED, _BLUE = (0.3851, 0.7169, 0.0971), (0.4360, 0.2225, 0.0139), (0.1431, 0.0606, 0.7141)
_WHITE = (0.9642, 1.0, 0.8249)
INK_CYAN = (55, -37, -50)
"""The cyan of printers, in L*a*b*: about (0, 149, 215) on a screen, far from the (0, 255, 255) of bare arithmetic."""


def red_is_green() -> bytes:
    """A profile of a screen whose first channel shines green, and its second red."""
    curve = _gamma(2.2)
    shines = {b"rXYZ": _xyz(_GREEN), b"gXYZ": _xyz(_RED), b"bXYZ": _xyz(_BLUE)}
    return _profile(b"mntr", b"RGB ", b"XYZ ", shines | dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), curve))


def even_grey() -> bytes:
    """A profile of grey whose numbers are amounts of light: half of them is a light grey, not a middle one."""
    return _profile(b"mntr", b"GRAY", b"XYZ ", {b"kTRC": _gamma(1.0)})


def ink() -> bytes:
    """A profile of ink: cyan alone is `INK_CYAN`, no ink is white, anything else black."""
    colours = {0b0000: (100, 0, 0), 0b1000: INK_CYAN}
    nodes = b"".join(_lab(*colours.get(number, (0, 0, 0))) for number in range(16))
    ramp = bytes(range(256))
    matrix = struct.pack(">9i", *(65536 if number % 4 == 0 else 0 for number in range(9)))
    table = b"mft1\0\0\0\0" + bytes((4, 3, 2, 0)) + matrix + ramp * 4 + nodes + ramp * 3
    return _profile(b"prtr", b"CMYK", b"Lab ", {b"A2B0": table})


def _profile(device: bytes, space: bytes, connection: bytes, tags: dict[bytes, bytes]) -> bytes:
    tags = {b"wtpt": _xyz(_WHITE)} | tags
    at = 128 + 4 + 12 * len(tags)
    table, data = struct.pack(">I", len(tags)), b""
    for name, content in tags.items():
        table += name + struct.pack(">II", at + len(data), len(content))
        data += content.ljust(-(-len(content) // 4) * 4, b"\0")
    head = struct.pack(">I4xI", at + len(data), 0x02400000) + device + space + connection
    head += struct.pack(">6H", 2020, 1, 1, 0, 0, 0) + b"acsp" + bytes(28) + struct.pack(">3i", *_fixed(_WHITE))
    return head.ljust(128, b"\0") + table + data


def _fixed(numbers: tuple[float, ...]) -> list[int]:
    return [round(number * 65536) for number in numbers]


def _xyz(colour: tuple[float, ...]) -> bytes:
    return b"XYZ \0\0\0\0" + struct.pack(">3i", *_fixed(colour))


def _gamma(exponent: float) -> bytes:
    return b"curv\0\0\0\0" + struct.pack(">IH", 1, round(exponent * 256))


def _lab(lightness: float, a: float, b: float) -> bytes:
    return bytes((round(lightness * 2.55), a + 128, b + 128))
