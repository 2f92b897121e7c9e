"""Plans: schemas, first rows, and all that is wrong at once, from the beginning of the inputs."""

import json
from datetime import timedelta

import msgspec
import pyarrow as pa
import pytest

from filemill.errors import JobFailed
from filemill.pipelines import steps
from filemill.pipelines.options import Options
from tests.engines.tables.others import duckdb_parquet
from tests.engines.tables.workshop import (
    add,
    aggregate,
    cast,
    concat,
    convert,
    distinct,
    drop,
    join,
    keep,
    limit,
    parquet,
    parquet_of,
    pivot,
    rename,
    sample,
    select,
    sort,
)

PEOPLE = "name,city,age\nAlice,New York,30\nBob,London,25\nCharlie,New York,35\n"


def plan(shop, file_name, data, *pipeline, is_sample=True, collect=False, inputs=None):
    """Plans steps on a file's beginning, which is given as text unless it is in the store -> the plan."""
    *before, last = pipeline or [None]
    target = last["params"].get("to_format") if last else None
    run, _ = shop.prepare(
        file_name, "" if is_sample else data, *(before if target else pipeline), to=target, inputs=inputs
    )
    options = Options(on_bad_rows="collect" if collect else "fail", mode="plan", sample=data if is_sample else None)
    run = msgspec.structs.replace(run, options=options)
    done = shop.engine.run(run, steps.decode(bytes(run.steps)), lambda line: None)
    assert done.made == ()
    assert not list(shop.client.list_objects(shop.bucket, prefix=run.outputs[0].key))
    return done.plan


def rows(made):
    """The first rows."""
    return json.loads(made.rows)


def test_the_schema_behind_every_step_and_the_first_rows(shop):
    made = plan(
        shop,
        "people.csv",
        PEOPLE,
        keep("age", "gt", 26),
        rename({"age": "years"}),
        add("half", "years / 2"),
        select("name", "half"),
        convert("parquet"),
    )

    before = (("name", "text"), ("city", "text"), ("age", "int"))
    renamed = (*before[:2], ("years", "int"))
    assert [(one.type, one.schema, one.streams) for one in made.steps] == [
        ("filter", before, True),
        ("rename", renamed, True),
        ("add_column", (*renamed, ("half", "float")), True),
        ("select", (("name", "text"), ("half", "float")), True),
        ("convert_format", (("name", "text"), ("half", "float")), True),
    ]
    assert rows(made) == [{"name": "Alice", "half": 15.0}, {"name": "Charlie", "half": 17.5}]
    assert made.errors == ()


def test_no_more_than_twenty_rows(shop):
    numbers = "n\n" + "".join(f"{n}\n" for n in range(1000))

    made = plan(shop, "t.csv", numbers, sort({"column": "n", "descending": True}))

    assert [row["n"] for row in rows(made)] == list(range(999, 979, -1))


def test_every_step_that_does_not_fit_is_told_at_once_with_the_nearest_names(shop):
    made = plan(
        shop,
        "people.csv",
        PEOPLE,
        keep("aeg", "gt", 26),
        rename({"ctiy": "town"}),
        keep("town", "eq", "London"),
        keep("age", "gt", "old"),
        add("more", "nmae + 1"),
        select("name", "more"),
        aggregate(["city"], total="sum name"),
        select("anything"),
    )

    assert made.errors == (
        "step 1 (filter): there is no column 'aeg'. Did you mean 'age'?",
        "step 2 (rename): there is no column 'ctiy'. Did you mean 'city'?",
        "step 4 (filter): 'old' is no value for column 'age', which is int.",
        "step 5 (add_column): there is no column 'nmae'. Did you mean 'name'?",
        "step 7 (aggregate): sum needs a number, and column 'name' is text; cast it before.",
    )
    assert [one.schema for one in made.steps] == [()] * 8
    assert rows(made) == []


