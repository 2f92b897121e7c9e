"""The output for rows that could not be used."""

import csv
import io
import json
import random
from uuid import uuid4

import msgspec
import polars as pl
import pyarrow as pa
import pytest

from filemill.engines.tables.readers import records
from filemill.engines.tables.readers.dialect import Dialect
from filemill.engines.tables.writers import bad_rows
from filemill.engines.tables.writers.bad_rows import COLUMNS, BadRows
from filemill.engines.tables.writers.uploading import Room
from filemill.errors import JobFailed
from filemill.pipelines import steps
from filemill.pipelines.options import Options
from filemill.pipelines.run import OutputFile
from tests.engines.tables.workshop import add, aggregate, cast, concat, join, keep, parquet, unpivot

HEADER = list(COLUMNS)
AMPLE = Room(1 << 30, JobFailed("too_large", "It is too large."))


@pytest.fixture
def output():
    return OutputFile("bad_rows", "people_bad_rows.csv", f"output/{uuid4().hex}/people_bad_rows.csv", "csv")


def written(shop, output):
    """The rows as they lie in the store."""
    response = shop.client.get_object(shop.bucket, output.key)
    try:
        return list(csv.reader(io.StringIO(response.read().decode(), newline="")))
    finally:
        response.close()
        response.release_conn()


def rows(*numbers):
    return pl.DataFrame(
        [("people.csv", n, "age", f"x{n}", 'is no "int"', f'Ada,"x{n}\n"') for n in numbers], COLUMNS, orient="row"
    )


def test_without_any_row_the_header_is_there(shop, output):
    made = BadRows(output, shop.access, AMPLE).close()

    assert made.rows == 0
    assert written(shop, output) == [HEADER]


def test_a_few_rows_stand_in_the_order_of_the_file(shop, output):
    collected = BadRows(output, shop.access, AMPLE)
    collected.take(rows(7, 9))
    collected.take(rows(2))

    made = collected.close()

    assert made.rows == 3
    assert [row[1] for row in written(shop, output)[1:]] == ["2", "7", "9"]
    assert written(shop, output)[1] == ["people.csv", "2", "age", "x2", 'is no "int"', 'Ada,"x2\n"']


def test_many_rows_go_off_as_they_come(shop, output, monkeypatch):
    monkeypatch.setattr(bad_rows, "MOST_HELD_BYTES", 1000)
    collected = BadRows(output, shop.access, AMPLE)
    for start in range(0, 10_000, 100):
        collected.take(rows(*range(start, start + 100)))

    made = collected.close()

    assert made.rows == 10_000
    assert written(shop, output)[0] == HEADER
    assert sorted(int(row[1]) for row in written(shop, output)[1:]) == list(range(10_000))


def test_what_is_abandoned_is_not_in_the_store(shop, output, monkeypatch):
    monkeypatch.setattr(bad_rows, "MOST_HELD_BYTES", 10)
    collected = BadRows(output, shop.access, AMPLE)
    collected.take(rows(1, 2, 3))

    collected.abandon()

    assert not list(shop.client.list_objects(shop.bucket, prefix=output.key))


# --- jobs that collect ------------------------------------------------------------------------------------------------

LATE = "name,age\n" + "Joe,40\n" * 10_000 + 'Bob,"x, y"\nEve,7\nLiz,old\n'


def collected(shop, run):
    """The rows collected by a run, without the file's name."""
    output = next(one for one in run.outputs if one.name == "bad_rows")
    return [tuple(row[1:]) for row in written(shop, output)[1:]]


def carry_out(shop, file_name, data, *pipeline, to=None, inputs=None):
    """Runs steps with `on_bad_rows: collect` -> what was done, the output's text, and the rows collected."""
    run, key = shop.prepare(file_name, data, *pipeline, to=to, inputs=inputs)
    extra = OutputFile("bad_rows", "bad_rows.csv", key + "_bad_rows.csv", "csv")
    run = msgspec.structs.replace(run, outputs=(*run.outputs, extra), options=Options(on_bad_rows="collect"))
    done = shop.engine.run(run, steps.decode(bytes(run.steps)), lambda line: None)
    response = shop.client.get_object(shop.bucket, key)
    try:
        return done, response.read().decode(), collected(shop, run)
    finally:
        response.close()
        response.release_conn()


MISFIT = "is no value of the column's type, int, which {}; cast the column to text before."


def test_misfits_are_taken_out_where_the_output_would_have_met_them(shop):
    done, text, bad = carry_out(shop, "people.csv", LATE, to="ndjson")

    reason = MISFIT.format("the output needs")
    assert bad == [
        ("10001", "age", "x, y", reason, 'Bob,"x, y"'),
        ("10003", "age", "old", reason, "Liz,old"),
    ]
    assert text.splitlines()[-1] == '{"name":"Eve","age":7}'
    assert [(made.name, made.rows) for made in done.made] == [("output", 10_001), ("bad_rows", 2)]


