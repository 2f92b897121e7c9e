"""Types of typed files that no column here has: UUID, JSON, bytes, intervals, long decimals, zones given as offsets."""

import io
from decimal import Decimal
from typing import Any
from uuid import UUID

import fastavro
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.engines.tables.others import arrow_stream, avro, duckdb_parquet
from tests.engines.tables.workshop import Workshop, add, cast, drop, keep, parquet_of, select, sort, told

ONE = "0b0c1d2e-0000-4000-8000-00000000abcd"
IDENTITIES = duckdb_parquet(f"SELECT '{ONE}'::UUID AS u, '{{\"a\": [1]}}'::JSON AS j UNION ALL SELECT NULL, NULL")
WRITTEN = ("csv", "tsv", "ndjson", "json", "parquet", "arrow", "avro", "xlsx")


# --- uuid and json ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("to", WRITTEN)
def test_uuid_and_json_are_text_and_that_is_told(shop: Workshop, to: str) -> None:
    result = shop.run("t.parquet", IDENTITIES, to=to)
    assert result.rows[0] == (ONE, '{"a": [1]}')
    assert "'u' (uuid)" in told(result)
    assert "'j' (json)" in told(result)
    assert result.types == {"u": "text", "j": "text"}


def test_a_uuid_is_looked_for_as_text(shop: Workshop) -> None:
    assert shop.run("t.parquet", IDENTITIES, keep("u", "eq", ONE), select("u")).rows == [(ONE,)]
    assert shop.run("t.parquet", IDENTITIES, keep("u", "starts_with", "ff"), select("u")).rows == []


def test_uuids_within_lists_and_objects(shop: Workshop) -> None:
    data = duckdb_parquet(f"SELECT ['{ONE}'::UUID, NULL] AS l, {{'u': '{ONE}'::UUID, 'n': 1}} AS o, 7 AS n")
    result = shop.run("t.parquet", data, to="ndjson")
    assert result.records == [{"l": [ONE, None], "o": {"u": ONE, "n": 1}, "n": 7}]
    assert "'l' (list of uuid)" in told(result)


def test_arrow_and_avro_have_them_too(shop: Workshop) -> None:
    uuids = pa.ExtensionArray.from_storage(pa.uuid(), pa.array([UUID(ONE).bytes, None], pa.binary(16)))
    texts = pa.ExtensionArray.from_storage(pa.json_(), pa.array(['{"a":1}', None]))
    result = shop.run("t.arrow", arrow_stream(pa.table({"u": uuids, "j": texts})), to="csv")
    assert result.text == f'u,j\n{ONE},"{{""a"":1}}"\n,\n'
    assert "'u' (uuid)" in told(result)
    schema = {
        "type": "record",
        "name": "r",
        "fields": [
            {"name": "u", "type": {"type": "fixed", "name": "f", "size": 16, "logicalType": "uuid"}},
            {"name": "s", "type": ["null", {"type": "string", "logicalType": "uuid"}]},
        ],
    }
    result = shop.run("t.avro", avro(schema, [{"u": UUID(ONE).bytes, "s": UUID(ONE)}]), to="csv")
    assert result.text == f"u,s\n{ONE},{ONE}\n"
    assert "'u' (uuid), 's' (uuid)" in told(result)


def extended(name: str, values: pa.Array) -> bytes:
    return parquet_of({"x": values}) if name == "t.parquet" else arrow_stream(pa.table({"x": values}))


@pytest.mark.parametrize("name", ["t.parquet", "t.arrow"])
def test_extensions_of_arrow_wherever_they_stand(shop: Workshop, name: str) -> None:
    # given JSON, UUID and booleans of 8 bits in columns, lists, objects and maps
    uuids = pa.ExtensionArray.from_storage(pa.uuid(), pa.array([UUID(ONE).bytes, None], pa.binary(16)))
    texts = pa.ExtensionArray.from_storage(pa.json_(), pa.array(['{"a":1}', None]))
    for values, text in ((uuids, ONE), (texts, '{"a":1}')):
        offsets = pa.array([0, 1, 2], pa.int32())
        shapes = {
            "column": (values, [text, None]),
            "list": (pa.ListArray.from_arrays(offsets, values), [[text], [None]]),
            "object": (pa.StructArray.from_arrays([values], ["k"]), [{"k": text}, {"k": None}]),
            "map": (pa.MapArray.from_arrays(offsets, pa.array(["k", "k"]), values), [{"k": text}, {"k": None}]),
        }
        for made, expected in shapes.values():
            assert [row["x"] for row in shop.run(name, extended(name, made), to="ndjson").records] == expected
            one = shop.run(name, extended(name, made), to="parquet")
            assert [row["x"] for row in shop.run("t.parquet", one.data, to="ndjson").records] == expected
            assert "is not kept of 'x'" in told(one)
    flags = pa.ExtensionArray.from_storage(pa.bool8(), pa.array([1, 0, None], pa.int8()))
    if name == "t.arrow":
        assert shop.run(name, extended(name, flags), to="parquet").rows == [(True,), (False,), (None,)]


