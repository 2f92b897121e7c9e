"""Files whose columns are nested deeply: read and written up to the limit, refused with one sentence beyond it.

Beyond the limit a library may end the whole process. So the deepest files are small, and of every format.
"""

import base64
import io
import json
from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from filemill.engines.tables.readers.nesting import MOST_LEVELS, MOST_PARQUET_LEVELS
from tests.engines.tables.thrift import BINARY, LIST, STRUCT, binary, element, field, footer_of, number, several
from tests.engines.tables.workshop import Workshop

DEEP = [MOST_PARQUET_LEVELS + 1, 1_000, 5_000, 50_000]


def objects(levels: int) -> tuple[pa.DataType, Any]:
    """A type of so many levels, and a value of it."""
    kind, value = pa.int64(), 7
    for _ in range(levels - 1):
        kind, value = pa.struct([("a", kind)]), {"a": value}
    return kind, value


def lists(levels: int) -> tuple[pa.DataType, Any]:
    kind, value = pa.int64(), 7
    for _ in range(levels - 1):
        kind, value = pa.list_(kind), [value]
    return kind, value


Kind = Callable[[int], tuple[pa.DataType, Any]]


def arrow(kind: Kind, levels: int, *, streamed: bool = False) -> bytes:
    made, value = kind(levels)
    told = io.BytesIO()
    schema = pa.schema([("n", pa.int64()), ("x", made)])
    with (pa.ipc.new_stream if streamed else pa.ipc.new_file)(told, schema) as writer:
        if levels <= MOST_LEVELS:  # pyarrow writes no deeper values
            writer.write(pa.record_batch([pa.array([1, 2]), pa.array([value, None], made)], schema=schema))
    return told.getvalue()


def parquet(kind: Kind, levels: int) -> bytes:
    made, value = kind(levels)
    told = io.BytesIO()
    pq.write_table(pa.table({"n": [1, 2], "x": pa.array([value, None], made)}), told)
    return told.getvalue()


def avro_type(levels: int, template: str) -> str:
    """A type of Avro with as many levels, as text: no library makes deep ones."""
    kind = '"long"'
    for n in range(levels - 1):
        kind = template.replace("%n", str(n)).replace("%s", kind)
    return kind


AVRO = {
    "objects": '{"type": "record", "name": "r%n", "fields": [{"name": "a", "type": %s}]}',
    "lists": '{"type": "array", "items": %s}',
    "maps": '{"type": "map", "values": %s}',
    "lists that may be null": '["null", {"type": "array", "items": %s}]',
}


def avro(kind: str) -> bytes:
    """A file without rows, with one column of this type."""
    schema = '{"type": "record", "name": "top", "fields": [{"name": "x", "type": %s}]}' % kind  # noqa: UP031

    def text(value: bytes) -> bytes:
        return number(len(value)) + value

    entries = text(b"avro.schema") + text(schema.encode()) + text(b"avro.codec") + text(b"null")
    return b"Obj\x01" + number(2) + entries + number(0) + b"0123456789abcdef"


# --- up to the limit --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [objects, lists])
@pytest.mark.parametrize("to", ["arrow", "ndjson", "json", "avro"])
def test_arrow_is_read_to_the_last_level(shop: Workshop, kind: Kind, to: str) -> None:
    data = arrow(kind, MOST_LEVELS)

    assert shop.run("t.arrow", data, to=to).records == [{"n": 1, "x": kind(MOST_LEVELS)[1]}, {"n": 2, "x": None}]


@pytest.mark.parametrize(("kind", "levels"), [(objects, 99), (lists, 50)])
@pytest.mark.parametrize("to", ["parquet", "ndjson", "json"])
def test_parquet_is_read_to_the_last_level(shop: Workshop, kind: Kind, levels: int, to: str) -> None:
    data = parquet(kind, levels)

    assert shop.run("t.parquet", data, to=to).records == [{"n": 1, "x": kind(levels)[1]}, {"n": 2, "x": None}]


@pytest.mark.parametrize("template", AVRO.values(), ids=AVRO)
def test_avro_is_read_to_the_last_level(shop: Workshop, template: str) -> None:
    result = shop.run("t.avro", avro(avro_type(MOST_LEVELS, template)), to="ndjson")

    assert result.records == []


@pytest.mark.parametrize(("kind", "to"), [(objects, "arrow"), (objects, "avro"), (lists, "parquet")])
def test_nothing_is_written_deeper_than_it_can_be_read(shop: Workshop, kind: Kind, to: str) -> None:
    name, data = ("t.parquet", parquet(objects, 70)) if kind is objects else ("t.arrow", arrow(lists, 60))

    failure = shop.fails(name, data, to=to)

    assert failure.code == "bad_value"
    assert failure.message == f"Column 'x' is nested deeper than readers of {to} go; drop it before."
    assert len(shop.run(name, data, {"type": "drop", "params": {"columns": ["x"]}}, to=to).rows) == 2