def test_a_filter_and_a_sort_hand_over_what_they_cannot_use(shop):
    _, text, bad = carry_out(
        shop,
        "people.csv",
        LATE,
        keep("age", "lt", 10),
        {"type": "sort", "params": {"by": [{"column": "name", "descending": False}]}},
    )

    assert text == "name,age\nEve,7\n"
    assert [row[0] for row in bad] == ["10001", "10003"]
    assert bad[0][3] == MISFIT.format("step 1 needs")


def test_rows_of_too_few_or_too_many_cells_are_collected_and_reading_goes_on(shop):
    data = 'name,age\nAda,36\nBob\nEve,7\n"Liz\nBeth",40,1\nJoe,8\n'

    done, text, bad = carry_out(shop, "people.csv", data)

    assert text == "name,age\nAda,36\nEve,7\nJoe,8\n"
    assert bad == [
        ("2", "", "", "The row has 1 cell, the header 2.", "Bob"),
        ("4", "", "", "The row has 3 cells, the header 2.", '"Liz\nBeth",40,1'),
    ]
    assert done.rows_in == 5


def test_a_quote_that_never_ends_still_fails_the_job(shop):
    with pytest.raises(JobFailed) as failure:
        carry_out(shop, "people.csv", 'name,age\nAda,36\nBob\nEve,"7\n')

    assert failure.value.code == "bad_file"
    assert "row 3" in failure.value.message


def test_a_table_without_bad_rows_collects_none(shop):
    _, text, bad = carry_out(shop, "people.csv", "name,age\nAda,36\n")

    assert (text, bad) == ("name,age\nAda,36\n", [])


def test_values_of_another_kind_in_ndjson_are_collected(shop):
    data = '{"n": 1, "s": "a"}\n{"n": "x", "s": "b"}\n{"n": 3}\n'

    _, text, bad = carry_out(shop, "t.ndjson", data)

    assert [json.loads(line)["n"] for line in text.splitlines()] == [1, 3]
    assert [(row[0], row[1], row[2], json.loads(row[4])) for row in bad] == [("2", "n", '"x"', {"n": "x", "s": "b"})]


def test_rows_that_cannot_be_used_fill_no_limit(shop):
    _, text, bad = carry_out(
        shop, "people.csv", LATE, keep("age", "ne", 40), {"type": "limit", "params": {"n": 1}}, to="ndjson"
    )

    assert text == '{"name":"Eve","age":7}\n'
    assert bad[0][0] == "10001"


def test_rows_of_further_inputs_are_collected_with_their_file(shop):
    # given a table and a further one, which both have rows that cannot be used
    run = ("people.csv", LATE, join(["name"], "left"))
    ages = "name,years\n" + "Ada,1\n" * 10_000 + "Joe\nJoe,x\nJoe,3\n"

    # when
    done, text, bad = carry_out(shop, *run, to="ndjson", inputs={"other": ("ages.csv", ages)})

    # then what is damaged is taken out where the further one is held, a misfit at the end for each row it was joined to
    assert text.splitlines()[0] == '{"name":"Joe","age":40,"years":3}'
    assert bad[0] == ("10001", "", "", "The row has 1 cell, the header 2.", "Joe")
    assert ("10003", "age", "old", MISFIT.format("the output needs"), "Liz,old") in bad
    assert ("10002", "years", "x", MISFIT.format("the output needs"), "Joe,x") in bad
    assert done.made[1].rows == len(bad) == 10_003


def test_a_concatenated_file_s_rows_are_collected_too(shop):
    more = "age,name\n" + "1,Kim\n" * 10_000 + "one,Lou\n"

    further = {"other": ("more.csv", more)}
    _, text, bad = carry_out(shop, "people.csv", LATE, concat("other"), to="ndjson", inputs=further)

    assert len(text.splitlines()) == 20_001
    assert [(*row[:3], row[4]) for row in bad] == [
        ("10001", "age", "one", "one,Lou"),
        ("10001", "age", "x, y", 'Bob,"x, y"'),
        ("10003", "age", "old", "Liz,old"),
    ]


def test_a_damaged_row_of_which_a_step_makes_several_is_told_once(shop):
    data = "n,x,t\n1,2,a\n3\n4,5,b\n"
    apart = unpivot("n", "x", names_to="a", values_to="b")

    done, text, bad = carry_out(shop, "t.csv", data, apart, to="ndjson")

    assert len(text.splitlines()) == 4
    assert [(row[0], row[4]) for row in bad] == [("2", "3")]
    assert done.made[1].rows == 1


CELLS = ("1", "", "a b", '"x, y"', '"two\nlines"', '"say ""hi"""', 'in"side', "é")