def test_misfits_are_told_of_each_step_in_the_words_of_a_failed_job(shop):
    data = "a,b\n" + "1,1\n" * 10_000 + "1,x\ny,1\n1,z\n"
    misfit = "is no value of the column's type, int, which step {} needs; cast the column to text before."

    made = plan(shop, "t.csv", data, keep("a", "ge", 0), keep("b", "ge", 0), drop("c"))

    assert made.errors == (
        f"t.csv, row 10002, column 'a': 'y' {misfit.format(1)}",
        f"t.csv, row 10001, column 'b': 'x' {misfit.format(2)}",
        "step 3 (drop): there is no column 'c'. The columns are 'a', 'b'.",
    )


def test_one_row_may_be_wrong_for_many_steps(shop):
    made = plan(shop, "t.csv", f"a,b\n2,1\n{2**62},x\n", add("c", "a * a"), cast(b="int"), add("d", "c + 1"))

    assert len(made.errors) == 2
    assert made.errors[0].endswith("in step 1: a * a.")
    assert made.errors[1].endswith("'x' cannot become int without loss, in step 2.")


def test_a_misfit_that_only_the_output_meets(shop):
    data = "a\n" + "1\n" * 10_000 + "x\n"

    typed, plain = plan(shop, "t.csv", data, convert("ndjson")), plan(shop, "t.csv", data)
    limited = plan(shop, "t.csv", data, limit(10_000), convert("ndjson"))
    collected = plan(shop, "t.csv", data, convert("ndjson"), collect=True)

    misfit = (
        "t.csv, row 10001, column 'a': 'x' is no value of the column's type, int, which the output needs; cast the"
        " column to text before."
    )
    assert typed.errors == (f"step 1 (convert_format): {misfit}",)
    assert plain.errors == limited.errors == collected.errors == ()
    assert len(rows(plain)) == len(rows(limited)) == len(rows(collected)) == 20


def test_a_cell_that_is_not_needed_typed_is_shown_as_it_stands(shop):
    made = plan(shop, "t.csv", "a,b\n" + "1,007\n" * 10_000 + "x,\n", sort("b"), limit(1))

    assert rows(made) == [{"a": 1, "b": "007"}]
    made = plan(shop, "t.csv", "a\n" + "1\n" * 10_000 + "x\n", keep("a", "is_null"))
    assert rows(made) == []
    made = plan(shop, "t.csv", "a\n" + "1\n" * 10_000 + "x\n", keep("a", "starts_with", "x"))
    assert rows(made) == [{"a": "x"}]


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        ("", "t.csv: The file is empty."),
        ("a,a\n1,2\n", "t.csv: The header names the column 'a' twice."),
        ("a,b\n1,2\n3\n", "t.csv, row 2: The row has 1 cell, the header 2."),
        ('a,b\n1,2\n3,"4\n', "t.csv, row 2: "),
    ],
)
def test_a_damaged_sample_is_told_first(shop, data, sentence):
    made = plan(shop, "t.csv", data, keep("c", "is_null")) if "b" in data else plan(shop, "t.csv", data)

    assert made.errors[0].startswith(sentence)


def test_a_long_sample_may_break_off_within_a_row(shop):
    whole = "a,b\n" + '1,"2\n3"\n' * 20_000
    for cut in (-1, -3, -5, -8):
        assert plan(shop, "t.csv", whole[:cut], convert("parquet")).errors == ()


def test_what_is_guessed_is_told(shop):
    made = plan(shop, "t.csv", "name;price\nbread;1,5\nmilk;0,99\n")

    assert rows(made) == [{"name": "bread", "price": 1.5}, {"name": "milk", "price": 0.99}]
    assert len(made.warnings) == 2
    assert "separated by semicolons" in made.warnings[0]
    assert made.errors == ()


def test_a_long_json_sample_may_break_off_within_an_object(shop):
    whole = "[" + ",\n".join(f'{{"n": {n}}}' for n in range(20_000)) + "]"
    for cut in (len(whole), -1, -4, -9):
        made = plan(shop, "t.json", whole[:cut], aggregate([], n="max n"))
        assert made.errors == ()
        assert rows(made)[0]["n"] > 19_990
    assert rows(plan(shop, "t.json", whole, aggregate([], n="max n"))) == [{"n": 19_999}]
    assert plan(shop, "t.json", whole[:100]).errors


