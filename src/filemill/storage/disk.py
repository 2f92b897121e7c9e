"""How much room is left on the disks that files go to: where there is little, nothing more is taken in.

What is in hand goes on. Jobs write their outputs, the database its log: the room that is kept free is theirs.
"""

import asyncio
import contextlib
import os
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial

import jwt
import msgspec
import urllib3

from filemill import logs
from filemill.errors import NoRoom
from filemill.settings import Settings

EVERY_SECONDS = 5
UNKNOWN_SECONDS = 300
"""How long a store that tells nothing of its disks is not asked again."""

METRICS = "/minio/metrics/v3/cluster/health"
_FREE, _TOTAL = "minio_cluster_health_capacity_usable_free_bytes", "minio_cluster_health_capacity_usable_total_bytes"
_ISSUER, _TOKEN_SECONDS, _TIMEOUT = "prometheus", 60, 3.0


class Room(msgspec.Struct, frozen=True):
    """The bytes of a disk that anybody may use, and those of them that are free."""

    total: int
    free: int


def of_folder(folder: str) -> Room | None:
    """The room on the disk of a folder; None where there is none."""
    try:
        told = os.statvfs(folder)
    except OSError:
        return None
    used = told.f_blocks - told.f_bfree
    return Room((used + told.f_bavail) * told.f_frsize, told.f_bavail * told.f_frsize)


def of_store(settings: Settings) -> Room | None:
    """The room that a MinIO has, by its metrics, which the service's key may read; None where it tells nothing.

    Raises OSError while the store does not answer.
    """
    claims = {"sub": settings.s3_key, "iss": _ISSUER, "exp": int(time.time()) + _TOKEN_SECONDS}
    # HMAC fills a short key up with zeros by itself; filled up here, the key is long enough for PyJWT.
    token = jwt.encode(claims, settings.s3_secret.encode().ljust(64, b"\0"), algorithm="HS512")
    try:
        answer = urllib3.request(
            "GET",
            settings.s3_url.rstrip("/") + METRICS,
            headers={"Authorization": f"Bearer {token}"},
            timeout=_TIMEOUT,
            retries=False,
        )
    except urllib3.exceptions.HTTPError as error:
        raise OSError from error
    return read(answer.data.decode(errors="replace")) if answer.status == 200 else None


def read(metrics: str) -> Room | None:
    """The room that stands in the metrics of a MinIO; None where none does."""
    told: dict[str, int] = {}
    for line in metrics.splitlines():
        name, _, value = line.rpartition(" ")
        with contextlib.suppress(ValueError):
            told[name.partition("{")[0]] = int(float(value))
    return Room(told[_TOTAL], told[_FREE]) if _FREE in told and _TOTAL in told else None


class Disks:
    """What is known of the disks; looked at every five seconds, so that no request has to."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._is_short = False
        self._looks: dict[str, Callable[[], Room | None]] = {"the object store": partial(of_store, settings)}
        if settings.home:
            self._looks["the home"] = partial(of_folder, settings.home)
        self._known: dict[str, Room | None] = {}
        self._not_before: dict[str, float] = {}

    @property
    def is_short(self) -> bool:
        """Whether there is too little room to take anything in."""
        return self._is_short

    def want_room(self) -> None:
        """Raises NoRoom while there is too little."""
        if self._is_short:
            raise NoRoom

    async def look(self) -> None:
        """Looks at every disk, once."""
        short = []
        for name in self._looks:
            room = await self._room(name)
            if room is not None and room.free < self.kept_free(room.total):
                short.append(f"{name}: {room.free} of {room.total} bytes free")
        if bool(short) != self._is_short:
            logs.warn(__name__, "too little room: nothing is taken in" if short else "there is room again", disks=short)
        self._is_short = bool(short)

    def kept_free(self, total: int) -> int:
        """How many bytes of a disk have to be free, so that anything is taken in."""
        return max(total * self._settings.disk_free_percent // 100, self._settings.disk_free_bytes)

    @asynccontextmanager
    async def watched(self) -> AsyncIterator[None]:
        """Looks, and goes on looking inside."""
        await self.look()
        watch = asyncio.create_task(self._watch())
        try:
            yield
        finally:
            watch.cancel()

    async def _room(self, name: str) -> Room | None:
        """What is known of a disk: as it is now, or as it was while nobody answers."""
        if time.monotonic() >= self._not_before.get(name, 0):
            with contextlib.suppress(OSError):
                self._known[name] = await asyncio.to_thread(self._looks[name])
                if self._known[name] is None:
                    self._not_before[name] = time.monotonic() + UNKNOWN_SECONDS
        return self._known.get(name)

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(EVERY_SECONDS)
            await self.look()
