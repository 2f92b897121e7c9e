"""A workshop for table engines: files go into a real store, steps are run, rows come back as plain Python values."""

import csv
import gzip
import io
import json
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import fastavro
import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from backports import zstd
from minio import Minio
from openpyxl import load_workbook

from filemill.errors import JobFailed
from filemill.jobs.job import BAD_ROWS
from filemill.local.keys import SANDBOX, SERVICE
from filemill.pipelines import formats, steps
from filemill.pipelines.options import InputOptions, Options
from filemill.pipelines.run import Done, Engine, InputFile, OutputFile, Phase, Progress, Run, StoreAccess, Warned
from tests.fixtures.servers import StoreAddress

INSIDE = ("polars", "s3:", "http", "127.0.0.1", "localhost", "bucket", "traceback", "panick", ".rs", "minio", "secret")
"""Words of the inside, which no caller may ever read."""


PLAIN = InputOptions()

Inputs = dict[str, tuple[str, bytes | str]]
"""Further inputs by name: what their file is called, and what is in it."""


class Result(msgspec.Struct, frozen=True):
    """What came out: the output's bytes and format, what the engine reported, and what it said on the way."""

    data: bytes
    format: str
    done: Done
    said: list[Phase | Progress | Warned]

    @property
    def text(self) -> str:
        """The output as text, unpacked."""
        unpack = {"gzip": gzip.decompress, "zstd": zstd.decompress}.get(formats.FORMATS[self.format].compression or "")
        return (unpack(self.data) if unpack else self.data).decode()

    @property
    def rows(self) -> list[tuple[Any, ...]]:
        """The rows as Python values; cells of csv and tsv as text."""
        return [tuple(row.values()) for row in self.records]

    @property
    def records(self) -> list[dict[str, Any]]:
        """The rows by column name."""
        return _records_of[formats.FORMATS[self.format].base](self)

    @property
    def types(self) -> dict[str, str]:
        """The types the engine reported."""
        return dict(self.done.made[0].columns)


def _of_xlsx(result: Result) -> list[dict[str, Any]]:
    header, *rows = load_workbook(io.BytesIO(result.data)).active.iter_rows(values_only=True)
    return [dict(zip(header, row, strict=True)) for row in rows]


_records_of: dict[str, Callable[[Result], list[dict[str, Any]]]] = {
    "parquet": lambda result: pq.read_table(io.BytesIO(result.data)).to_pylist(),
    "arrow": lambda result: pa.ipc.open_file(io.BytesIO(result.data)).read_all().to_pylist(),
    "avro": lambda result: list(fastavro.reader(io.BytesIO(result.data))),
    "xlsx": _of_xlsx,
    "json": lambda result: json.loads(result.text),
    "ndjson": lambda result: [json.loads(line) for line in result.text.splitlines()],
    "csv": lambda result: list(csv.DictReader(io.StringIO(result.text, newline=""))),
    "tsv": lambda result: list(csv.DictReader(io.StringIO(result.text, newline=""), delimiter="\t")),
}
"""By a format's base: how others than we read it."""


class Workshop:
    """Runs steps on a file, in a real store, with the key that the sandbox has."""

    def __init__(self, engine: Engine, address: StoreAddress, bucket: str) -> None:
        self.engine = engine
        self.bucket = bucket
        self.access = StoreAccess(address.url, "us-east-1", bucket, SANDBOX, address.sandbox)
        self.client = Minio(
            address.url.removeprefix("http://"), SERVICE, address.service, secure=False, region="us-east-1"
        )

    def through(self, url: str) -> StoreAccess:
        """The store under another address."""
        return msgspec.structs.replace(self.access, url=url)

    def run(
        self,
        file_name: str,
        data: bytes | str,
        *pipeline: dict[str, Any],
        to: str | None = None,
        how: dict[str, Any] | None = None,
        given: InputOptions = PLAIN,
        access: StoreAccess | None = None,
        memory_mb: int = 1024,
        inputs: Inputs | None = None,
        collects: bool = False,
    ) -> Result:
        """Uploads the file, runs the steps, fetches the output. `to` adds a convert step, `how` its options."""
        run, output_key = self.prepare(
            file_name,
            data,
            *pipeline,
            to=to,
            how=how,
            given=given,
            access=access,
            memory_mb=memory_mb,
            inputs=inputs,
            collects=collects,
        )
        said: list[Phase | Progress | Warned] = []
        done = self.engine.run(run, steps.decode(bytes(run.steps)), said.append)
        response = self.client.get_object(self.bucket, output_key)
        try:
            return Result(response.read(), run.outputs[0].format, done, said)
        finally:
            response.close()
            response.release_conn()

    def prepare(
        self,
        file_name: str,
        data: bytes | str,
        *pipeline: dict[str, Any],
        to: str | None = None,
        how: dict[str, Any] | None = None,
        given: InputOptions = PLAIN,
        access: StoreAccess | None = None,
        memory_mb: int = 1024,
        inputs: Inputs | None = None,
        collects: bool = False,
    ) -> tuple[Run, str]:
        """Uploads the file and the further inputs -> the run that is to be carried out, and the key of its output."""
        source = formats.format_of(file_name)
        assert source is not None
        target = to or source.name
        wire = msgspec.json.encode([*pipeline, *([convert(to, **(how or {}))] if to else [])])
        folder = uuid4().hex
        files = tuple(
            self._upload(name, own_name, f"input/{folder}/{name}/{own_name}", own)
            for name, (own_name, own) in {"input": (file_name, data), **(inputs or {})}.items()
        )
        name = f"{formats.stem_of(file_name)}_processed.{target}"
        made = OutputFile("output", name, f"output/{folder}/{name}", target)
        outputs = (made,)
        if collects:
            name = formats.bad_rows_name(file_name)
            outputs += (OutputFile(BAD_ROWS, name, f"output/{folder}/{name}", "csv"),)
        options = Options(given, "collect" if collects else "fail")
        store = access or self.access
        return Run(folder, 1, msgspec.Raw(wire), files, outputs, store, memory_mb, options), made.key

    def _upload(self, name: str, file_name: str, key: str, data: bytes | str) -> InputFile:
        raw = data.encode() if isinstance(data, str) else data
        etag = self.client.put_object(self.bucket, key, io.BytesIO(raw), len(raw)).etag
        source = formats.format_of(file_name)
        assert etag
        assert source is not None
        return InputFile(name, file_name, key, source.name, len(raw), etag)

    def fails(self, file_name: str, data: bytes | str, *pipeline: dict[str, Any], **options: Any) -> JobFailed:
        """Runs what must fail -> the failure, which must not tell of the inside."""
        with pytest.raises(JobFailed) as failure:
            self.run(file_name, data, *pipeline, **options)
        told = failure.value.message.lower()
        assert not [word for word in INSIDE if word in told], told
        assert "\n" not in told
        assert len(told) < 400
        return failure.value


