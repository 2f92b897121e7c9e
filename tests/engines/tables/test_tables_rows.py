"""The steps that look at many rows to choose or order them: sort, distinct, sample; and what stands before these."""

from typing import Any

import pytest

from filemill.pipelines.run import Phase
from tests.engines.tables.workshop import Workshop, distinct, keep, limit, rename, sample, select, sort

CITIES = """city,size,score
Ulm,3,1.50
Rom,,2.0
Ulm,1,1.5
,3,-0.5
Bonn,-7,
rom,20,2
"""


def cities(shop: Workshop, *pipeline: dict[str, Any], data: str = CITIES) -> list[str]:
    """The rows that come out, as they are written."""
    return shop.run("t.csv", data, *pipeline).text.splitlines()[1:]


@pytest.mark.parametrize(
    ("by", "expected"),
    [
        ([{"column": "size"}], ["Bonn,-7,", "Ulm,1,1.5", "Ulm,3,1.50", ",3,-0.5", "rom,20,2", "Rom,,2.0"]),
        (
            [{"column": "size", "descending": True}],
            ["rom,20,2", "Ulm,3,1.50", ",3,-0.5", "Ulm,1,1.5", "Bonn,-7,", "Rom,,2.0"],
        ),
        ([{"column": "score"}], [",3,-0.5", "Ulm,3,1.50", "Ulm,1,1.5", "Rom,,2.0", "rom,20,2", "Bonn,-7,"]),
        (
            [{"column": "city", "descending": True}, {"column": "size"}],
            ["rom,20,2", "Ulm,1,1.5", "Ulm,3,1.50", "Rom,,2.0", "Bonn,-7,", ",3,-0.5"],
        ),
    ],
)
def test_sort_is_typed_stable_and_puts_nulls_last(shop: Workshop, by: list[Any], expected: list[str]) -> None:
    # cells keep their text: the sort reads a typed copy
    assert cities(shop, sort(*by)) == expected


def test_sort_keeps_the_order_of_equal_rows_in_a_large_table(shop: Workshop) -> None:
    data = "k,n\n" + "".join(f"{n * 7919 % 10},{n}\n" for n in range(200_000))
    rows = shop.run("t.csv", data, sort("k")).rows
    assert rows == sorted(rows, key=lambda row: row[0])
    assert [int(n) for k, n in rows if k == "3"] == sorted(int(n) for k, n in rows if k == "3")


def test_sort_reads_parquet(shop: Workshop) -> None:
    data = shop.run("t.csv", CITIES, to="parquet").data
    result = shop.run("t.parquet", data, sort("size"), limit(2), select("city", "size"))
    assert result.rows == [("Bonn", -7), ("Ulm", 1)]


def test_distinct_keeps_the_first(shop: Workshop) -> None:
    assert cities(shop, distinct("city")) == ["Ulm,3,1.50", "Rom,,2.0", ",3,-0.5", "Bonn,-7,", "rom,20,2"]
    assert cities(shop, distinct("score")) == ["Ulm,3,1.50", "Rom,,2.0", ",3,-0.5", "Bonn,-7,"]
    assert cities(shop, select("size"), distinct()) == ["3", '""', "1", "-7", "20"]


def test_distinct_without_columns_compares_all(shop: Workshop) -> None:
    data = "a,b\n1,x\n1,y\n1,x\n,\n,\n"
    assert cities(shop, distinct(), data=data) == ["1,x", "1,y", ","]


def test_distinct_keeps_the_first_in_a_large_table(shop: Workshop) -> None:
    data = "k,n\n" + "".join(f"{n % 1000},{n}\n" for n in range(100_000))
    assert cities(shop, distinct("k"), data=data) == [f"{n},{n}" for n in range(1000)]


ALL = "n\n" + "".join(f"{n}\n" for n in range(1000))


