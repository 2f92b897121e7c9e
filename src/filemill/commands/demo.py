"""`filemill demo`: a stack for a moment, and one real table walked through it in nine steps over HTTP."""

import contextlib
import csv
import os
import secrets
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import Any

import click
import httpx
import msgspec
import pyarrow.parquet
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from filemill.commands.stopping import Stopped, Stopping
from filemill.errors import BadSetting
from filemill.local import stack
from filemill.local.process import NotStarted
from filemill.pipelines import formats
from filemill.pipelines.pairs import TABLES_LANE

TABLE_PACKAGE, TABLE_FILE = "airportsdata", "airportsdata/airports.csv"
COUNTRY = "IN"
PREVIEW_ROWS, PREVIEW_COLUMNS, WIDEST = 8, 6, 24
WAIT_SECONDS = 1
"""How long one GET may wait for the job's end: short, so that the bar moves."""

UPLOAD_SECONDS = 600
"""How long the store may take for one piece of the upload."""

_ENDED = {"COMPLETED", "FAILED", "CANCELLED"}
_say = Console(highlight=False, soft_wrap=True)


class Source(msgspec.Struct, frozen=True):
    """The table that goes in, and what is done with it."""

    path: Path
    what: str
    steps: list[dict[str, Any]]


@click.command()
@click.option(
    "--file",
    "given",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A table of your own (csv, tsv, ndjson, csv.gz, parquet) instead of the one that comes along.",
)
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default="filemill-demo",
    show_default=True,
    help="The folder the result is put into.",
)
def demo(given: Path | None, out: Path) -> None:
    """Start everything for a moment and walk one real table through it."""
    source = _own(given) if given else _shipped()
    stopping = Stopping(signal.SIGTERM, signal.SIGINT)
    began = time.monotonic()
    _say.print("Starting PostgreSQL, Redis, an object store, the API and a worker ...")
    try:
        with _running(stopping) as running:
            _say.print(
                f"Ready after {time.monotonic() - began:.1f} s at {running.url} (objects: {running.store.name})."
            )
            stopping.at_once = True
            stopping.check()
            with httpx.Client(base_url=f"{running.url}/api/v1", timeout=60) as api:
                result, receipt = _walk(api, source, out)
    except Stopped:
        raise click.Abort from None
    _preview(result, receipt["rows_out"])
    _say.print(f"\nThe result is in [bold]{result}[/bold]. Everything that was started is stopped and gone.")
    _say.print("Try next:")
    _say.print("  make serve                    the same stack, to stay, on http://127.0.0.1:8000 (pages: / and /docs)")
    _say.print("  make demo FILE=your_table.csv the same walk with a table of yours")
    _say.print(f"  {f'{_command()} doctor':<30}what is installed on this machine, and what is missing")


def _command() -> str:
    """How `filemill` is called from here: by its name where that is found, else by its path."""
    return "filemill" if shutil.which("filemill") else os.path.relpath(Path(sys.executable).with_name("filemill"))


def _own(path: Path) -> Source:
    if formats.table_of(path.name) is None:
        raise BadSetting(f"--file {path} has no extension of: {', '.join(formats.TABLES)}.")
    target = "csv" if path.suffix == ".parquet" else "parquet"
    return Source(path, f"Your table {path}.", [{"type": "convert_format", "params": {"to_format": target}}])


def _shipped() -> Source:
    try:
        package = metadata.distribution(TABLE_PACKAGE)
    except metadata.PackageNotFoundError:
        raise NotStarted(f"The table is missing: install the Python package {TABLE_PACKAGE}, or use --file.") from None
    path = Path(str(package.locate_file(TABLE_FILE)))
    licence = package.metadata["License-Expression"]
    with open(path, newline="", encoding="utf-8") as file:
        rows = sum(1 for _ in csv.reader(file)) - 1
    what = f"The airports of the world: {rows:,} rows, from the package {TABLE_PACKAGE} {package.version} ({licence})."
    steps = [
        {"type": "filter", "params": {"column": "country", "operator": "eq", "value": COUNTRY}},
        {"type": "convert_format", "params": {"to_format": "parquet"}},
    ]
    return Source(path, what, steps)


