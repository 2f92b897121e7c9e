"""Writes one object of the bucket: from memory at once where it is small, in parts beside the work where it is not.

Polars' own writer for S3 sets up a client for every file, and leaves threads behind that never rest again.
"""

import contextlib
import hashlib
import io
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import TypeVar

import msgspec
import urllib3
from minio.datatypes import Part
from minio.error import MinioException
from minio.helpers import DictType

from filemill.engines.tables import trouble
from filemill.engines.tables.readers import objects
from filemill.errors import JobFailed
from filemill.pipelines.run import StoreAccess, Stored

PART = 16 << 20
"""Bytes of a part, at least, and less than twice as many. 10,000 of them, the most an upload can have, are 156 GiB."""

AT_ONCE = 4
"""So many parts wait in memory for a slow store at most; then writing waits too."""

T = TypeVar("T")


class Room(msgspec.Struct, frozen=True):
    """The most bytes that an object may have, and what is wrong with one that has more.

    `beside`: MiB on disk that writing it may take, where it cannot be written from first to last.
    """

    most: int
    fault: JobFailed
    beside: int = 20_480


class Upload:
    """A file to write into, no larger than `room`. There is no object before `finish`, and none after `abandon`.

    `fault` is what went wrong, for whoever called the writer that called us: on its way through Polars an exception
    loses its class. What goes wrong after `abandon` is none: Polars may still be writing what it had under way.
    """

    def __init__(self, store: StoreAccess, key: str, media_type: str, room: Room) -> None:
        self.fault: Exception | None = None
        self._bucket = store.bucket
        self._key = key
        self._media_type = media_type
        self.room = room
        self._written = 0
        self._is_abandoned = False
        self._client = objects.client_of(store)
        self._waiting: list[bytes] = []
        self._length = 0
        self._upload_id = ""
        self._count = 0
        self._under_way: deque[Future[Part]] = deque()
        self._done: list[Part] = []
        self._pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="upload")

    def write(self, data: bytes) -> int:
        """Takes the next bytes -> how many. Raises JobFailed."""
        view = memoryview(data)
        self.want_room(len(view))
        self._written += len(view)
        for start in range(0, len(view), PART):
            # Some hand on a buffer of their own, and fill it again.
            self._waiting.append(bytes(view[start : start + PART]))
            self._length += len(self._waiting[-1])
            if self._length >= PART:
                self._send_part_surely()
        return len(view)

    def want_room(self, size: int) -> None:
        """Refuses so many bytes more where they are too many. Raises JobFailed."""
        if self._written + size > self.room.most:
            self._note(self.room.fault)
            raise self.room.fault

    def seekable(self) -> bool:
        """It is written from first to last."""
        return False

    def flush(self) -> None:
        """Nothing: what was written goes on its way in parts."""

    def finish(self) -> Stored | None:
        """Makes the object; returns once the store has it, with what it is where it went in one request.

        Raises JobFailed.
        """
        stored = None
        if not self._upload_id:
            stored = self._insist(partial(self._put, self._taken()))
        else:
            if self._length:
                self._send_part()
            while self._under_way:
                self._done.append(self._under_way.popleft().result())
            self._insist(self._complete)
        self._pool.shutdown()
        return stored

    def abandon(self) -> None:
        """Lets go of what was not finished. What the store does not hear of, sweep takes away."""
        self._is_abandoned = True
        self._pool.shutdown(wait=True, cancel_futures=True)
        if self._upload_id:
            with contextlib.suppress(MinioException, urllib3.exceptions.HTTPError, OSError):
                self._client._abort_multipart_upload(self._bucket, self._key, self._upload_id)  # noqa: SLF001

    def _send_part_surely(self) -> None:
        try:
            self._send_part()
        except Exception as error:
            self._note(error)
            raise

    def _send_part(self) -> None:
        if not self._upload_id:
            self._upload_id = self._insist(self._open)
        if len(self._under_way) == AT_ONCE:
            self._done.append(self._under_way.popleft().result())
        self._count += 1
        self._under_way.append(self._pool.submit(self._put_part, self._taken(), self._count))

    def _taken(self) -> bytes:
        data = b"".join(self._waiting)
        self._waiting.clear()
        self._length = 0
        return data

    def _put(self, data: bytes) -> Stored:
        sent = self._client.put_object(self._bucket, self._key, io.BytesIO(data), len(data), self._media_type)
        return Stored(len(data), sent.etag or "", hashlib.sha256(data).hexdigest())

    def _open(self) -> str:
        headers: DictType = {"Content-Type": self._media_type}
        return str(self._client._create_multipart_upload(self._bucket, self._key, headers))  # noqa: SLF001

    def _put_part(self, data: bytes, number: int) -> Part:
        def put() -> str:
            return self._client._upload_part(self._bucket, self._key, data, None, self._upload_id, number)  # noqa: SLF001

        return Part(number, self._insist(put))

    def _complete(self) -> None:
        self._client._complete_multipart_upload(self._bucket, self._key, self._upload_id, self._done)  # noqa: SLF001

    def _insist(self, call: Callable[[], T]) -> T:
        """Does it, a few times if need be. Raises JobFailed: store_away, also where the store refuses."""
        for pause in (*objects.PAUSES, None):
            try:
                return call()
            except (MinioException, urllib3.exceptions.HTTPError, OSError) as error:
                if pause is None:
                    away = trouble.store_away()
                    self._note(away)
                    raise away from error
            time.sleep(pause)
        raise AssertionError("unreachable")

    def _note(self, fault: Exception) -> None:
        if not self._is_abandoned:
            self.fault = self.fault or fault