def parquet(**columns: pa.Array) -> bytes:
    """A Parquet file of these columns."""
    sink = io.BytesIO()
    pq.write_table(pa.table(columns), sink)
    return sink.getvalue()


def told(result: Result) -> str:
    """What was told of types that are lost."""
    return " ".join(line.message for line in result.said if isinstance(line, Warned) and line.code == "type_lost")


def keep(column: str, operator: str, *value: Any) -> dict[str, Any]:
    """A filter with one comparison."""
    return {"type": "filter", "params": comparison(column, operator, *value)}


def keep_if(condition: dict[str, Any]) -> dict[str, Any]:
    """A filter with a composed condition."""
    return {"type": "filter", "params": condition}


def comparison(column: str, operator: str, *value: Any) -> dict[str, Any]:
    """A comparison, to be put into a condition."""
    return {"column": column, "operator": operator, **({"value": value[0]} if value else {})}


def select(*columns: str) -> dict[str, Any]:
    """A select."""
    return {"type": "select", "params": {"columns": list(columns)}}


def rename(columns: dict[str, str]) -> dict[str, Any]:
    """A rename."""
    return {"type": "rename", "params": {"columns": columns}}


def limit(n: int) -> dict[str, Any]:
    """A limit."""
    return {"type": "limit", "params": {"n": n}}


def convert(to: str, **options: Any) -> dict[str, Any]:
    """A convert_format."""
    return {"type": "convert_format", "params": {"to_format": to, **options}}


def distinct(*columns: str) -> dict[str, Any]:
    """A distinct."""
    return {"type": "distinct", "params": {"columns": list(columns)} if columns else {}}


def sort(*by: str | dict[str, Any]) -> dict[str, Any]:
    """A sort by columns, or by keys as they are sent."""
    return {"type": "sort", "params": {"by": [{"column": key} if isinstance(key, str) else key for key in by]}}


def sample(**params: Any) -> dict[str, Any]:
    """A sample."""
    return {"type": "sample", "params": params}


def add(name: str, expression: str) -> dict[str, Any]:
    """An add_column."""
    return {"type": "add_column", "params": {"name": name, "expression": expression}}


def cast(**columns: str) -> dict[str, Any]:
    """A cast."""
    return {"type": "cast", "params": {"columns": columns}}


def fill(value: Any, *columns: str) -> dict[str, Any]:
    """A fill_null."""
    return {"type": "fill_null", "params": {"columns": list(columns), "value": value}}


def drop(*columns: str) -> dict[str, Any]:
    """A drop."""
    return {"type": "drop", "params": {"columns": list(columns)}}


def aggregate(group_by: list[str], **asked: str) -> dict[str, Any]:
    """An aggregate; what is asked for as `name="function column"`."""
    made = []
    for name, words in asked.items():
        function, _, column = words.partition(" ")
        made.append({"name": name, "function": function, **({"column": column} if column else {})})
    return {"type": "aggregate", "params": {"group_by": group_by, "aggregations": made}}


def pivot(group_by: list[str], names_from: str, values_from: str, function: str | None = None) -> dict[str, Any]:
    """A pivot."""
    params = {"group_by": group_by, "names_from": names_from, "values_from": values_from}
    return {"type": "pivot", "params": params | ({"function": function} if function else {})}


def unpivot(*columns: str, names_to: str = "name", values_to: str = "value") -> dict[str, Any]:
    """An unpivot."""
    return {"type": "unpivot", "params": {"columns": list(columns), "names_to": names_to, "values_to": values_to}}


def join(on: list[str] | dict[str, str], how: str = "inner", other: str = "other") -> dict[str, Any]:
    """A join with the input `other`."""
    return {"type": "join", "params": {"input": other, "on": on, "how": how}}


def concat(*inputs: str) -> dict[str, Any]:
    """A concat."""
    return {"type": "concat", "params": {"inputs": list(inputs)}}


def parquet_of(columns: dict[str, Any]) -> bytes:
    """A table as a Parquet file."""
    sink = io.BytesIO()
    pq.write_table(pa.table(columns), sink)
    return sink.getvalue()