def test_json_that_is_no_text_is_named(shop: Workshop) -> None:
    # given a column that is JSON by its logical type, and by its bytes is none
    data = duckdb_parquet('SELECT 1 AS n, \'{"a":"x"}\'::JSON AS j', compression="uncompressed").replace(
        b'"x"', b'"\xff"'
    )
    # then it may be passed by, and is named where it is needed
    assert shop.run("t.parquet", data, select("n")).rows == [(1,)]
    failure = shop.fails("t.parquet", data, to="csv")
    assert (failure.code, "row 1, column 'j': '0x7b2261223a22ff227d'" in failure.message) == ("bad_value", True)


# --- bytes ------------------------------------------------------------------------------------------------------------

BYTES = parquet_of({"name": pa.array([b"abc", "Zoë".encode(), None]), "n": pa.array([1, 2, 3])})
NO_TEXT = parquet_of({"name": pa.array([b"abc", b"a\xff", None]), "n": pa.array([1, 2, 3])})


@pytest.mark.parametrize("to", ["csv", "tsv", "ndjson", "json", "xlsx"])
def test_bytes_that_are_text_are_written_as_such_and_told(shop: Workshop, to: str) -> None:
    result = shop.run("t.parquet", BYTES, to=to)
    assert [row[0] for row in result.rows][:2] == ["abc", "Zoë"]
    assert "'name' (binary): written as text in UTF-8" in told(result)


@pytest.mark.parametrize("to", ["csv", "tsv", "ndjson", "json", "xlsx"])
def test_bytes_that_are_no_text_are_named_with_what_to_do(shop: Workshop, to: str) -> None:
    failure = shop.fails("t.parquet", NO_TEXT, to=to)
    assert failure.code == "bad_value"
    assert "row 2, column 'name': '0x61ff'" in failure.message
    if to != "xlsx":
        assert "encode(..., 'base64')" in failure.message
    rest = shop.run("t.parquet", NO_TEXT, to=to, collects=True)
    assert len(rest.rows) == 2


@pytest.mark.parametrize("to", ["parquet", "arrow", "avro"])
def test_bytes_stay_bytes_where_there_is_a_type_for_them(shop: Workshop, to: str) -> None:
    result = shop.run("t.parquet", NO_TEXT, to=to)
    assert [row[0] for row in result.rows] == [b"abc", b"a\xff", None]
    assert not told(result)


def test_bytes_are_cast_to_text(shop: Workshop) -> None:
    result = shop.run("t.parquet", BYTES, cast(name="text"), to="parquet")
    assert (result.rows, result.types["name"]) == ([("abc", 1), ("Zoë", 2), (None, 3)], "text")
    failure = shop.fails("t.parquet", NO_TEXT, cast(name="text"), to="parquet")
    assert "row 2, column 'name': '0x61ff' cannot become text without loss" in failure.message
    assert "row 2, column 'name': '0x61ff'" in shop.fails("t.parquet", NO_TEXT, add("t", "text(name)")).message


def test_bytes_are_encoded(shop: Workshop) -> None:
    steps = add("b", "encode(name, 'base64')"), add("h", "encode(name, 'hex')"), drop("name", "n")
    assert shop.run("t.parquet", NO_TEXT, *steps, to="csv").text == "b,h\nYWJj,616263\nYf8=,61ff\n,\n"
    assert "bytes or text" in shop.fails("t.parquet", NO_TEXT, add("b", "encode(n, 'hex')")).message


def test_bytes_of_one_length_are_bytes_and_the_length_is_told(shop: Workshop) -> None:
    data = parquet_of({"x": pa.array([b"ab\0\xff"], pa.binary(4))})
    assert shop.run("t.parquet", data).rows == [(b"ab\0\xff",)]
    assert "'x' (binary of 4 bytes)" in told(shop.run("t.parquet", data))


def test_bytes_within_lists_are_refused_before_work_starts(shop: Workshop) -> None:
    data = parquet_of({"l": pa.array([[b"a"], None])})
    assert shop.run("t.parquet", data).rows == [([b"a"],), (None,)]
    for to in ("ndjson", "json"):
        assert "'l' holds values of type list of binary" in shop.fails("t.parquet", data, to=to).message


# --- intervals --------------------------------------------------------------------------------------------------------

INTERVALS = duckdb_parquet("SELECT INTERVAL 1 MONTH AS i, 7 AS n, [INTERVAL 2 DAY] AS l")


