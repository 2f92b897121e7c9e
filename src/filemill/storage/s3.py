"""The S3 store, through the minio client: one call per method, and StoreAway for every way of being out of reach."""

import io
from collections.abc import AsyncIterator, Callable, Sequence, Set
from datetime import timedelta
from functools import partial
from typing import Any, Protocol
from urllib.parse import urlsplit

from minio.deleteobjects import DeleteObject
from minio.error import S3Error
from minio.helpers import DictType

from filemill.errors import NotFound, StoreAway
from filemill.storage.client import GONE
from filemill.storage.multipart import Multipart
from filemill.storage.objects import Stat, disposition

_CHUNK = 1 << 20
_NOTHING_THERE = "InvalidRange"


class Readable(Protocol):
    """What gives bytes."""

    def read(self, n: int = -1, /) -> bytes:
        """At most `n` bytes, none at the end."""
        ...


class Store(Multipart):
    """The bucket, and what is done with whole objects. Uploads in parts are those of `Multipart`."""

    async def probe(self) -> None:
        """Returns if the store answers and the bucket is there."""
        try:
            there = await self._call(self._inside.bucket_exists, self.bucket)
        except S3Error as error:
            raise StoreAway from error
        if not there:
            raise StoreAway

    async def look(self, key: str, n: int) -> tuple[Stat, bytes] | None:
        """What the store tells of an object and its first `n` bytes, in one request; None where there is none."""
        try:
            return await self._call(self._look, key, n)
        except S3Error as error:
            if error.code in GONE:
                return None
            if error.code == _NOTHING_THERE:  # an empty object has no first byte
                found = await self.stat(key)
                return None if found is None else (found, b"")
            raise

    def _look(self, key: str, n: int) -> tuple[Stat, bytes]:
        answer = self._inside.get_object(self.bucket, key, offset=0, length=n)
        try:
            head = answer.read()
            told = answer.headers
            size = int(told["Content-Range"].rpartition("/")[2]) if "Content-Range" in told else len(head)
            return Stat(size, told["ETag"].strip('"'), told.get("Content-Type")), head
        finally:
            answer.close()
            answer.release_conn()

    async def feed(self, key: str, etag: str, offset: int, length: int, take: Callable[[bytes], object]) -> bool:
        """Gives a stretch of an object to `take`, in a thread -> False if it is gone, or not the one with this etag."""
        try:
            await self._call(self._feed, key, etag, offset, length, take)
        except S3Error as error:
            if error.code in (*GONE, "PreconditionFailed", "InvalidRange"):
                return False
            raise
        return True

    def _feed(self, key: str, etag: str, offset: int, length: int, take: Callable[[bytes], object]) -> None:
        headers: DictType = {"If-Match": f'"{etag}"'}
        answer = self._inside.get_object(self.bucket, key, offset=offset, length=length, request_headers=headers)
        try:
            for chunk in answer.stream(_CHUNK):
                take(chunk)
        finally:
            answer.close()
            answer.release_conn()

    async def open(self, key: str, etag: str) -> AsyncIterator[bytes]:
        """The bytes of an object, piece by piece, as somebody asks for them.

        Raises NotFound where there is none, or another than the one with this etag.
        """
        try:
            answer = await self._call(self._open, key, etag)
        except S3Error as error:
            if error.code in (*GONE, "PreconditionFailed"):
                raise NotFound("The file is not there any more.") from error
            raise
        return self._pieces(answer)

    def _open(self, key: str, etag: str) -> Any:
        return self._inside.get_object(self.bucket, key, request_headers={"If-Match": f'"{etag}"'})

    async def _pieces(self, answer: Any) -> AsyncIterator[bytes]:
        try:
            pieces = answer.stream(_CHUNK)
            while piece := await self._call(next, pieces, b""):
                yield piece
        finally:
            answer.close()
            answer.release_conn()

    async def get(self, key: str) -> bytes:
        """A whole small object."""
        return await self._call(self._read, key)

    def _read(self, key: str) -> bytes:
        answer = self._inside.get_object(self.bucket, key)
        try:
            return answer.read()
        finally:
            answer.close()
            answer.release_conn()

    async def put(self, key: str, data: bytes, media_type: str = "application/octet-stream") -> None:
        """Writes a whole small object."""
        put = partial(self._inside.put_object, self.bucket, key, io.BytesIO(data), len(data), media_type)
        await self._run(self._sending, put)

    async def put_file(self, key: str, file: Readable, size: int, media_type: str) -> str:
        """Writes what `file` gives in a thread, `size` bytes, in parts where it is large -> its etag."""
        written = await self._call(self._inside.put_object, self.bucket, key, file, size, media_type)
        return (written.etag or "").strip('"')

    async def remove(self, key: str) -> None:
        """Takes an object away; it need not be there."""
        await self._call(self._inside.remove_object, self.bucket, key)

    async def remove_all(self, keys: Sequence[str]) -> None:
        """Takes objects away, a thousand with one request; none need be there."""
        try:
            left = await self._call(self._remove_all, keys)
        except S3Error:  # such as for a name that XML cannot hold
            left = list(keys)
        for key in left:  # if it cannot go, this says why
            await self.remove(key)

    def _remove_all(self, keys: Sequence[str]) -> list[str]:
        refused = self._inside.remove_objects(self.bucket, [DeleteObject(key) for key in keys])
        return [str(error.name) for error in refused]

    async def keys(self) -> list[str]:
        """Every key in the bucket."""
        return await self._call(
            lambda: [str(o.object_name) for o in self._inside.list_objects(self.bucket, recursive=True)]
        )

    async def sizes(self, prefix: str, wanted: Set[str]) -> dict[str, int]:
        """The sizes in bytes of those wanted objects that are there; all of their keys begin with `prefix`."""
        return await self._call(self._sizes, prefix, wanted)

    def _sizes(self, prefix: str, wanted: Set[str]) -> dict[str, int]:
        listed = self._inside.list_objects(self.bucket, prefix=prefix, recursive=True)
        return {str(one.object_name): one.size or 0 for one in listed if one.object_name in wanted}

    def presign_put(self, key: str, seconds: int) -> str:
        """A URL under which anybody may write this one object for so many seconds. Asks nobody."""
        return self._public.presigned_put_object(self.bucket, key, timedelta(seconds=seconds))

    def presign_get(self, key: str, seconds: int, file_name: str) -> str:
        """A URL under which anybody may read this object, as a download with that name. Asks nobody."""
        return self._public.presigned_get_object(
            self.bucket,
            key,
            timedelta(seconds=seconds),
            response_headers={"response-content-disposition": disposition(file_name)},
        )

    def sign_inside(self, key: str, seconds: int, media_type: str) -> str:
        """The path and query under which whoever reaches the store as we do may read this object. Asks nobody."""
        url = self._inside.presigned_get_object(
            self.bucket, key, timedelta(seconds=seconds), response_headers={"response-content-type": media_type}
        )
        signed = urlsplit(url)
        return f"{signed.path}?{signed.query}"

    def presign_part(self, key: str, upload_id: str, number: int, seconds: int) -> str:
        """A URL under which anybody may write one part of an open upload. Asks nobody."""
        return self._public.get_presigned_url(
            "PUT",
            self.bucket,
            key,
            timedelta(seconds=seconds),
            extra_query_params={"partNumber": str(number), "uploadId": upload_id},
        )

    async def arriving_bytes(self, key: str) -> int:
        """The bytes that lie under a key or are on their way there: of the object, and of all its open uploads."""
        there = await self.stat(key)
        parts = [await self.parts_bytes(key, each) for each in await self.open_uploads(key)]
        return sum(parts) + (0 if there is None else there.size)
