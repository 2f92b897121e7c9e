"""A pdf whose text is in Times New Roman, which the pdf brings along or does not."""

import io

import pikepdf

from tests.fixtures import false_fonts


def pdf(font: bytes | None = None) -> bytes:
    """One page with digits; `font` is the Times New Roman that the pdf brings along."""
    made = pikepdf.new()
    page = made.add_blank_page(page_size=(400, 100))
    described = {
        "Type": pikepdf.Name.FontDescriptor,
        "FontName": pikepdf.Name("/TimesNewRoman"),
        "Flags": 32,
        "FontBBox": pikepdf.Array([-500, -300, 1500, 1000]),
        "ItalicAngle": 0,
        "Ascent": 900,
        "Descent": -200,
        "CapHeight": 700,
        "StemV": 80,
    }
    if font is not None:
        described["FontFile2"] = made.make_stream(font)
    face = pikepdf.Dictionary(
        Type=pikepdf.Name.Font,
        Subtype=pikepdf.Name.TrueType,
        BaseFont=pikepdf.Name("/TimesNewRoman"),
        FirstChar=32,
        LastChar=126,
        Widths=pikepdf.Array([500] * 95),
        Encoding=pikepdf.Name.WinAnsiEncoding,
        FontDescriptor=made.make_indirect(pikepdf.Dictionary(**described)),
    )
    page.Resources = pikepdf.Dictionary(Font=pikepdf.Dictionary(F=made.make_indirect(face)))
    page.Contents = made.make_stream(f"BT /F 20 Tf 20 40 Td ({false_fonts.WORDS}) Tj ET".encode())
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()
