"""A font that draws nines for all digits: the documents of other visitors look as they did before."""

import io

import pypdfium2
from PIL import Image, ImageChops

from tests.attacks.callers import Visitor
from tests.attacks.target import Target
from tests.fixtures import false_fonts

ATTACKERS = 4
"""More than there are slots: each sandbox gets its poison."""

DOCUMENTS = {"docx": false_fonts.docx, "odt": false_fonts.odt}


def attack(target: Target) -> str:
    """Some visitors bring false fonts along in a docx and an odt; others have their invoices made pdf meanwhile."""
    before = {kind: _drawn(target, kind, clean()) for kind, clean in DOCUMENTS.items()}
    font = false_fonts.false_font()
    seen = 0
    for number in range(ATTACKERS):
        kind = list(DOCUMENTS)[number % len(DOCUMENTS)]
        false = _drawn(target, kind, DOCUMENTS[kind](font=font))
        assert _differ(false, before[kind]), "the false font is not used for its own document: this attack is none"
        for other, clean in DOCUMENTS.items():
            assert not _differ(_drawn(target, other, clean()), before[other]), f"a {other} was drawn in a false font"
            seen += 1
    return f"{ATTACKERS} documents with false fonts, {seen} others drawn as before"


def _drawn(target: Target, kind: str, content: bytes) -> Image.Image:
    visitor = Visitor(target)
    told = visitor.go(f"invoice.{kind}", content, "pdf")
    assert told["status"] == "completed", told
    pdf = visitor.download(told["job_id"])
    visitor.leave()
    return pypdfium2.PdfDocument(io.BytesIO(pdf))[0].render(scale=1).to_pil().convert("RGB")


def _differ(one: Image.Image, other: Image.Image) -> bool:
    return one.size != other.size or ImageChops.difference(one, other).getbbox() is not None
