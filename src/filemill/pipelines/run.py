"""What a sandbox child is told, and what it says back: one JSON line each. Plain data; the engine protocol stands here.

A run is one attempt at a job, named by its fence. The plan is pure data: typed steps, object references and the store's
credentials as a value, so that an engine may work in this process tree or on other machines.
"""

from collections.abc import Callable
from typing import Protocol

import msgspec

from filemill.errors import JobFailed
from filemill.pipelines.options import Options
from filemill.pipelines.steps import Pipeline


class StoreAccess(msgspec.Struct, frozen=True):
    """How to reach the bucket: a key limited to reading inputs and writing outputs."""

    url: str
    region: str
    bucket: str
    key: str
    secret: str


class InputFile(msgspec.Struct, frozen=True):
    """An input as it was recorded when it was marked as uploaded. `size` in bytes; `etag` as the store gave it.

    `sha256` is what the caller says it has to be, if anything.
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
        """Where it lies below the folder of a child that gets its files brought; nothing of a caller's in it."""
        return f"in/{self.name}.{self.format}"


class OutputFile(msgspec.Struct, frozen=True):
    """An output this run may write, under a key no other run shares."""

    name: str
    file_name: str
    key: str
    format: str

    @property
    def path(self) -> str:
        """Where a child that cannot write to the store has to leave it, below its folder."""
        return f"out/{self.name}.{self.format}"


class Run(msgspec.Struct, frozen=True):
    """One attempt at a job: everything an engine needs to know. `steps` is the JSON text of the wire steps.

    `memory_mb` and `disk_mb` are what it may take, in MiB; `output_bytes` is what each output may have. `store` is None
    where files are brought and fetched.
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

    @property
    def access(self) -> StoreAccess:
        """How to reach the store; for engines of networked sandboxes."""
        assert self.store is not None
        return self.store


class Ready(msgspec.Struct, frozen=True, tag="ready"):
    """The child has loaded its engines (name -> version) and waits for a run.

    `is_shut`: the kernel lets it see its own folder alone, beside programs, and no other process. `pairs` are those of
    formats that its engine converts with the programs that are installed, None where they are all of its lane.
    """

    engines: dict[str, str]
    is_shut: bool = False
    pairs: tuple[tuple[str, str], ...] | None = None


class Phase(msgspec.Struct, frozen=True, tag="phase"):
    """The run entered a phase, in a step where one is meant (counted from 1)."""

    name: str
    step: int | None = None


class Progress(msgspec.Struct, frozen=True, tag="progress"):
    """So much of so much is done, in a named unit; never faked by time."""

    done: int
    total: int
    unit: str


class Warned(msgspec.Struct, frozen=True, tag="warned"):
    """Something the caller should know, though the run goes on."""

    code: str
    message: str
    step: int | None = None


class Stored(msgspec.Struct, frozen=True):
    """What lies in the store: `size` in bytes, `etag` as the store gave it, `sha256` in hex digits."""

    size: int
    etag: str
    sha256: str


class Made(msgspec.Struct, frozen=True, omit_defaults=True):
    """One output that was written: its rows, its columns as (name, type), and what the store has of it.

    `stored` is told by an engine that wrote the whole of it in one request, and so knows.
    """

    name: str
    rows: int
    columns: tuple[tuple[str, str], ...] = ()
    stored: Stored | None = None


class Planned(msgspec.Struct, frozen=True, omit_defaults=True):
    """One step of a plan: its columns as (name, type), empty from the first wrong step on; whether it streams."""

    type: str
    schema: tuple[tuple[str, str], ...]
    streams: bool
    note: str | None = None


class Plan(msgspec.Struct, frozen=True):
    """What a run would do: its steps, the first rows of its output as JSON text, and, a sentence each, what is wrong
    and what its owner should know beside.
    """

    steps: tuple[Planned, ...]
    rows: str
    errors: tuple[str, ...]
    warnings: tuple[str, ...] = ()


class Done(msgspec.Struct, frozen=True, tag="done"):
    """The run ended well: rows read, and what was made; or planned, where `options.mode` asked for that alone."""

    rows_in: int
    made: tuple[Made, ...]
    plan: Plan | None = None


KILLED = "killed"


class Refused(msgspec.Struct, frozen=True, tag="refused"):
    """The run ended badly. `code` is one of `jobs.job.ERROR_CODES`, or one of the two that end no job.

    `store_away`: the store did not answer. `KILLED`: a process that the engine had started was ended from outside.
    """

    code: str
    message: str
    at_fault: str = "caller"


def changed(file_name: str) -> JobFailed:
    """What becomes of a job one of whose inputs is not what it was."""
    return JobFailed(
        "input_changed", f"{file_name!r} was changed after it had been marked as uploaded, or while it was read."
    )


LONGEST_SENTENCE = 2_000
"""Characters of what went wrong: names of columns may be of any length."""


def bounded(sentence: str) -> str:
    """A sentence for the caller, cut where it is too long to be read."""
    return sentence if len(sentence) <= LONGEST_SENTENCE else f"{sentence[:LONGEST_SENTENCE]}..."


Line = Ready | Phase | Progress | Warned | Done | Refused
Say = Callable[[Phase | Progress | Warned], None]


class Engine(Protocol):
    """Takes a run of neighbouring steps of one family: files in, files out."""

    name: str
    version: str

    def run(self, run: Run, steps: Pipeline, say: Say) -> Done:
        """Carries out `steps` from `run.inputs` to `run.outputs`, or plans that. Raises JobFailed."""
        ...


def encode(message: Run | Line) -> bytes:
    """One message as one line."""
    return msgspec.json.encode(message) + b"\n"


_lines = msgspec.json.Decoder(Line)


def decode_line(line: bytes) -> Line:
    """One line of a child -> the message."""
    said: Line = _lines.decode(line)
    return said


def decode_run(line: bytes) -> Run:
    """One line for a child -> the run."""
    return msgspec.json.decode(line, type=Run)