def test_a_sample_is_the_same_in_every_run(shop: Workshop) -> None:
    # given rows known from a plain splitmix64, so that no library may change them
    assert cities(shop, sample(n=5, seed=7), data=ALL) == [str(n) for n in FIVE]
    assert cities(shop, sample(fraction=0.005, seed=7), data=ALL) == [str(n) for n in FEW]
    # when the rows lie in other batches, then the same ones are chosen
    ndjson = "".join(f'{{"n":{n},"x":"{"x" * 3000}"}}\n' for n in range(1000))
    assert shop.run("t.ndjson", ndjson, sample(n=5, seed=7), select("n")).rows == [(n,) for n in FIVE]
    # and another seed chooses others
    assert cities(shop, sample(n=5, seed=8), data=ALL) != [str(n) for n in FIVE]


def chances(seed: int, count: int) -> list[int]:
    """splitmix64, in plain Python."""
    most = (1 << 64) - 1
    found = []
    for n in range(1, count + 1):
        z = (n * 0x9E3779B97F4A7C15 + seed) & most
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & most
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & most
        found.append(z ^ (z >> 31))
    return found


SEVEN = chances(7, 1000)
FIVE = sorted(sorted(range(1000), key=SEVEN.__getitem__)[:5])
FEW = [n for n in range(1000) if SEVEN[n] < int(0.005 * 2**64)]


def test_samples_at_their_ends(shop: Workshop) -> None:
    assert len(cities(shop, sample(fraction=1), data=ALL)) == 1000
    assert cities(shop, sample(fraction=0), data=ALL) == []
    assert cities(shop, sample(n=0), data=ALL) == []
    assert len(cities(shop, sample(n=2**40), data=ALL)) == 1000
    half = len(cities(shop, sample(fraction=0.5, seed=2**63 - 1), data=ALL))
    assert 450 < half < 550


LATE = "k,v\n" + "1,2\n" * 10_000 + "x,3\n7,y\n"


def test_a_misfit_before_a_sort_fails_there_though_a_later_filter_leaves_its_row_out(shop: Workshop) -> None:
    failure = shop.fails("t.csv", LATE, sort("k"), keep("v", "eq", 100), limit(1))
    assert "t.csv, row 10001, column 'k': 'x' is no value of the column's type, int, which step 1 needs" in (
        failure.message
    )


def test_a_misfit_behind_a_sort_is_named_by_its_row(shop: Workshop) -> None:
    data = "k,v\n" + "1,2\n" * 10_000 + "0,y\n"
    failure = shop.fails("t.csv", data, sort("k"), rename({"v": "w"}), keep("w", "gt", 1))
    assert "row 10001, column 'w': 'y'" in failure.message
    assert "step 3" in failure.message


def test_a_misfit_that_was_left_out_before_a_sort_does_no_harm(shop: Workshop) -> None:
    assert len(cities(shop, keep("k", "eq", 1), limit(10), sort("k"), data=LATE)) == 10


@pytest.mark.parametrize("step", [distinct("k"), sample(fraction=1)])
def test_steps_that_choose_row_by_row_stop_before_a_misfit(shop: Workshop, step: dict[str, Any]) -> None:
    assert len(cities(shop, step, limit(1), data=LATE)) == 1
    assert "row 10001" in shop.fails("t.csv", LATE, distinct("k"), to="parquet").message


def test_a_damaged_row_does_not_get_behind_a_sort(shop: Workshop) -> None:
    failure = shop.fails("t.csv", "a,b\n1,2\n3\n", sort("a"), keep("a", "gt", 7))
    assert "row 2" in failure.message


def test_phases_name_the_step(shop: Workshop) -> None:
    said = shop.run("t.csv", CITIES, keep("size", "gt", 0), sort("city"), distinct("city"), sample(n=1)).said
    phases = [line for line in said if isinstance(line, Phase)]
    assert phases == [
        Phase("reading"),
        Phase("sorting", 2),
        Phase("deduplicating", 3),
        Phase("sampling", 4),
        Phase("writing"),
    ]


def test_what_cannot_be_compared_is_refused(shop: Workshop) -> None:
    data = '{"a":[1],"b":{"c":1}}\n'
    for step in (sort("a"), sort("b"), distinct("a"), distinct()):
        assert "cannot be compared" in shop.fails("t.ndjson", data, step).message
