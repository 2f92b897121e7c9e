"""The lines between a worker and a sandbox child, one JSON line a message, and the protocol of engines.

A run is one attempt at a job, named by its fence. `Run` is plain data: typed steps, keys of objects, and the store's
credentials as a value. So an engine may work in this process tree or on other machines.
"""

from collections.abc import Callable
from typing import Protocol

import msgspec

from filemill.errors import JobFailed
from filemill.pipelines.options import Options
from filemill.pipelines.steps import Pipeline


class StoreAccess(msgspec.Struct, frozen=True):
    """Address and key of the bucket. The key can only read inputs and write outputs."""

    url: str
    region: str
    bucket: str
    key: str
    secret: str


class InputFile(msgspec.Struct, frozen=True):
    """An input as recorded when its upload was marked. `size` in bytes; `etag` as the store gave it.

    `sha256` is the hash that the caller demands, in hex digits, or None.
    """

    name: str
    file_name: str
    key: str
    format: str
    size: int
    etag: str
    sha256: str | None = None

    @property
    def path(self) -> str:
        """The input's path below the folder of an isolated child. No text of a caller is in the path."""
        return f"in/{self.name}.{self.format}"


class OutputFile(msgspec.Struct, frozen=True):
    """An output that this run may write, under a key of this run alone."""

    name: str
    file_name: str
    key: str
    format: str

    @property
    def path(self) -> str:
        """The output's path below the folder of an isolated child."""
        return f"out/{self.name}.{self.format}"


class Run(msgspec.Struct, frozen=True):
    """One attempt at a job, with all that an engine needs. `steps` is the JSON text of the wire steps.

    `memory_mb` and `disk_mb` are the limits of the run in MiB, `output_bytes` the limit of each output; `quota` is what
    to tell the caller where that limit is the room that its files leave. `store` is None for an isolated run, whose
    files the runner stages.
    """

    job_id: str
    fence: int
    steps: msgspec.Raw
    inputs: tuple[InputFile, ...]
    outputs: tuple[OutputFile, ...]
    store: StoreAccess | None
    memory_mb: int
    options: Options = Options()
    disk_mb: int = 20_480
    output_bytes: int = 50 << 30
    quota: str = ""

    @property
    def access(self) -> StoreAccess:
        """Address and key of the store, for engines of networked sandboxes."""
        assert self.store is not None
        return self.store


class Ready(msgspec.Struct, frozen=True, tag="ready"):
    """The child has loaded its engines (name -> version) and waits for a run.

    `missing_walls`: what this machine does not have to shut the child in with, by name. `pairs` are the pairs of
    formats that the engine converts with the installed programs; None means all pairs of the lane.
    """

    engines: dict[str, str]
    missing_walls: tuple[str, ...] = ()
    pairs: tuple[tuple[str, str], ...] | None = None


class Phase(msgspec.Struct, frozen=True, tag="phase"):
    """The run entered a phase. `step` counts from 1; None where the phase belongs to no step."""

    name: str
    step: int | None = None


class Progress(msgspec.Struct, frozen=True, tag="progress"):
    """The run has done `done` of `total`, in a named unit. Time alone never advances the progress."""

    done: int
    total: int
    unit: str


class Warned(msgspec.Struct, frozen=True, tag="warned"):
    """A warning for the caller; the run goes on."""

    code: str
    message: str
    step: int | None = None


class Stored(msgspec.Struct, frozen=True):
    """An object in the store: `size` in bytes, `etag` as the store gave it, `sha256` in hex digits."""

    size: int
    etag: str
    sha256: str


class Made(msgspec.Struct, frozen=True, omit_defaults=True):
    """One written output: its rows, its columns as (name, type), and its object in the store.

    Only an engine that wrote the whole output in one request knows `stored`; otherwise `stored` is None.
    """

    name: str
    rows: int
    columns: tuple[tuple[str, str], ...] = ()
    stored: Stored | None = None


class Planned(msgspec.Struct, frozen=True, omit_defaults=True):
    """One step of a plan: whether the step streams, and its columns as (name, type).

    From the first wrong step on, there are no columns.
    """

    type: str
    schema: tuple[tuple[str, str], ...]
    streams: bool
    note: str | None = None


class Plan(msgspec.Struct, frozen=True):
    """The plan of a run: its steps, the first rows of its output as JSON text, and sentences for the owner.

    `errors` say why a run would fail, `warnings` tell the owner of other surprises.
    """

    steps: tuple[Planned, ...]
    rows: str
    errors: tuple[str, ...]
    warnings: tuple[str, ...] = ()


class Done(msgspec.Struct, frozen=True, tag="done"):
    """The run ended well: the rows read and the outputs made, or the plan where `options.mode` is `plan`."""

    rows_in: int
    made: tuple[Made, ...]
    plan: Plan | None = None


KILLED = "killed"


class Refused(msgspec.Struct, frozen=True, tag="refused"):
    """The run ended badly. `code` is one of `jobs.job.ERROR_CODES`, or one of two codes that do not end the job.

    `store_away`: the store did not answer. `KILLED`: another process ended a program of the engine.
    """

    code: str
    message: str
    at_fault: str = "caller"


def changed(file_name: str) -> JobFailed:
    """The failure of a job whose input has changed since the upload was marked."""
    return JobFailed(
        "input_changed", f"{file_name!r} was changed after it had been marked as uploaded, or while it was read."
    )


LONGEST_SENTENCE = 2_000
"""Most characters of an error message. Names of columns may have any length."""


def bounded(sentence: str) -> str:
    """A sentence for the caller, cut to `LONGEST_SENTENCE` characters."""
    return sentence if len(sentence) <= LONGEST_SENTENCE else f"{sentence[:LONGEST_SENTENCE]}..."


Line = Ready | Phase | Progress | Warned | Done | Refused
Say = Callable[[Phase | Progress | Warned], None]


class Engine(Protocol):
    """Carries out neighbouring steps of one family: files in, files out."""

    name: str
    version: str

    def run(self, run: Run, steps: Pipeline, say: Say) -> Done:
        """Carries out `steps` from `run.inputs` to `run.outputs`, or plans the steps. Raises JobFailed."""
        ...


def encode(message: Run | Line) -> bytes:
    """A message -> one line."""
    return msgspec.json.encode(message) + b"\n"


_lines = msgspec.json.Decoder(Line)


def decode_line(line: bytes) -> Line:
    """A line from a child -> the message. Raises msgspec.DecodeError."""
    said: Line = _lines.decode(line)
    return said


def decode_run(line: bytes) -> Run:
    """A line for a child -> the run. Raises msgspec.DecodeError."""
    return msgspec.json.decode(line, type=Run)