@pytest.mark.parametrize("name", ["t.log", "t.log.zst"])
def test_a_log_as_a_sample(shop, name):
    assert rows(plan(shop, name, "a,b\n\nc", convert("csv"))) == [{"line": "a,b"}, {"line": ""}, {"line": "c"}]


def test_a_packed_format_is_given_as_the_text_in_it(shop):
    made = plan(shop, "people.csv.gz", PEOPLE, limit(1))

    assert rows(made) == [{"name": "Alice", "city": "New York", "age": 30}]


@pytest.mark.parametrize(
    ("function", "where"),
    [("sum", "put on disk"), ("count", "put on disk"), ("median", "held in memory"), ("first", "held in memory")],
)
def test_aggregate_says_where_its_groups_are_kept(shop, function, where):
    made = plan(shop, "people.csv", PEOPLE, aggregate(["city"], kept=f"{function} age"))

    assert made.steps[0].note.endswith(f"{where}.")


def test_pivot_says_that_the_data_name_its_columns(shop):
    made = plan(shop, "people.csv", PEOPLE, pivot(["name"], "city", "age"), select("name", "London"))

    assert made.steps[0].schema == (("name", "text"), ("New York", "int"), ("London", "int"))
    assert "'city'" in made.steps[0].note
    assert rows(made)[1] == {"name": "Bob", "London": 25}


def test_which_steps_need_memory(shop):
    pipeline = [
        distinct(),
        sort("age"),
        sample(n=3),
        aggregate(["city"], n="count"),
        aggregate(["city"], n="median n"),
        pivot([], "city", "n", "sum"),
    ]

    made = plan(shop, "people.csv", PEOPLE, *pipeline)

    assert [one.streams for one in made.steps] == [False, False, True, True, False, True]


def test_a_join_needs_a_job_with_its_input(shop):
    further = {"other": ("ages.csv", "name,years\nBob,4\n")}

    sampled = plan(shop, "people.csv", PEOPLE, join(["name"], "left"), keep("years", "eq", 1), inputs=further)
    stored = plan(shop, "people.csv", PEOPLE, join(["name"]), inputs=further, is_sample=False)

    assert len(sampled.errors) == 1
    assert "job_id" in sampled.errors[0]
    assert rows(stored) == [{"name": "Bob", "city": "London", "age": 25, "years": 4}]
    assert not stored.steps[0].streams


def test_of_what_is_stored_only_the_beginning_is_read(shop):
    lines = "n,text\n" + "".join(f'{n},"some\ntext"\n' for n in range(200_000)) + "x\n"
    for name, data in (
        ("t.csv", lines),
        ("t.parquet", parquet(n=pa.array(range(200_000)))),
        ("t.ndjson", "".join(f'{{"n": {n}}}\n' for n in range(200_000)) + "{"),
    ):
        made = plan(shop, name, data, aggregate([], n="max n"), is_sample=False)
        assert made.errors == ()
        assert 0 < rows(made)[0]["n"] < 199_999


def test_values_that_json_has_no_form_for(shop):
    data = parquet(
        f=pa.array([float("nan"), 0.1]),
        d=pa.array([None, 1], pa.decimal128(38, 5)),
        t=pa.array([0, 1], pa.timestamp("ms", "UTC")),
        b=pa.array([b"\x00\xff", b""]),
        s=pa.array([{"a": [1, None]}, None]),
        z=pa.array(["a\x00b", "x" * 5000]),
    )

    made = plan(shop, "t.parquet", data, is_sample=False)

    assert rows(made) == [
        {"f": "nan", "d": None, "t": "1970-01-01T00:00:00.000+00:00", "b": "00ff", "s": {"a": [1, None]}, "z": "a\0b"},
        {"f": 0.1, "d": 1, "t": "1970-01-01T00:00:00.001+00:00", "b": "", "s": None, "z": "x" * 1000 + "..."},
    ]


def test_numbers_of_any_length(shop):
    made = plan(shop, "t.csv", "a,b\n123456789012345678901234567890,12.50\n", cast(b="decimal"))

    assert made.rows == '[{"a": 123456789012345678901234567890, "b": 12.5}]'


