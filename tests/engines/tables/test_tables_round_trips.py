"""From every format to every other and on into parquet: values and types arrive, or are lost as documented."""

import io
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from filemill.pipelines.formats import FORMATS, TABLES
from tests.engines.tables.workshop import Workshop, parquet_of, told

PLAIN = [name for name, one in TABLES.items() if one.is_written and one.compression is None]
PACKED = [name for name, one in TABLES.items() if one.is_written and one.compression]

TYPED = {
    "i": pa.array([1, None, -(2**53), 4]),
    "big": pa.array([2**63 - 1, 0, -(2**63), None]),
    "f": pa.array([0.1, 1e300, None, -2.5]),
    "m": pa.array([Decimal("1.50"), Decimal("-0.01"), None, Decimal("12345678901.25")], pa.decimal128(20, 2)),
    "b": pa.array([True, False, None, True]),
    "t": pa.array(["007", "=1+1", 'a "quoted",\nline\ttab \U0001f600', None]),
    "d": pa.array([date(2020, 1, 2), date(1969, 12, 31), None, date(9999, 12, 31)]),
    "s": pa.array([datetime(2020, 1, 2, 3, 4, 5, 600000), datetime(1969, 1, 1), None, None], pa.timestamp("ms")),  # noqa: DTZ001
    "z": pa.array([datetime(2020, 1, 2, tzinfo=UTC), None, None, None], pa.timestamp("us", "UTC")),
}

KEPT = ("parquet", "arrow", "avro")
"""Formats that keep all these types."""

TEXTS = ("csv", "tsv")


def as_text(name: str, value: Any) -> Any:
    """What becomes of a value whose type the format does not know."""
    if value is None:
        return None
    match name:
        case "d":
            return value.isoformat()
        case "s":
            return value.isoformat(timespec="milliseconds")
        case "z":
            return value.isoformat(timespec="microseconds")
    return value


def arrives(name: str, value: Any, through: str) -> Any:
    """The documented loss: what a value of `TYPED` is after a format."""
    base = FORMATS[through].base
    if base in KEPT or value is None:
        return value
    if name == "m":
        return float(value)
    if base == "xlsx":
        return str(value) if name == "big" else as_text(name, value) if name == "z" else value
    return as_text(name, value)


def expected(first: str, second: str) -> list[dict[str, Any]]:
    rows = pa.table(TYPED).to_pylist()
    for through in (first, second):
        rows = [{name: arrives_of(name, value, through) for name, value in row.items()} for row in rows]
    return rows


def arrives_of(name: str, value: Any, through: str) -> Any:
    # What has become text, or a float, stays it; but cells of csv are typed anew.
    if isinstance(value, str):
        return int(value) if name == "big" and FORMATS[through].base in TEXTS else value
    if name == "m" and isinstance(value, float):
        return value
    return arrives(name, value, through)


@pytest.mark.parametrize("second", PLAIN)
@pytest.mark.parametrize("first", PLAIN)
def test_every_pair_of_formats(shop: Workshop, first: str, second: str) -> None:
    # given a typed table in the first format
    one = shop.run("t.parquet", parquet_of(TYPED), to=first)
    # when it is taken to the second, and from there to parquet
    other = shop.run(f"t.{first}", one.data, to=second)
    last = shop.run(f"t.{second}", other.data, to="parquet")
    # then every value is there
    assert last.records == expected(first, second)


@pytest.mark.parametrize("name", PLAIN)
def test_every_type_that_is_lost_is_told(shop: Workshop, name: str) -> None:
    # given a typed table, and what its columns are after a format
    before = shop.run("t.parquet", parquet_of(TYPED), to="parquet").types
    one = shop.run("t.parquet", parquet_of(TYPED), to=name)
    after = shop.run(f"t.{name}", one.data, to="parquet").types
    # then exactly those that are something else were told
    lost = {column for column in TYPED if after[column] != before[column]}
    if name == "xlsx":
        assert "2 numbers or dates" in told(one)
        lost.discard("big")
    assert {column for column in TYPED if f"'{column}'" in told(one)} == lost