# --- beyond it --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("levels", DEEP)
def test_a_deep_schema_of_parquet_is_refused(shop: Workshop, levels: int) -> None:
    groups = [element(b"a", children=1)] * (levels - 2)
    data = footer_of([element(b"root", children=1), *groups, element(b"x")])

    failure = shop.fails("t.parquet", data, to="ndjson")

    assert (failure.code, failure.at_fault) == ("bad_file", "caller")
    assert failure.message == "t.parquet: Its schema is nested more than 100 levels deep; flatten its columns before."


@pytest.mark.parametrize("levels", [1_000, 5_000])
def test_a_deep_schema_of_arrow_in_a_flat_file_of_parquet_is_refused(shop: Workshop, levels: int) -> None:
    # given a footer whose own schema is flat, beside the schema of Arrow that writers put there
    kind, _ = objects(levels)
    told = base64.b64encode(pa.schema([("x", kind)]).serialize())
    entry = field(1, BINARY, binary(b"ARROW:schema")) + field(1, BINARY, binary(told)) + b"\0"
    data = footer_of([element(b"root", children=1), element(b"x")], field(1, LIST, several(STRUCT, [entry])))

    assert shop.fails("t.parquet", data, to="ndjson").code == "bad_file"


@pytest.mark.parametrize("levels", [100, 100_000])
def test_a_deep_footer_of_parquet_is_refused(shop: Workshop, levels: int) -> None:
    unknown = field(8, STRUCT, field(1, STRUCT, b"") * levels + b"\0" * (levels + 1))
    data = footer_of([element(b"root", children=1), element(b"x")], unknown)

    assert shop.fails("t.parquet", data, to="ndjson").code == "bad_file"


@pytest.mark.parametrize("levels", [MOST_LEVELS + 1, 100, 1_000, 5_000])
@pytest.mark.parametrize("kind", [objects, lists])
@pytest.mark.parametrize("streamed", [False, True])
def test_deep_arrow_is_refused(shop: Workshop, levels: int, kind: Kind, streamed: bool) -> None:
    failure = shop.fails("t.arrow", arrow(kind, levels, streamed=streamed), to="ndjson")

    assert (failure.code, failure.at_fault) == ("bad_file", "caller")
    assert "nested" in failure.message


@pytest.mark.parametrize("levels", [MOST_LEVELS + 2, 1_000, 20_000])
@pytest.mark.parametrize("template", AVRO.values(), ids=AVRO)
def test_deep_avro_is_refused(shop: Workshop, levels: int, template: str) -> None:
    failure = shop.fails("t.avro", avro(avro_type(levels, template)), to="ndjson")

    assert (failure.code, failure.at_fault) == ("bad_file", "caller")
    assert "nested" in failure.message


def test_a_type_of_avro_within_itself_is_refused(shop: Workshop) -> None:
    kind = (
        '{"type": "record", "name": "r", "fields": [{"name": "a", "type": ["null", "r"]}, {"name": "b", "type": "r"}]}'
    )

    assert "within itself" in shop.fails("t.avro", avro(kind), to="ndjson").message


def test_a_type_of_avro_that_holds_others_twice_and_twice_again_is_refused(shop: Workshop) -> None:
    # given forty types, each of which holds the one before twice
    kind = '{"type": "record", "name": "r0", "fields": [{"name": "a", "type": "long"}]}'
    for n in range(1, 40):
        kind = (
            f'{{"type": "record", "name": "r{n}", "fields":'
            f' [{{"name": "a", "type": {kind}}}, {{"name": "b", "type": "r{n - 1}"}}]}}'
        )

    assert "more than 10,000 values" in shop.fails("t.avro", avro(kind), to="ndjson").message


@pytest.mark.parametrize("levels", [1_000, 100_000, 1_000_000])
@pytest.mark.parametrize(("begin", "end"), [("[", "]"), ('{"a":', "}")])
@pytest.mark.parametrize("name", ["t.ndjson", "t.json", "t.log"])
def test_deep_json_is_refused(shop: Workshop, levels: int, begin: str, end: str, name: str) -> None:
    text = '{"x":' + begin * levels + "1" + end * levels + "}\n"
    if name == "t.log":  # a text, whatever stands in it
        assert len(shop.run(name, text, to="ndjson").rows) == 1
        return

    failure = shop.fails(name, text if name == "t.ndjson" else f"[{text}]", to="ndjson")

    assert (failure.code, failure.at_fault) == ("bad_file", "caller")
    assert "nested deeper than 64 levels" in failure.message


@pytest.mark.parametrize("kind", [objects, lists])
def test_json_is_read_to_the_last_level(shop: Workshop, kind: Kind) -> None:
    value = kind(MOST_LEVELS)[1]

    assert shop.run("t.ndjson", json.dumps({"x": value}) + "\n", to="ndjson").records == [{"x": value}]
