"""An OpenDocument file may name the template it was made from; nobody looks for that, however the file is written."""

import zipfile
from pathlib import Path

import pytest

from filemill.engines.documents import open_documents
from filemill.engines.documents.task import Task
from filemill.pipelines.run import InputFile, Line
from tests.engines.documents.outside import _edited
from tests.engines.documents.samples import Samples

LINKED = b' xlink:type="simple" xlink:title="Normal.dotm" xlink:href=""/>'
NAMED = b"<meta:template" + LINKED + b'<meta:auto-reload meta:delay="PT9S"' + LINKED


def parts_of(path: Path) -> dict[str, bytes]:
    """What lies in an archive."""
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


@pytest.mark.parametrize("kind", ["odt", "ods", "odp"])
def test_the_template_it_names_is_left_out_and_nothing_else(kind: str, tmp_path: Path, samples: Samples) -> None:
    # given
    said: list[Line] = []
    source, target = tmp_path / f"source.{kind}", tmp_path / f"clean.{kind}"
    end = b"</office:meta>"
    source.write_bytes(_edited(samples.of(kind).read_bytes(), lambda _, part: part.replace(end, NAMED + end)))
    before = parts_of(source)
    assert b"Normal.dotm" in before["meta.xml"]

    # when
    open_documents.clean(source, target, Task(InputFile("input", source.name, "", kind, 1, ""), said.append))

    # then
    after = parts_of(target)
    assert b"Normal.dotm" not in after["meta.xml"]
    assert after["meta.xml"].count(b"<meta:") + after["meta.xml"].count(b"<dc:") > 1
    assert {name for name in before if before[name] != after[name]} <= {"meta.xml", "content.xml", "styles.xml"}
    assert said == []


def test_words_about_a_document_that_cannot_be_read_are_passed_over(tmp_path: Path, samples: Samples) -> None:
    # given
    source, target = tmp_path / "source.odt", tmp_path / "clean.odt"
    source.write_bytes(
        _edited(samples.of("odt").read_bytes(), lambda name, part: NAMED if name == "meta.xml" else part)
    )

    # when
    open_documents.clean(source, target, Task(InputFile("input", source.name, "", "odt", 1, ""), lambda _: None))

    # then
    assert parts_of(target)["meta.xml"] == NAMED