@pytest.mark.parametrize("to", WRITTEN)
def test_an_interval_is_refused_by_its_name(shop: Workshop, to: str) -> None:
    for column in ("i", "l"):
        failure = shop.fails("t.parquet", INTERVALS, select(column), to=to)
        assert failure.code == "bad_value"
        assert f"'{column}' holds values of type interval" in failure.message


def test_the_other_columns_of_a_file_with_intervals_are_there(shop: Workshop) -> None:
    assert shop.run("t.parquet", INTERVALS, drop("i", "l"), to="csv").text == "n\n7\n"
    assert shop.run("t.parquet", INTERVALS, keep("n", "gt", 1), select("n"), to="csv").text == "n\n7\n"
    for step in (keep("i", "is_null"), sort("i"), add("x", "is_null(i)"), cast(i="text")):
        assert "'i' is of type interval" in shop.fails("t.parquet", INTERVALS, step, select("n")).message


def test_rows_are_collected_beside_intervals(shop: Workshop) -> None:
    data = duckdb_parquet("SELECT INTERVAL 1 MONTH AS i, 'x' AS n UNION ALL SELECT NULL, '7'")
    assert shop.run("t.parquet", data, cast(n="int"), drop("i"), to="csv", collects=True).text == "n\n7\n"


def test_an_avro_duration_is_an_interval(shop: Workshop) -> None:
    field = {"name": "i", "type": {"type": "fixed", "name": "d", "size": 12, "logicalType": "duration"}}
    data = avro({"type": "record", "name": "r", "fields": [field]}, [{"i": bytes(12)}])
    assert "'i' holds values of type interval" in shop.fails("t.avro", data, to="parquet").message


# --- long decimals ----------------------------------------------------------------------------------------------------

LONG = pa.array([Decimal("1.5"), None, Decimal("-12345678901234567.0000000001")], pa.decimal256(50, 10))
TOO_LONG = pa.array([Decimal(1), Decimal("1" * 40)], pa.decimal256(50, 0))


def avro_decimals(*values: str) -> bytes:
    kind = {"type": "bytes", "logicalType": "decimal", "precision": 50, "scale": 10}
    fields = [{"name": "n", "type": "int"}, {"name": "d", "type": ["null", kind]}]
    rows = [{"n": n, "d": Decimal(value) if value else None} for n, value in enumerate(values)]
    return avro({"type": "record", "name": "r", "fields": fields}, rows)


def long_decimals(name: str) -> bytes:
    columns = {"n": pa.array([0, 1, 2]), "d": LONG}
    if name == "t.parquet":
        return parquet_of(columns)
    if name == "t.arrow":
        return arrow_stream(pa.table(columns))
    return avro_decimals("1.5", "", "-12345678901234567.0000000001")


@pytest.mark.parametrize("name", ["t.parquet", "t.arrow", "t.avro"])
def test_long_decimals_are_carried_exactly(shop: Workshop, name: str) -> None:
    result = shop.run(name, long_decimals(name), to="csv")
    assert result.text == "n,d\n0,1.5000000000\n1,\n2,-12345678901234567.0000000001\n"
    assert "'d' (decimal(50, 10))" in told(result)
    kept = shop.run(name, long_decimals(name), keep("d", "lt", 0), to="parquet")
    assert kept.rows == [(2, Decimal("-12345678901234567.0000000001"))]


@pytest.mark.parametrize("name", ["t.parquet", "t.arrow"])
def test_long_decimals_within_lists_lead_nowhere_and_leave_the_others(shop: Workshop, name: str) -> None:
    columns = {"l": pa.array([[Decimal("1.5")]], pa.list_(pa.decimal256(50, 10))), "n": pa.array([7])}
    data = parquet_of(columns) if name == "t.parquet" else arrow_stream(pa.table(columns))
    assert shop.run(name, data, drop("l"), to="csv").text == "n\n7\n"
    failure = shop.fails(name, data, to="parquet")
    assert (failure.code, "(50, 10)" in failure.message) == ("bad_value", True)


def test_short_decimals_are_decimals_wherever_they_stand(shop: Workshop) -> None:
    values = pa.array([[Decimal("1.25")], None], pa.list_(pa.decimal64(12, 2)))
    assert shop.run("t.arrow", arrow_stream(pa.table({"l": values})), to="parquet").rows == [
        ([Decimal("1.25")],),
        (None,),
    ]


def test_half_floats_are_floats(shop: Workshop) -> None:
    data = parquet_of({"f": pa.array([1.5, None], pa.float16())})
    assert shop.run("t.parquet", data, to="avro").rows == [(1.5,), (None,)]
    assert shop.run("t.parquet", data, to="csv").text == 'f\n1.5\n""\n'