def test_a_first_row_that_is_too_large_is_told_instead_of_shown(shop):
    # given a small file with a list of a million equal values, which JSON writes out one by one
    data = parquet_of({"a": [[1] * 1_000_000, [2]]})

    made = plan(shop, "t.parquet", data, is_sample=False)

    assert (rows(made), made.errors) == ([], ())
    assert made.warnings == ("The first row is too large to be shown here; a job takes it as it is.",)


def test_a_very_wide_table_is_told_in_part(shop):
    wide = ",".join(f"column {n}" for n in range(10_000)) + "\n"

    made = plan(shop, "t.csv", wide + "," * 9_999 + "\n", *[limit(n) for n in range(10)])

    assert len(made.steps[0].schema) == 10_000
    assert made.steps[9].schema == ()
    assert "10,000 columns" in made.steps[9].note
    assert made.errors == ()


def test_wrong_names_among_many_columns_are_told_in_time(shop):
    wide = ",".join(f"column_{n}_name" for n in range(5_000)) + "\n"

    made = plan(shop, "t.csv", wide + "," * 4_999 + "\n", *[select(f"column_{n}_nmae") for n in range(50)])

    assert made.errors[7].startswith("step 8 (select): there is no column 'column_7_nmae'. Did you mean 'column_")


def test_no_name_makes_a_sentence_long(shop):
    name = "x" * 100_000

    made = plan(shop, "t.csv", f"{name},b\n1,2\n", select(name[1:]), select("y" * 10_000), keep(name, "eq", "old"))

    assert len(made.errors) == 3
    assert all(len(sentence) < 2_100 for sentence in made.errors)


def test_the_store_s_absence_is_no_error_of_the_plan(shop):
    run, _ = shop.prepare("t.csv", PEOPLE, access=shop.through("http://127.0.0.1:9"))
    run = msgspec.structs.replace(run, options=Options(mode="plan"))

    with pytest.raises(JobFailed) as failure:
        shop.engine.run(run, (), lambda line: None)

    assert failure.value.code == "store_away"


def test_a_concat_of_stored_inputs(shop):
    made = plan(shop, "a.csv", "n\n1\n", concat("other"), inputs={"other": ("b.csv", "n\n2\n")}, is_sample=False)

    assert rows(made) == [{"n": 1}, {"n": 2}]


def test_columns_of_types_that_lead_nowhere_do_not_hinder_a_plan(shop):
    # given a file with an interval, a moment at an offset and one without end
    data = duckdb_parquet("SELECT 7 AS n, INTERVAL 1 MONTH AS i, DATE 'infinity' AS d")
    # then the plan knows the columns, and what is to be done about them
    assert plan(shop, "t.parquet", data, select("n", "i"), is_sample=False).errors == (
        "Column 'i' holds values of type interval, which parquet cannot carry; drop it before.",
    )
    made = plan(shop, "t.parquet", data, drop("i"), is_sample=False)
    assert (rows(made), made.errors) == ([{"n": 7, "d": "infinity"}], ())
    made = plan(shop, "t.parquet", data, drop("i"), convert("csv"), is_sample=False)
    assert made.steps[0].schema == (("n", "int"), ("d", "date"))
    assert "step 2 (convert_format): t.parquet, row 1, column 'd': 'infinity'" in made.errors[0]


def test_moments_at_an_offset_are_shown_at_it(shop):
    data = parquet(
        t=pa.array([0], pa.timestamp("s", "+05:30")), m=pa.array([[("a", b"x")]], pa.map_(pa.string(), pa.binary()))
    )
    made = plan(shop, "t.parquet", data, limit(1), is_sample=False)
    assert rows(made) == [{"t": "1970-01-01T05:30:00.000+05:30", "m": {"a": "78"}}]
    assert made.steps[0].schema == (("t", "datetime"), ("m", "map"))
    assert "'t' (datetime in the zone +05:30)" in made.warnings[0]


def test_durations_are_shown_as_they_will_be_written(shop):
    lengths = pa.array([timedelta(hours=30), -timedelta(seconds=1), None], pa.duration("us"))
    made = plan(shop, "t.parquet", parquet_of({"c": lengths}), convert("csv"), is_sample=False)
    assert rows(made) == [{"c": "30:00:00"}, {"c": "-0:00:01"}, {"c": None}]