@contextlib.contextmanager
def _running(stopping: Stopping) -> Iterator[stack.Stack]:
    folder = Path(tempfile.mkdtemp(prefix="filemill-demo-"))
    try:
        running = stack.open_stack(folder, lanes=(TABLES_LANE,))
        try:
            running.start(stopping.check)
            yield running
        finally:
            stopping.at_once = False
            stopping.turn_deaf()
            running.stop()
            running.home.close()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _walk(api: httpx.Client, source: Source, out: Path) -> tuple[Path, dict[str, Any]]:
    """The nine steps of a data job -> the file that came back, and the job's receipt."""
    size = source.path.stat().st_size
    _say.print(f"\n{source.what}")
    person = {"email": f"{secrets.token_hex(4)}@example.com", "password": secrets.token_urlsafe(12)}

    _step(1, "POST /auth/register", person["email"])
    _answer(api.post("/auth/register", json=person))
    _step(2, "POST /auth/login")
    form = {"username": person["email"], "password": person["password"]}
    api.headers["Authorization"] = f"Bearer {_answer(api.post('/auth/login', data=form))['access_token']}"
    _step(3, "POST /jobs", " -> ".join(map(_told, source.steps)))
    new_job = {"file_name": source.path.name, "original_file_size_bytes": size, "processing_steps": source.steps}
    job = _answer(api.post("/jobs", json=new_job))
    _step(4, f"POST /jobs/{job['id']}/upload-url")
    upload_url = _answer(api.post(f"/jobs/{job['id']}/upload-url", json={}))["upload_url"]
    with _bars() as bars:
        _step(5, "PUT to the object store", f"{size:,} bytes")
        with bars.open(source.path, "rb", description="uploading") as file:
            _answer(httpx.put(upload_url, content=file, headers={"Content-Length": str(size)}, timeout=UPLOAD_SECONDS))
        key = httpx.URL(upload_url).path.split("/", 2)[2]
        _step(6, f"POST /jobs/{job['id']}/mark-uploaded")
        _answer(api.post(f"/jobs/{job['id']}/mark-uploaded", json={"object_key": key}))
        _step(7, f"GET /jobs/{job['id']}?wait={WAIT_SECONDS}", "until it has ended")
        job = _wait(api, str(job["id"]), bars)
    if job["status"] != "COMPLETED":
        raise NotStarted(f"The job is {job['status']}: {job['error_message']}")
    receipt = _answer(api.get(f"/jobs/{job['id']}/receipt"))
    _say.print(f"    took {receipt['seconds']:.2f} s: {receipt['rows_in']:,} rows in, {receipt['rows_out']:,} rows out")
    _step(8, f"POST /jobs/{job['id']}/download-url")
    download_url = _answer(api.post(f"/jobs/{job['id']}/download-url", json={}))["download_url"]
    _step(9, "GET from the object store")
    out.mkdir(parents=True, exist_ok=True)
    result = out / Path(str(job["output_object_key"])).name
    with httpx.stream("GET", download_url, timeout=60) as answer, open(result, "wb") as file:
        answer.raise_for_status()
        file.writelines(answer.iter_bytes())
    return result, receipt


def _told(step: dict[str, Any]) -> str:
    """A step in short: `filter country eq IN`."""
    return " ".join(map(str, (step["type"], *step["params"].values())))


def _wait(api: httpx.Client, job_id: str, bars: Progress) -> dict[str, Any]:
    bar = bars.add_task("running", total=1.0)
    while True:
        job = _answer(api.get(f"/jobs/{job_id}", params={"wait": WAIT_SECONDS}))
        bars.update(bar, completed=job["progress"], description=job["phase"] or str(job["status"]).lower())
        if job["status"] in _ENDED:
            return job


def _answer(answer: httpx.Response) -> dict[str, Any]:
    if answer.is_error:
        raise NotStarted(f"{answer.request.method} {answer.url.path} answered {answer.status_code}: {answer.text}")
    made: dict[str, Any] = answer.json() if "json" in answer.headers.get("content-type", "") else {}
    return made


def _step(number: int, what: str, more: str = "") -> None:
    _say.print(f" {number}. {what}" + (f"  [dim]{more}[/dim]" if more else ""))


def _bars() -> Progress:
    columns = (TextColumn("    {task.description:<12}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
    return Progress(*columns, console=_say)


def _preview(result: Path, rows: int) -> None:
    if result.suffix != ".parquet":
        with open(result, "rb") as file:
            _say.print(
                "".join(line.decode(errors="replace") for line, _ in zip(file, range(PREVIEW_ROWS), strict=False))
            )
        _say.print(_not_shown(rows - PREVIEW_ROWS + 1, 0))
        return
    with pyarrow.parquet.ParquetFile(result) as table:
        schema = table.schema_arrow
        names = schema.names[:PREVIEW_COLUMNS]
        first = next(table.iter_batches(PREVIEW_ROWS, columns=names), None)
    shown = Table(title=f"{rows:,} rows, {len(schema.names)} columns", title_justify="left")
    for name in names:
        kind = str(schema.field(name).type).removeprefix("large_")
        shown.add_column(f"{name}\n[dim]{kind}[/dim]", no_wrap=True, max_width=WIDEST)
    for row in first.to_pylist() if first else ():
        shown.add_row(*("" if row[name] is None else str(row[name]) for name in names))
    _say.print(shown)
    _say.print(_not_shown(rows - PREVIEW_ROWS, len(schema.names) - len(names)))


def _not_shown(rows: int, columns: int) -> str:
    """What of the result does not stand above."""
    more = [f"{count:,} {what}" for count, what in ((rows, "rows"), (columns, "columns")) if count > 0]
    return f"[dim]{' and '.join(more)} more are in the file.[/dim]" if more else "[dim]That is all of it.[/dim]"
