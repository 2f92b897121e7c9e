"""Uploads in parts: begun, listed, completed, thrown away, one S3 call per method."""

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial
from urllib.parse import unquote_plus

from minio.datatypes import Part as MinioPart
from minio.error import S3Error

from filemill.errors import BadRequest, NotFound
from filemill.storage import completing
from filemill.storage.bucket import Bucket
from filemill.storage.client import GONE
from filemill.storage.completing import Arrived
from filemill.storage.objects import Part

_NO_TIME = datetime.min.replace(tzinfo=UTC)

_COMPLETE = {
    "NoSuchUpload": "There is no open upload with this id.",
    "InvalidPart": "A part is missing, or its etag is not the one the store gave.",
    "InvalidPartOrder": "The parts must be listed in rising order.",
    "EntityTooSmall": "Every part but the last must have at least 5 MiB.",
}


class Multipart(Bucket):
    """What the bucket does with uploads in parts."""

    async def create_upload(self, key: str, media_type: str = "application/octet-stream") -> str:
        """Begins an upload in parts -> its id."""
        call = self._inside._create_multipart_upload  # noqa: SLF001 -- the client has no public one; its version is pinned
        return await self._call(call, self.bucket, key, {"Content-Type": media_type})

    async def list_parts(self, key: str, upload_id: str) -> list[Part]:
        """The parts that have arrived and count, or none where the upload is not open."""
        return (await self._arrived(key, upload_id)).parts

    async def parts_bytes(self, key: str, upload_id: str) -> int:
        """The bytes of all parts that have arrived, those that were sent once more included."""
        return sum(part.size or 0 for part, _ in await self._call(self._list_parts, key, upload_id))

    async def put_part(self, key: str, upload_id: str, number: int, data: bytes) -> Part:
        """Writes one part of an open upload; all but the last have 5 MiB at least. Raises NotFound where it is over."""
        put = partial(self._inside._upload_part, self.bucket, key, data, None, upload_id, number)  # noqa: SLF001
        try:
            return Part(number, await self._run(self._sending, put), len(data))
        except S3Error as error:
            if error.code in GONE:
                raise NotFound("There is no open upload with this id.") from error
            raise

    async def _arrived(self, key: str, upload_id: str) -> Arrived:
        return await self._call(self._newest, key, upload_id)

    def _newest(self, key: str, upload_id: str) -> Arrived:
        return completing.newest(self._list_parts(key, upload_id))

    def _list_parts(self, key: str, upload_id: str) -> list[tuple[Part, datetime]]:
        listed: list[tuple[Part, datetime]] = []
        marker = 0
        while True:
            try:
                page = self._inside._list_parts(self.bucket, key, upload_id, part_number_marker=str(marker))  # noqa: SLF001
            except S3Error as error:
                if error.code in GONE:
                    return []
                raise
            new = [
                (Part(p.part_number, (p.etag or "").strip('"'), p.size), p.last_modified or _NO_TIME)
                for p in page.parts
            ]
            if not page.is_truncated:
                return listed + new
            # A page may end between two that were sent of one part: that part comes again with the next page.
            last = new[-1][0].part_number
            whole = [one for one in new if one[0].part_number < last] or new
            listed += whole
            marker = whole[-1][0].part_number

    async def complete_upload(self, key: str, upload_id: str, parts: Sequence[Part]) -> None:
        """Makes the object out of its parts. Completing twice is no error; wrong parts raise BadRequest.

        S3 itself puts together whatever is named, and SeaweedFS takes the etag of every part that was ever sent.
        """
        arrived = await self._arrived(key, upload_id)
        if arrived.parts or arrived.unclear:
            parts = await self._call(completing.want_whole, parts, arrived)
        call = self._inside._complete_multipart_upload  # noqa: SLF001
        try:
            await self._call(call, self.bucket, key, upload_id, [MinioPart(p.part_number, p.etag) for p in parts])
        except S3Error as error:
            if error.code == "NoSuchUpload" and await self.stat(key) is not None:
                return
            raise BadRequest(_COMPLETE.get(error.code or "", "The parts do not make up the object.")) from error

    async def abort_upload(self, key: str, upload_id: str) -> None:
        """Throws an upload in parts away; it need not be open."""
        call = self._inside._abort_multipart_upload  # noqa: SLF001
        try:
            await self._call(call, self.bucket, key, upload_id)
        except S3Error as error:
            if error.code not in GONE:
                raise

    async def open_uploads(self, key: str) -> list[str]:
        """The ids of the uploads in parts that are open for exactly this key."""
        call = self._inside._list_multipart_uploads  # noqa: SLF001
        page = await self._call(call, self.bucket, prefix=key, max_uploads=1000)
        names = {key, unquote_plus(key)}  # SeaweedFS leaves a plus sign as it is where it says it has quoted the names
        return [str(upload.upload_id) for upload in page.uploads if upload.object_name in names]
