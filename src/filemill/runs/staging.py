"""Stages the files of an isolated run: inputs from the store into its folder, outputs from its folder to the store."""

import asyncio
import hashlib
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

import msgspec

from filemill.errors import JobFailed
from filemill.jobs import context
from filemill.jobs.receipts import FileSum
from filemill.jobs.rows.claims import Claimed
from filemill.jobs.rows.files import FileRow
from filemill.pipelines import formats, fullness
from filemill.pipelines.formats import PAGES
from filemill.pipelines.run import OutputFile, Run, changed
from filemill.runs.files import Found, Output
from filemill.runs.growth import Room
from filemill.sandbox import workdir
from filemill.sandbox.child import Child
from filemill.storage import objects


class Abandoned(Exception):
    """The run has ended, and the transfer of its bytes stops."""


class _Counted:
    """A file that is hashed and counted as it is read or written, until the run is over."""

    def __init__(self, file: BinaryIO, is_over: threading.Event) -> None:
        self._file = file
        self._is_over = is_over
        self._digest = hashlib.sha256()
        self.size = 0

    @property
    def sha256(self) -> str:
        """The hash of the bytes so far, in hex digits."""
        return self._digest.hexdigest()

    def read(self, n: int = -1) -> bytes:
        """The next bytes. Raises Abandoned."""
        return self._count(self._file.read(n))

    def write(self, data: bytes) -> None:
        """Takes the next bytes. Raises Abandoned; JobFailed where the disk takes no more."""
        try:
            self._file.write(self._count(data))
        except OSError as error:  # an OSError would look as if the store were away
            if fullness.is_behind(error):
                raise fullness.failure() from error
            raise JobFailed("internal", "The file could not be written on our side.", at_fault="us") from error

    def _count(self, data: bytes) -> bytes:
        if self._is_over.is_set():
            raise Abandoned
        self._digest.update(data)
        self.size += len(data)
        return data


@contextmanager
def _counting(file: BinaryIO) -> Iterator[_Counted]:
    """A counted file. After the block, the file stops a thread that still transfers its bytes."""
    is_over = threading.Event()
    with file:
        try:
            yield _Counted(file, is_over)
        finally:
            is_over.set()


async def bring_in(child: Child, run: Run, inputs: list[FileRow]) -> list[Found]:
    """Copies the inputs into a child's folder -> the objects as read. Raises JobFailed, StoreAway."""
    return [await _bring(child, told.path, file) for told, file in zip(run.inputs, inputs, strict=True)]


async def _bring(child: Child, path: str, file: FileRow) -> Found:
    assert file.object_id is not None
    key, etag, size = file.key or "", file.etag or "", file.size or 0
    with _counting(workdir.create(child.workdir, path)) as counted:
        is_there = not size or await context.get().store.feed(key, etag, 0, size, counted.write)
        sha256 = counted.sha256
    if not is_there or counted.size != size:
        raise changed(file.file_name)
    if file.sha256 is not None and file.sha256.lower() != sha256:
        raise JobFailed(
            "bad_file", f"{file.file_name!r} arrived with the SHA-256 {sha256}, not the {file.sha256} given."
        )
    return Found(file.object_id, etag, FileSum(file.name, key, size, sha256))


def made(child: Child, claimed: Claimed, run: Run) -> tuple[OutputFile, ...]:
    """The outputs that the child has made: the expected ones, or a zip of pages in place of one. Raises JobFailed."""
    return tuple(_made(child, claimed, run, output) for output in run.outputs)


def _made(child: Child, claimed: Claimed, run: Run, output: OutputFile) -> OutputFile:
    main = run.inputs[0].file_name
    packed = msgspec.structs.replace(output, format=PAGES.name, file_name=formats.output_name(main, PAGES))
    packed = msgspec.structs.replace(packed, key=objects.output_key(claimed.id, claimed.fence, packed.file_name))
    for one in (output, packed):
        if file := workdir.read(child.workdir, one.path):
            file.close()
            return one
    raise JobFailed("internal", "The engine said that it was done, and had made nothing.", at_fault="us")


async def take_out(child: Child, outputs: list[Output], room: Room) -> list[Found]:
    """Stores the child's outputs, whose rows are committed -> the objects. Raises JobFailed, StoreAway."""
    return [await _take(child, output, room) for output in outputs]


async def _take(child: Child, output: Output, room: Room) -> Found:
    file = await asyncio.to_thread(workdir.read, child.workdir, output.file.path)
    if file is None:
        raise JobFailed("internal", "An output was not stored.", at_fault="us")
    with _counting(file) as counted:
        size = os.fstat(file.fileno()).st_size
        if size > room.left:
            raise room.refusal(f"The output of {size} bytes")
        media_type = formats.media_type_of(output.file.format)
        etag = await context.get().store.put_file(output.file.key, counted, size, media_type)
        if counted.size != size:
            raise JobFailed("internal", "An output was not stored whole.", at_fault="us")
        return Found(output.object_id, etag, FileSum(output.file.name, output.file.key, size, counted.sha256))