@pytest.mark.parametrize("seed", range(30))
def test_reading_around_damage_gives_what_reading_row_by_row_gives(seed, monkeypatch):
    # given rows of which some are damaged, here and there or at every turn, with or without their end
    chance = random.Random(seed)
    share = chance.choice([0.001, 0.02, 0.3])
    widths = [chance.choice([1, 2, 4]) if chance.random() < share else 3 for _ in range(2_000)]
    text = "\n".join(",".join(chance.choices(CELLS, k=width)) for width in widths) + chance.choice(["\n", "", '\n"'])
    piece, last = text.encode(), chance.random() < 0.5

    # when
    monkeypatch.setattr(records, "_HALVED", 1 << 30)
    slowly = records.parse(piece, Dialect(","), 3, [0, 1, 2], last=last, skips=True)
    monkeypatch.setattr(records, "_HALVED", 256)
    quickly = records.parse(piece, Dialect(","), 3, [0, 1, 2], last=last, skips=True)

    # then
    assert (quickly.end, quickly.fault, quickly.damaged) == (slowly.end, slowly.fault, slowly.damaged)
    whole = [row for row in slowly.cells.rows() if row != (None,) * 3]
    assert [tuple(cell or None for cell in row) for row in quickly.cells.rows() if any(row)] == whole
    assert quickly.cells.height == slowly.cells.height


@pytest.mark.parametrize("seed", range(60))
def test_short_pieces_read_row_by_row_are_what_the_parser_makes_of_them(seed, monkeypatch):
    # given a few rows without quotes, some of them damaged, blank or with another end, the last perhaps not whole
    chance = random.Random(seed)
    cells = ("1", "", " ", "a b", "é", "x\ry", "\ufeff", "0.10", "\t")
    lines = [
        ",".join(chance.choices(cells, k=chance.choice([3] * 30 + [0, 1, 4]))) for _ in range(chance.randint(1, 20))
    ]
    piece = (chance.choice(["\n", "\r\n"]).join(lines) + chance.choice(["\n", "", "\r\n", "\n1,"])).encode()
    last, skips = chance.random() < 0.5, chance.random() < 0.5
    wanted = sorted(chance.sample(range(3), chance.randint(1, 3)))

    # when
    shortly = records.parse(piece, Dialect(","), 3, wanted, last=last, skips=skips)
    monkeypatch.setattr(records, "SHORT", 0)
    parsed = records.parse(piece, Dialect(","), 3, wanted, last=last, skips=skips)

    # then
    assert (shortly.end, shortly.fault, shortly.damaged) == (parsed.end, parsed.fault, parsed.damaged)
    columns = [str(number) for number in wanted]
    assert shortly.cells[columns].equals(parsed.cells[columns])


@pytest.mark.parametrize("seed", [235, 1290, 1645, *range(40)])
def test_a_quote_inside_a_cell_misleads_nobody(seed):
    # given whole rows, in some cells of which a quote stands that is a letter
    chance = random.Random(seed)
    rows = [chance.choices(CELLS, k=3) for _ in range(chance.choice([2, 3, 5, 20]))]
    text = "".join(",".join(row) + "\n" for row in rows)

    found = records.parse(text.encode(), Dialect(","), 3, [0, 1, 2], last=True)

    expected = list(csv.reader(io.StringIO(text, newline="\n")))
    assert [[cell or "" for cell in row] for row in found.cells.rows()] == expected


def test_a_sum_that_cannot_be_told_is_collected_without_a_row(shop):
    data = parquet(city=pa.array(["Rome", "Rome", "Oslo"]), n=pa.array([2**63 - 1, 1, 5], pa.int64()))

    _, text, bad = carry_out(shop, "t.parquet", data, aggregate(["city"], total="sum n"), to="csv")

    assert text == "city,total\nOslo,5\n"
    assert [(row[0], row[1], row[4]) for row in bad] == [("", "total", "")]


def test_a_row_whose_new_value_cannot_be_is_collected_as_it_stood(shop):
    data = parquet(name=pa.array(["a", "b"]), n=pa.array([2**63 - 1, 5], pa.int64()))

    _, text, bad = carry_out(shop, "t.parquet", data, add("more", "n + 1"), to="csv")

    assert text == "name,n,more\nb,5,6\n"
    assert [(row[0], json.loads(row[4])) for row in bad] == [("1", {"name": "a", "n": 2**63 - 1})]


def test_rows_of_another_dialect_stand_as_they_stood(shop):
    # given a file with semicolons, decimal commas and words of the West, all of it found out, and two bad rows
    text = "preis;wort\n" + "1,5;ä\n" * 10_000 + '1.00;"ö;ü"\n2,5;x;y\n3,5;z\n'

    done, out, bad = carry_out(shop, "t.csv", text.encode("cp1252"), keep("preis", "gt", 3))

    assert out == 'preis,wort\n"3,5",z\n'
    assert [(row, value, stood) for row, _, value, _, stood in bad] == [
        ("10001", "1.00", '1.00;"ö;ü"'),
        ("10002", "", "2,5;x;y"),
    ]
    assert done.made[1].rows == 2


def test_several_groups_that_do_not_fit_are_each_collected(shop):
    """Given groups, which are no rows of a file any more, of which a later step cannot use two."""
    data = "city,n\nUlm,1.5\nRom,2.0\nBonn,2.5\n"
    largest = aggregate(["city"], largest="max n")

    _, text, bad = carry_out(shop, "t.csv", data, largest, cast(largest="int"))

    assert text == "city,largest\nRom,2\n"
    # Groups are no rows of a file, so they stand in no order.
    assert sorted(row[:3] for row in bad) == [("", "largest", "1.5"), ("", "largest", "2.5")]
