"""json, arrow, avro and log as others write them, what is no such file, and how formats are packed."""

import contextlib
import gzip
import io
import json
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from backports import zstd

from filemill.engines.tables.writers import sinks
from filemill.errors import JobFailed
from filemill.pipelines.options import InputOptions
from tests.engines.tables.others import arrow_stream, avro, feather, workbook
from tests.engines.tables.workshop import Workshop, keep, limit, select

AVRO = {
    "type": "record",
    "name": "r",
    "fields": [
        {"name": "n", "type": "int"},
        {"name": "t", "type": ["null", "string"]},
        {"name": "l", "type": {"type": "array", "items": "long"}},
        {"name": "k", "type": {"type": "map", "values": "string"}},
        {"name": "e", "type": {"type": "enum", "name": "colour", "symbols": ["RED", "BLUE"]}},
        {"name": "m", "type": {"type": "bytes", "logicalType": "decimal", "precision": 9, "scale": 2}},
    ],
}
ROWS = [
    {"n": n, "t": None if n % 2 else str(n), "l": [n], "k": {"a": "b"}, "e": "RED", "m": Decimal("1.25")}
    for n in range(3)
]


# --- json -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        '[{"a":1,"b":"x"},{"a":2,"b":"y"}]',
        '\n [ {"a": 1,\n "b": "x"}\n , {"a": 2, "b": "y"} ] \n',
        '{"a":1,"b":"x"}\n{"a":2,"b":"y"}\n',
        '{"a":1,\n"b":"x"} {"a":2,"b":"y"}',
        '\ufeff[{"a":1,"b":"x"},{"a":2,"b":"y"}]',
    ],
    ids=["array", "spread", "lines", "one after another", "marked"],
)
def test_json_in_every_shape(shop: Workshop, text: str) -> None:
    assert shop.run("t.json", text, to="ndjson").rows == [(1, "x"), (2, "y")]


def test_a_large_json_array_comes_in_pieces(shop: Workshop) -> None:
    # given an array of more than a piece, whose objects hold what looks like the end of one
    rows = [{"n": n, "t": '}, {"n": [', "l": [{"a": [n]}, {"a": [1, 2]}]} for n in range(150_000)]
    data = json.dumps(rows)
    assert len(data) > 8 << 20
    # when it is read, then every object is a row
    result = shop.run("t.json", data, keep("n", "ge", 149_998), to="json")
    assert json.loads(result.text) == rows[-2:]
    assert result.done.rows_in == 150_000


def test_a_key_that_comes_late_is_a_column(shop: Workshop) -> None:
    rows = [{"a": 1}] * 20_000 + [{"a": 1, "late": "x"}]
    assert shop.run("t.json", json.dumps(rows), keep("late", "eq", "x"), to="json").records == [{"a": 1, "late": "x"}]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[]", "array is empty"),
        ("3", "neither"),
        ('[{"a":1},', "row 2"),
        ('[{"a":1}', "row 2"),
        ('[{"a":1},{"a":', "row 2"),
        ('[{"a":1} {"a":2}]', "row 2"),
        ('[{"a":1}] {"a":2}', "row 2"),
        ('[{"a":1},]', "row 2"),
        ('[{"a":1}, 2]', "row 2"),
        ('{"a":"x\ny"}', "row 1"),
        ('[{"a":NaN}]', "row 1"),
        ("[" * 100_000, "row 1"),
        ('[{"a":' + "[" * 5_000 + "]" * 5_000 + "}]", "row 1"),
    ],
)
def test_what_is_no_json_table_is_refused(shop: Workshop, text: str, told: str) -> None:
    failure = shop.fails("t.json", text, to="csv")
    assert (failure.code, failure.at_fault) == ("bad_file", "caller")
    assert told in failure.message


# --- arrow ------------------------------------------------------------------------------------------------------------

TABLE = pa.table(
    {
        "n": pa.array([1, 2, None, 4]),
        "c": pa.array(["x", "y", "x", None]).dictionary_encode(),
        "l": pa.array([[1], None, [], [2, 3]]),
        "v": pa.array(["x", None, "y", "a long text that is not held inline"], pa.string_view()),
    }
)


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("t.feather", feather(TABLE, compression="zstd", chunksize=2)),
        ("t.arrow", feather(TABLE, compression="lz4")),
        ("t.arrow", feather(TABLE, compression="uncompressed")),
        ("t.arrow", arrow_stream(TABLE)),
    ],
    ids=["zstd", "lz4", "plain", "stream"],
)
def test_arrow_in_every_shape(shop: Workshop, name: str, data: bytes) -> None:
    assert shop.run(name, data, to="parquet").records == TABLE.to_pylist()
    assert shop.run(name, data, keep("n", "gt", 1), select("n", "c"), to="csv").text == "n,c\n2,y\n4,\n"


def test_a_column_that_no_table_here_holds_is_named(shop: Workshop) -> None:
    union = pa.UnionArray.from_dense(pa.array([0], pa.int8()), pa.array([0], pa.int32()), [pa.array([1])])
    data = arrow_stream(pa.table({"u": union}))
    assert "'u'" in shop.fails("t.arrow", data, to="csv").message


# --- avro -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("codec", ["null", "deflate", "snappy", "zstandard", "bzip2", "xz"])
def test_avro_with_every_codec(shop: Workshop, codec: str) -> None:
    result = shop.run("t.avro", avro(AVRO, ROWS, codec), to="parquet")
    expected = [{**row, "k": [("a", "b")]} for row in ROWS]
    assert result.records == expected


