"""The bucket as every call on it needs it: clients, threads, and whether an object is there."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, TypeVar

from minio.error import S3Error

from filemill.settings import Settings
from filemill.storage import client
from filemill.storage.client import GONE
from filemill.storage.objects import Stat

T = TypeVar("T")

THREADS = 8
SENDING_THREADS = 4
"""Threads of their own for files on their way in: however slow that is, whoever asks the store gets an answer."""


class Bucket:
    """The bucket. The methods that reach the store run in threads of their own and raise StoreAway."""

    def __init__(self, settings: Settings) -> None:
        self.bucket = settings.s3_bucket
        self._inside = client.make(settings.s3_url, settings, THREADS)
        self._public = client.make(settings.s3_public_url, settings, THREADS)
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="store")
        self._sending = ThreadPoolExecutor(SENDING_THREADS, thread_name_prefix="store-sending")

    def close(self) -> None:
        """Ends the threads; calls under way are left to themselves."""
        for threads in (self._threads, self._sending):
            threads.shutdown(wait=False, cancel_futures=True)

    async def _call(self, call: Callable[..., T], *args: Any, **kwargs: Any) -> T:
        return await self._run(self._threads, partial(call, *args, **kwargs))

    @staticmethod
    async def _run(threads: ThreadPoolExecutor, call: Callable[[], T]) -> T:
        with client.heard():
            return await asyncio.get_running_loop().run_in_executor(threads, call)

    async def stat(self, key: str) -> Stat | None:
        """What the store tells of an object, or None where there is none."""
        try:
            found = await self._call(self._inside.stat_object, self.bucket, key)
        except S3Error as error:
            if error.code in GONE:
                return None
            raise
        return Stat(found.size or 0, (found.etag or "").strip('"'), found.content_type)
