"""Old office files (doc, xls, ppt) reach nothing outside either. Nobody takes out what refers there before LibreOffice
reads them: it is kept from following it. The files are made by a LibreOffice that nobody keeps from anything.
"""

import shutil
import subprocess
from pathlib import Path

import pytest

from filemill.engines.documents import libreoffice
from filemill.local.ports import free_port
from tests.engines.documents import contents, outside
from tests.engines.documents.samples import Samples
from tests.engines.documents.secrets_outside import SECRET, Web, bait_at, lay, shows_secret
from tests.engines.documents.workshop import Workshop

TARGETS = {"doc": ("pdf", "docx", "odt", "txt"), "xls": ("pdf", "xlsx", "csv"), "ppt": ("pdf", "pptx", "odp")}

MADE_OF = [("odt", "doc"), ("rtf", "doc"), ("xlsx", "xls"), ("odp", "ppt")]
"""From what, into what. What is left then: pictures; fields INCLUDETEXT, LINK and DDE; other workbooks; pictures.
Linked sections and objects are gone by then, as is all that an ods refers to.
"""

FETCHED = ("odt", "odp")
"""What a LibreOffice fetches at once that nobody keeps from it."""


def unguarded(source: Path, target: str, folder: Path) -> Path:
    """What plain LibreOffice makes of a file, as anybody would call it: it fetches what the file asks for."""
    program = shutil.which("soffice")
    if program is None or libreoffice.program() is None:
        pytest.skip("LibreOffice is not installed: run filemill install documents")
    made = folder / "made"
    profile = f"-env:UserInstallation={(folder / 'profile').as_uri()}"
    subprocess.run(
        [program, profile, "--headless", "--convert-to", target, "--outdir", str(made), str(source)],
        check=True,
        capture_output=True,
        timeout=120,
    )
    return made / f"{source.stem}.{target}"


@pytest.mark.parametrize(("modern", "old"), MADE_OF)
def test_nothing_outside_is_reached_from_an_old_file(
    modern: str, old: str, shop: Workshop, samples: Samples, tmp_path: Path
) -> None:
    # given an old file that refers to a web server and to files, none of which was there when it was made
    port, folder = free_port(), tmp_path / "secrets"
    folder.mkdir()
    bait = bait_at(f"http://127.0.0.1:{port}", folder)
    baited = tmp_path / f"bait.{modern}"
    baited.write_bytes(outside.KINDS[modern](bait, samples))
    source = unguarded(baited, old, tmp_path)
    lay(folder, samples)
    web = Web(port)
    try:
        # given that who is not kept from it fetches
        if modern in FETCHED:
            unguarded(source, "pdf", tmp_path)
            assert web.asked
            web.asked.clear()
        for target in TARGETS[old]:
            # when
            made = shop.convert(source, old, target).file
            # then
            assert web.asked == [], target
            assert SECRET not in contents.text_of(made), target
            assert not any(shows_secret(picture) for picture in contents.drawn_in(made)), target
    finally:
        web.close()