def test_a_name_that_avro_has_not_is_named(shop: Workshop) -> None:
    assert "'a b'" in shop.fails("t.csv", "a b\n1\n", to="avro").message


def test_a_column_of_several_types_is_refused(shop: Workshop) -> None:
    schema = {"type": "record", "name": "r", "fields": [{"name": "u", "type": ["int", "string"]}]}
    assert "'u'" in shop.fails("t.avro", avro(schema, [{"u": 1}]), to="csv").message


# --- log --------------------------------------------------------------------------------------------------------------


def test_lines_stand_as_they_are(shop: Workshop) -> None:
    data = 'a,"b\r\n\n  x\t\nlast\rline'
    assert shop.run("t.log", data, to="ndjson").rows == [('a,"b',), ("",), ("  x\t",), ("last\rline",)]
    assert shop.run("t.log.gz", gzip.compress(data.encode()), limit(1), to="csv").text == 'line\n"a,""b"\n'


def test_the_first_line_that_is_no_text_is_named(shop: Workshop) -> None:
    given = InputOptions(encoding="utf-8")
    assert "row 3" in shop.fails("t.log", b"a\nb\nc\xff\nd\n", to="csv", given=given).message
    assert shop.run("t.log", b"a\nb\nc\xff\nd\n", limit(2), to="csv", given=given).rows == [("a",), ("b",)]


# --- damage -----------------------------------------------------------------------------------------------------------

WHOLE = {
    "t.arrow": feather(TABLE, compression="zstd"),
    "t.feather": feather(pa.table({"n": range(1000)}), compression="uncompressed"),
    "t.avro": avro(AVRO, ROWS * 1000, "deflate"),
    "t.xlsx": workbook(["a", "b"], *([n, "x"] for n in range(100))),
    "t.csv.zst": zstd.compress(b"a,b\n" + b"1,x\n" * 1000),
    "t.json.gz": gzip.compress(json.dumps([{"a": n} for n in range(1000)]).encode()),
}


@pytest.mark.parametrize("cut", [3, 9, 0.3, 0.6, 0.9, -1])
@pytest.mark.parametrize("name", WHOLE)
def test_a_file_that_is_not_whole_is_refused(shop: Workshop, name: str, cut: float) -> None:
    whole = WHOLE[name]
    data = whole[: int(cut * len(whole)) if isinstance(cut, float) else cut]
    failure = shop.fails(name, data, to="ndjson")
    assert (failure.code, failure.at_fault) == ("bad_file", "caller")
    assert name in failure.message


@pytest.mark.parametrize("name", WHOLE)
def test_a_damaged_file_never_fails_for_a_reason_of_ours(shop: Workshop, name: str) -> None:
    whole = bytearray(WHOLE[name])
    for n in range(40):
        at = (n * 7919 + 13) % len(whole)
        data = bytearray(whole)
        data[at] ^= 0xFF
        # A length that is wrong may ask for more memory than there is, which ends the job as too_much_memory.
        with contextlib.suppress(JobFailed, MemoryError):
            shop.run(name, bytes(data), to="ndjson")
            continue
        with contextlib.suppress(MemoryError):
            assert shop.fails(name, bytes(data), to="ndjson").at_fault == "caller", at


@pytest.mark.parametrize("name", ["t.arrow", "t.avro", "t.xlsx", "t.csv.zst", "t.json"])
def test_what_is_something_else_is_refused(shop: Workshop, name: str) -> None:
    for data in (b"a,b\n1,2\n" * 10, b"PK\x03\x04" + b"x" * 100, b"\0" * 100, b"%PDF-1.4 x", b"x"):
        failure = shop.fails(name, data, to="ndjson")
        assert (failure.code, failure.at_fault) == ("bad_file", "caller")


# --- options ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("compression", ["zstd", "snappy", "gzip", "lz4", "brotli", "none"])
def test_parquet_is_packed_as_wanted(shop: Workshop, compression: str) -> None:
    text = "n\n" + "".join(f"{n}\n" for n in range(1000))
    data = shop.run("t.csv", text, to="parquet", how={"compression": compression, "row_group_size": 300}).data
    meta = pq.ParquetFile(io.BytesIO(data)).metadata
    assert meta.num_row_groups == 4
    assert meta.row_group(0).column(0).compression.lower() == {"none": "uncompressed"}.get(compression, compression)


def test_long_rows_are_fewer_in_a_group(shop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    # given rows of 10 kB, and groups that are to be of a megabyte
    monkeypatch.setattr(sinks, "_GROUP_BYTES", 1 << 20)
    text = "n,t\n" + "".join(f"{n},{'x' * 10_000}\n" for n in range(1_000))
    # when they are written, then no group is much larger
    data = shop.run("t.csv", text, to="parquet").data
    assert pq.ParquetFile(io.BytesIO(data)).metadata.num_row_groups == 10
    data = shop.run("t.csv", text, to="arrow").data
    assert pa.ipc.open_file(io.BytesIO(data)).num_record_batches == 10


@pytest.mark.parametrize(
    ("to", "compression"), [("arrow", "zstd"), ("arrow", "lz4"), ("avro", "snappy"), ("avro", "none")]
)
def test_others_are_packed_as_wanted(shop: Workshop, to: str, compression: str) -> None:
    assert shop.run("t.csv", "n\n1\n2\n", to=to, how={"compression": compression}).rows == [(1,), (2,)]


def test_csv_is_separated_as_wanted(shop: Workshop) -> None:
    assert shop.run("t.csv", "a,b\n1,x;y\n", to="csv", how={"delimiter": ";"}).text == 'a;b\n1;"x;y"\n'
