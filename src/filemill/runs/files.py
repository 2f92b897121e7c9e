"""The files of one run: the outputs it may write, the `Run` for its child, and the check of the store afterwards."""

import asyncio
import hashlib
from collections.abc import Iterator
from uuid import UUID

import msgspec

from filemill.errors import JobFailed
from filemill.jobs import context, receipts
from filemill.jobs.job import BAD_ROWS, MAIN_INPUT, MAIN_OUTPUT
from filemill.jobs.receipts import FileSum
from filemill.jobs.rows import transitions
from filemill.jobs.rows.claims import Claimed
from filemill.jobs.rows.files import FileRow
from filemill.pipelines import formats, options, steps
from filemill.pipelines.options import Options
from filemill.pipelines.run import InputFile, Made, OutputFile, Run, StoreAccess, Stored, changed
from filemill.pipelines.steps import ConvertFormat
from filemill.settings import Limits, Settings
from filemill.storage import objects
from filemill.storage import queries as rows
from filemill.storage.objects import Stat

AFTER_LEASE_SECONDS = transitions.LEASE_SECONDS + 60
"""Seconds after the last renewal of a lost run's lease, until nobody can write the run's outputs any more."""


class Output(msgspec.Struct, frozen=True):
    """An output of a run, and the id of its object. The object's row is committed before the first byte."""

    object_id: UUID
    file: OutputFile


class Found(msgspec.Struct, frozen=True):
    """The object of one of a run's files, as the store has it after the run."""

    object_id: UUID
    etag: str
    sum: FileSum


def run_of(claimed: Claimed, inputs: list[FileRow], limits: Limits, *, is_isolated: bool) -> Run:
    """The run as the child gets it. `is_isolated`: the child cannot reach the store. Raises JobFailed."""
    told = options.decode(claimed.options)
    return Run(
        job_id=str(claimed.id),
        fence=claimed.fence,
        steps=msgspec.Raw(claimed.pipeline.encode()),
        inputs=tuple(_input_file(file) for file in inputs),
        outputs=tuple(_output_files(claimed, inputs, told)),
        store=None if is_isolated else _store_access(context.get().settings),
        memory_mb=limits.memory_mb,
        disk_mb=limits.disk_mb,
        output_bytes=context.get().settings.output_bytes,
        options=told,
    )


def _store_access(settings: Settings) -> StoreAccess:
    return StoreAccess(
        settings.s3_url, settings.s3_region, settings.s3_bucket, settings.s3_sandbox_key, settings.s3_sandbox_secret
    )


def _output_files(claimed: Claimed, inputs: list[FileRow], told: Options) -> Iterator[OutputFile]:
    main = next(file for file in inputs if file.name == MAIN_INPUT)
    target = formats.format_of(main.file_name)
    for step in steps.decode(claimed.pipeline):
        if isinstance(step, ConvertFormat):
            target = formats.FORMATS[step.to_format]
    if target is None:
        raise JobFailed("bad_file", f"{main.file_name!r} has no extension that stands for a format.")
    wanted = [(MAIN_OUTPUT, formats.output_name(main.file_name, target), target.name)]
    if told.on_bad_rows == "collect":
        wanted.append((BAD_ROWS, formats.bad_rows_name(main.file_name), "csv"))
    for name, file_name, format_name in wanted:
        key = objects.output_key(claimed.id, claimed.fence, file_name)
        yield OutputFile(name, file_name, key, format_name)


async def expect_outputs(claimed: Claimed, files: tuple[OutputFile, ...], seconds: int) -> list[Output]:
    """Commits the rows of the outputs before their first byte. `seconds` is the longest time of the run."""
    until = seconds + AFTER_LEASE_SECONDS
    return [
        Output(await rows.expect(file.key, claimed.owner, claimed.id, until, fence=claimed.fence), file)
        for file in files
    ]


def _input_file(file: FileRow) -> InputFile:
    kind = formats.format_of(file.file_name)
    return InputFile(
        file.name,
        file.file_name,
        file.key or "",
        kind.name if kind else "",
        file.size or 0,
        file.etag or "",
        file.sha256,
    )


def _want_unchanged(inputs: list[FileRow], stats: list[Stat | None]) -> None:
    """Raises JobFailed where an input has changed since its upload was marked."""
    for file, stat in zip(inputs, stats, strict=True):
        if stat is None or stat.etag != file.etag or stat.size != file.size:
            raise changed(file.file_name)


async def look_again(
    inputs: list[FileRow], outputs: list[Output], made: tuple[Made, ...]
) -> tuple[list[Found], list[Found]]:
    """The objects of inputs and outputs in the store after the run.

    The same request hashes a small object, unless the child has told the SHA-256. A child works in the sandbox, so only
    the store tells whether an output exists, and its size.

    Raises JobFailed for a changed input, or an output that is missing or not as the child has told.
    """
    stored = {one.name: one.stored for one in made if one.stored}
    told = {one.file.key: stored[one.file.name] for one in outputs if one.file.name in stored}
    found = await asyncio.gather(
        *(_look(file.key or "", file.sha256) for file in inputs),
        *(_look(one.file.key, told[one.file.key].sha256 if one.file.key in told else None) for one in outputs),
    )
    _want_unchanged(inputs, [stat for stat, _ in found[: len(inputs)]])
    files = [(file.object_id, file.name, file.key) for file in inputs]
    files += [(output.object_id, output.file.name, output.file.key) for output in outputs]
    there = []
    for (object_id, name, key), (stat, sha256) in zip(files, found, strict=True):
        if stat is None or object_id is None or key is None or not _is_as_told(stat, told.get(key)):
            raise JobFailed("internal", "An output was not stored.", at_fault="us")
        there.append(Found(object_id, stat.etag, FileSum(name, key, stat.size, sha256)))
    return there[: len(inputs)], there[len(inputs) :]


def _is_as_told(stat: Stat, told: Stored | None) -> bool:
    return told is None or (told.size, told.etag) == (stat.size, stat.etag)


async def _look(key: str, sha256: str | None = None) -> tuple[Stat | None, str | None]:
    """The object under a key, and its SHA-256 where `sha256` is given or the object is small."""
    store = context.get().store
    if sha256 is not None:
        return await store.stat(key), sha256
    found = await store.look(key, receipts.HASHED_AT_ONCE)
    if found is None:
        return None, None
    stat, head = found
    return stat, hashlib.sha256(head).hexdigest() if len(head) == stat.size else None