def test_a_column_that_arrow_alone_has_leads_nowhere_and_leaves_the_others(shop: Workshop) -> None:
    union = pa.UnionArray.from_dense(pa.array([0], pa.int8()), pa.array([0], pa.int32()), [pa.array([1])])
    data = arrow_stream(pa.table({"u": union, "n": pa.array([7])}))
    assert shop.run("t.arrow", data, drop("u"), to="csv").text == "n\n7\n"
    assert "'u' holds values of type dense_union" in shop.fails("t.arrow", data, to="parquet").message


def test_a_decimal_that_is_too_long_is_named(shop: Workshop) -> None:
    for name, data in {
        "t.parquet": parquet_of({"d": TOO_LONG, "n": pa.array([1, 2])}),
        "t.arrow": arrow_stream(pa.table({"d": TOO_LONG, "n": pa.array([1, 2])})),
    }.items():
        failure = shop.fails(name, data, to="csv")
        assert failure.code == "bad_value"
        assert f"row 2, column 'd': '{'1' * 40}'" in failure.message
        assert shop.run(name, data, drop("d"), to="csv").text == "n\n1\n2\n"
        assert shop.run(name, data, to="csv", collects=True).text == "d,n\n1,1\n"


# --- zones ------------------------------------------------------------------------------------------------------------

MICROS = 1_709_214_300_123_456


def zoned(zone: str, **more: Any) -> dict[str, pa.Array]:
    return {"t": pa.array([MICROS, None], pa.timestamp("us", zone)), "n": pa.array([1, 2]), **more}


@pytest.mark.parametrize(
    ("zone", "text"),
    [
        ("+05:30", "2024-02-29T19:15:00.123456+05:30"),
        ("-03:30", "2024-02-29T10:15:00.123456-03:30"),
        ("-03:00", "2024-02-29T10:45:00.123456-03:00"),
        ("+00:00", "2024-02-29T13:45:00.123456+00:00"),
        ("Asia/Kolkata", "2024-02-29T19:15:00.123456+05:30"),
        ("Mars/Olympus", "2024-02-29T13:45:00.123456+00:00"),
    ],
)
def test_moments_are_written_at_the_offset_of_their_file(shop: Workshop, zone: str, text: str) -> None:
    for name, data in {"t.parquet": parquet_of(zoned(zone)), "t.arrow": arrow_stream(pa.table(zoned(zone)))}.items():
        assert shop.run(name, data, to="csv").text == f"t,n\n{text},1\n,2\n"
        assert [row["t"] for row in shop.run(name, data, to="ndjson").records] == [text, None]
        assert shop.run(name, data, cast(t="text"), keep("t", "eq", text), to="csv").text == f"t,n\n{text},1\n"
        for to in ("parquet", "arrow", "avro"):
            assert shop.run(name, data, to=to).records[0]["t"].timestamp() == MICROS / 1e6


def test_a_zone_that_is_not_kept_is_told(shop: Workshop) -> None:
    result = shop.run("t.parquet", parquet_of(zoned("+05:30")))
    assert "'t' (datetime in the zone +05:30): written as moments in UTC" in told(result)
    assert not told(shop.run("t.parquet", parquet_of(zoned("Asia/Kolkata"))))


def test_moments_with_an_offset_are_compared_and_computed_with(shop: Workshop) -> None:
    data = parquet_of(zoned("+05:30"))
    assert (
        shop.run("t.parquet", data, keep("t", "eq", "2024-02-29T14:45:00.123456+01:00"), to="csv").done.made[0].rows
        == 1
    )
    assert shop.run("t.parquet", data, sort("t"), add("y", "year(t)"), select("y"), to="csv").text == 'y\n2024\n""\n'


def test_moments_with_an_offset_within_lists(shop: Workshop) -> None:
    kind = pa.timestamp("us", "+05:30")
    data = parquet_of(
        {
            "l": pa.array([[MICROS], None], pa.list_(kind)),
            "m": pa.array([[("a", MICROS)], []], pa.map_(pa.string(), kind)),
        }
    )
    text = "2024-02-29T13:45:00.123456+00:00"
    assert shop.run("t.parquet", data, to="ndjson").records == [{"l": [text], "m": {"a": text}}, {"l": None, "m": {}}]


# --- no columns -------------------------------------------------------------------------------------------------------


def test_a_file_without_columns_is_told_so(shop: Workshop) -> None:
    sink = io.BytesIO()
    pq.write_table(pa.table({}), sink)
    for name, data in {"t.parquet": sink.getvalue(), "t.arrow": arrow_stream(pa.table({}))}.items():
        assert shop.fails(name, data, to="csv").message == f"{name}: The file has no columns."
    nothing = io.BytesIO()
    fastavro.writer(nothing, {"type": "record", "name": "r", "fields": []}, [])
    assert "no" in shop.fails("t.avro", nothing.getvalue(), to="csv").message
