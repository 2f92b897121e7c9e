"""Nothing of a document reaches the next one: a document that changes its reader, then a clean one as ever before."""

import json
import subprocess
from pathlib import Path

import pytest
from PIL import Image, ImageChops

from filemill.engines.documents import libreoffice
from tests.engines.documents import contents, office_state
from tests.engines.documents.workshop import Workshop
from tests.fixtures import false_fonts

DOCUMENTS = {"docx": false_fonts.docx, "odt": false_fonts.odt}


def looks(shop: Workshop, content: bytes, source: str) -> Image.Image:
    (page,) = contents.drawn_in(shop.convert(content, source, "pdf").file)
    return page


def differ(one: Image.Image, other: Image.Image) -> bool:
    return one.size != other.size or ImageChops.difference(one, other).getbbox() is not None


@pytest.mark.parametrize("source", DOCUMENTS)
def test_a_font_of_one_document_draws_no_other(source: str, shop: Workshop) -> None:
    # given
    document = DOCUMENTS[source]
    before = {kind: looks(shop, clean(), kind) for kind, clean in DOCUMENTS.items()}

    # when a document brings along its own Times New Roman, which draws nines alone
    poisoned = looks(shop, document(font=false_fonts.false_font()), source)

    # then that document looks as it wants to, and the others as before
    assert differ(poisoned, before[source])
    for kind, clean in DOCUMENTS.items():
        assert not differ(looks(shop, clean(), kind), before[kind])


def found(folder: Path, *how: str) -> tuple[dict[str, object], dict[str, object]]:
    """What a document finds in LibreOffice before and after another has changed everything."""
    program = libreoffice.program()
    if program is None:
        pytest.skip("LibreOffice is not installed: run filemill install documents")
    (folder / "profile/user").mkdir(parents=True)
    (folder / "profile/user/registrymodifications.xcu").write_text(libreoffice.settings())
    engine = Path(libreoffice.__file__).parent
    words = [str(libreoffice.SYSTEM_PYTHON), "-I", office_state.__file__, str(engine), str(program), str(folder), *how]
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(folder), "TMPDIR": str(folder)}
    said = subprocess.run(words, capture_output=True, check=True, text=True, env=environment, timeout=120).stdout
    before, after = said.splitlines()
    return json.loads(before), json.loads(after)


def test_nothing_that_libreoffice_remembers_reaches_the_next_document(tmp_path: Path) -> None:
    # given a document that changes settings, dictionaries, macros, the clipboard, files and whatever else there is
    before, after = found(tmp_path)

    # then the next one finds everything as the first one did
    assert after == before


def test_without_copies_the_next_document_would_find_all_of_it(tmp_path: Path) -> None:
    # given one process for all documents: what the story above is worth
    before, after = found(tmp_path, "warm")

    # then
    assert {kind for kind in before if after[kind] == before[kind]} == set()
