"""From every format to every other and on into parquet: values and types arrive, or are lost as documented."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest

from filemill.jobs.formats import FORMATS
from tests.engines.tables.workshop import Workshop, parquet_of

PLAIN = [name for name, one in FORMATS.items() if one.is_written and one.compression is None]
PACKED = [name for name, one in FORMATS.items() if one.is_written and one.compression]

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


@pytest.mark.parametrize("name", PACKED)
def test_what_is_packed_is_the_same(shop: Workshop, name: str) -> None:
    packed = shop.run("t.parquet", parquet_of(TYPED), to=name)
    plain = shop.run("t.parquet", parquet_of(TYPED), to=FORMATS[name].base)
    assert packed.text.encode() == plain.data
    assert len(packed.data) != len(plain.data)
    assert shop.run(f"t.{name}", packed.data, to=FORMATS[name].base).records == plain.records
