"""Reads one object of the bucket from its first byte to its last, and picks up where a broken connection left off."""

import time
from functools import lru_cache

import urllib3
from minio import Minio
from minio.error import InvalidResponseError, S3Error, ServerError
from minio.helpers import DictType

from filemill.engines.tables import trouble
from filemill.pipelines.run import InputFile, StoreAccess
from filemill.storage import pool
from filemill.storage.pool import AsStored

PAUSES = (0.2, 1.0, 3.0)
"""Seconds to wait before each further try; after the last one the store counts as away."""

_GULP = 1 << 20
_TIMEOUT = urllib3.Timeout(connect=3, read=20)


@lru_cache(maxsize=1)
def client_of(store: StoreAccess) -> Minio:
    """A client that tries once and waits a bounded time: trying again is the reader's business.

    One for all the runs of a process, which need not connect anew each.
    """
    connected = AsStored(timeout=_TIMEOUT, retries=False, maxsize=8)
    return pool.client(store.url, key=store.key, secret=store.secret, region=store.region, pool=connected)


class Reader:
    """One pass over an input's bytes. `offset` is how many were handed out, of `size`."""

    def __init__(self, store: StoreAccess, file: InputFile) -> None:
        self.size = file.size
        self.offset = 0
        self._file = file
        self._bucket = store.bucket
        self._client = client_of(store)
        self._response: urllib3.BaseHTTPResponse | None = None

    def readinto(self, view: memoryview) -> int:
        """Fills `view` unless the object ends before -> how many bytes. Raises JobFailed."""
        filled = 0
        # In gulps, so that little is lost and asked for again where a connection breaks off.
        while filled < len(view) and (count := self._gulp(view[filled : filled + _GULP])):
            filled += count
        return filled

    def _gulp(self, view: memoryview) -> int:
        for pause in (*PAUSES, None):
            if self.offset >= self.size:
                self.close()
                return 0
            try:
                if self._response is None:
                    self._response = self._open()
                count = self._response.readinto(view)
                if count:
                    self.offset += count
                    return count
            except S3Error as error:
                if error.response.status < 500 and error.code != "SlowDown":
                    raise trouble.of_refusal(error.code or "", self._file) from error
                cause: Exception = error
            except (ServerError, InvalidResponseError, urllib3.exceptions.HTTPError, OSError) as error:
                cause = error
            else:
                cause = EOFError("the connection ended early")
            self.close()
            if pause is None:
                raise trouble.store_away() from cause
            time.sleep(pause)
        raise AssertionError("unreachable")

    def read_all(self) -> bytes:
        """Everything there is."""
        data = bytearray(self.size)
        return bytes(memoryview(data)[: self.readinto(memoryview(data))])

    def seek(self, offset: int) -> None:
        """Goes on from there with the next read; a little further on the bytes between are passed over."""
        between = offset - self.offset
        if self._response is not None and 0 < between <= _GULP:
            self.readinto(memoryview(bytearray(between)))
        elif between:
            self.close()
            self.offset = offset

    def close(self) -> None:
        """Lets go of the connection; a later `read` opens another."""
        if self._response is not None:
            self._response.close()
            self._response.release_conn()
            self._response = None

    def _open(self) -> urllib3.BaseHTTPResponse:
        # These very bytes and no others: neither after the file was marked, nor on a second connection.
        headers: DictType = {"If-Match": f'"{self._file.etag}"'}
        return self._client.get_object(self._bucket, self._file.key, offset=self.offset, request_headers=headers)
