"""Which formats can become which, and which chains of steps fit the file they begin with."""

import pytest

from filemill.engines.documents import routes
from filemill.errors import Impossible
from filemill.pipelines import chains, steps
from filemill.pipelines.formats import FORMATS, TABLES, format_of, table_of
from filemill.pipelines.pairs import GRIDS, PAIRS, targets_of


def to(target):
    return steps.ConvertFormat(target)


LIMIT = steps.Limit(3)


def refusal(source, *pipeline):
    with pytest.raises(Impossible) as refused:
        chains.lane_of(pipeline, FORMATS[source])
    return refused.value.message


def test_a_pair_is_of_formats_we_know_and_its_target_is_one_we_write():
    assert {name for pair in PAIRS for name in pair} <= set(FORMATS)
    assert all(FORMATS[target].is_written for _, target in PAIRS)


def test_every_format_can_become_something():
    assert [name for name, one in FORMATS.items() if not targets_of(one)] == []


def test_tables_become_tables_in_their_own_lane():
    between_tables = {pair: lane for pair, lane in PAIRS.items() if set(pair) <= set(TABLES)}

    assert set(between_tables.values()) == {"tables"}
    assert {lane for pair, lane in PAIRS.items() if pair not in between_tables} == {"documents"}


def test_sheets_become_each_other_as_grids_too():
    assert sorted(GRIDS) == [
        ("csv", "ods"), ("csv", "xlsx"), ("ods", "csv"), ("ods", "xlsx"), ("xls", "csv"), ("xls", "ods"),
        ("xls", "xlsx"), ("xlsx", "csv"), ("xlsx", "ods"),
    ]  # fmt: skip
    assert set(GRIDS) <= set(routes.ROUTES)


@pytest.mark.parametrize(
    ("source", "pipeline", "lane"),
    [
        ("csv", (), "tables"),
        ("csv", (LIMIT, to("xlsx")), "tables"),
        ("xlsx", (to("csv"),), "tables"),
        ("xlsx", (to("pdf"),), "documents"),
        ("csv", (to("ods"),), "documents"),
        ("docx", (to("pdf"),), "documents"),
        ("svg", (to("png"),), "documents"),
    ],
)
def test_the_pair_decides_the_lane(source, pipeline, lane):
    assert chains.lane_of(pipeline, FORMATS[source]) == lane


def test_an_impossible_pair_is_refused_with_the_possible_ones():
    assert refusal("pptx", to("docx")) == (
        "step 1 (convert_format): a pptx file cannot be converted to 'docx'; it can be to one of"
        f" {', '.join(targets_of(FORMATS['pptx']))}."
    )
    assert "to 'nonsense'; it can be to one of pdf, jpg, png" in refusal("heic", to("nonsense"))


def test_steps_that_do_not_fit_are_both_named():
    assert refusal("docx", LIMIT) == "step 1 (limit) takes a table, and the input is a docx file."
    assert refusal("docx", to("pdf"), LIMIT) == (
        "step 2 (limit) takes a table, and step 1 (convert_format) gives a pdf file."
    )
    assert refusal("csv", LIMIT, to("pdf")) == (
        "step 2 (convert_format) to pdf takes a file as it came, and step 1 (limit) gives a table; make them two jobs."
    )


def test_a_document_needs_a_step():
    assert refusal("doc").startswith("processing_steps: a doc file takes convert_format, to one of docx, odt")
    assert refusal("log") == (
        "processing_steps: a log file can only be read, so the last step must be convert_format, to one of"
        f" {', '.join(targets_of(FORMATS['log']))}."
    )


def test_other_extensions_in_use_stand_for_the_same_formats():
    for name, format_name in (("a.JPEG", "jpg"), ("b.tif", "tiff"), ("c.htm", "html"), ("d.heif", "heic")):
        found = format_of(name)
        assert found is not None
        assert found.name == format_name
        assert table_of(name) is None