NESTED = {
    "n": pa.array([1, 2, 3, 4]),
    "l": pa.array([[1, None], [], None, [-3]]),
    "o": pa.array([{"x": 1.5, "y": "a"}, {"x": None, "y": None}, None, {"x": -1.0, "y": ""}]),
    "d": pa.array([[{"k": [True]}], [{"k": []}, {"k": None}], [], None]),
}
HOLD_NESTED = ("ndjson", "json", "parquet", "arrow", "avro")


@pytest.mark.parametrize("second", HOLD_NESTED)
@pytest.mark.parametrize("first", HOLD_NESTED)
def test_nested_values_between_every_pair_that_holds_them(shop: Workshop, first: str, second: str) -> None:
    one = shop.run("t.parquet", parquet_of(NESTED), to=first)
    other = shop.run(f"t.{first}", one.data, to=second)
    assert shop.run(f"t.{second}", other.data, to="parquet").records == pa.table(NESTED).to_pylist()


ODD: dict[str, Any] = {
    "binary": pa.array([b"\0\xff", None]),
    "duration": pa.array([timedelta(seconds=1), None]),
    "list": pa.array([[1], None]),
    "struct": pa.array([{"a": 1}, None]),
    "nan": pa.array([float("nan"), 1.5]),
    "long decimal": pa.array([Decimal("12345678901234567.25"), None], pa.decimal128(20, 2)),
    "wide": pa.array([2**64 - 1, None], pa.uint64()),
    "nanoseconds": pa.array([1, None], pa.timestamp("ns")),
}
"""Columns that not every format carries."""

CANNOT = {
    "csv": ("binary", "list", "struct"),
    "tsv": ("binary", "list", "struct"),
    "ndjson": ("binary", "nan", "long decimal"),
    "json": ("binary", "nan", "long decimal"),
    "parquet": (),
    "arrow": (),
    "avro": ("duration", "wide", "nanoseconds"),
    "xlsx": ("binary", "list", "struct", "nan"),
}


@pytest.mark.parametrize("what", ODD)
@pytest.mark.parametrize("name", PLAIN)
def test_what_a_format_cannot_carry_is_refused_and_named(shop: Workshop, name: str, what: str) -> None:
    data = parquet_of({"n": pa.array([1, 2]), "c_c": ODD[what]})
    if what in CANNOT[name]:
        failure = shop.fails("t.parquet", data, to=name)
        assert failure.code == "bad_value"
        assert "'c_c'" in failure.message
        assert name in failure.message or "JSON" in failure.message
        return
    # and everything else arrives
    one = shop.run("t.parquet", data, to=name)
    last = shop.run(f"t.{name}", one.data, to="parquet")
    value, expected = value_of(pq.read_table(io.BytesIO(last.data))["c_c"][0]), value_of(ODD[what][0])
    assert repr(value) == repr(expected) or str(value) == AS_TEXT[what], (value, expected)


def value_of(one: pa.Scalar) -> Any:
    """As Python has it, or as a number of nanoseconds."""
    return one.value if one.type == pa.timestamp("ns") else one.as_py()


AS_TEXT = {
    "nan": "NaN",
    "duration": "0:00:01",
    "long decimal": "12345678901234567.25",
    "wide": "18446744073709551615",
    "nanoseconds": "1970-01-01T00:00:00.000000001",
}
"""What becomes of a value where the format has no such type."""


@pytest.mark.parametrize("name", PACKED)
def test_what_is_packed_is_the_same(shop: Workshop, name: str) -> None:
    packed = shop.run("t.parquet", parquet_of(TYPED), to=name)
    plain = shop.run("t.parquet", parquet_of(TYPED), to=FORMATS[name].base)
    assert packed.text.encode() == plain.data
    assert len(packed.data) != len(plain.data)
    assert shop.run(f"t.{name}", packed.data, to=FORMATS[name].base).records == plain.records
