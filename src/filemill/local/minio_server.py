"""MinIO, where its program is there: found on PATH, or built by `make minio` into the user's cache folder."""

import contextlib
import http.client
import os
import shutil
from functools import partial
from pathlib import Path

from filemill.local import minio_access, process, users
from filemill.local.descriptors import Descriptors
from filemill.local.keys import ROOT, SANDBOX, SERVICE
from filemill.local.minio_access import Administrator, Key
from filemill.local.process import LOOPBACK, NotStarted, Process, Program
from filemill.local.server import ObjectStore
from filemill.sandbox import trees

READY_SECONDS = 30.0
STALE_UPLOADS = "48h"
"""Longer than any upload URL of ours is good for: the service aborts its uploads itself, this is for what it lost."""

TRASH_INTERVAL = "1s"
"""How often MinIO empties its trash, where deleted bytes lie until then."""

_TRASH = Path(".minio.sys/tmp/.trash")
_MOST_SECONDS = 0.5
"""Seconds of one removal from the trash: meanwhile nobody looks after the other servers."""


class MinioServer(ObjectStore):
    """One MinIO server with its objects in `folder`. Listens on one port of loopback, without a console."""

    name = "minio"

    def start(self) -> None:
        """Starts it; returns once it takes requests."""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        above = self.folder.parent
        above.chmod(0o711)  # within a home, into which nobody else gets
        for empty in ("no-certificates", "no-certificates/CAs"):  # else MinIO would make them
            (above / empty).mkdir(exist_ok=True)
            (above / empty).chmod(0o755)
        found = program()
        user = users.user_of("store", found)
        users.hand_over(self.folder, user)
        with Descriptors(user) as opened:
            place = opened.path(above)  # a folder's own descriptor is a link, which MinIO does not take
            options = ("--quiet", "--address", f"{LOOPBACK}:{self.port}", "--certs-dir", str(place / "no-certificates"))
            self.process = Process(
                Program(
                    name="MinIO",
                    argv=(str(opened.program(found)), "server", *options, str(place / self.folder.name)),
                    log=self._log,
                    environ=self._environ(),
                    folder=self.folder,
                    user=user,
                    kept_fds=(*opened.fds, *self._kept_fds),
                )
            )
            self.process.start()
            self.process.wait_until(self._is_ready, READY_SECONDS)

    def _environ(self) -> dict[str, str]:
        # Its own environment knows no MINIO_* of the caller's, no update check and no call home.
        return process.plain_environ(
            MINIO_ROOT_USER=ROOT,
            MINIO_ROOT_PASSWORD=self.keys.root,
            MINIO_BROWSER="off",
            MINIO_UPDATE="off",
            MINIO_CALLHOME_ENABLE="off",
            MINIO_API_STALE_UPLOADS_EXPIRY=STALE_UPLOADS,
            MINIO_API_DELETE_CLEANUP_INTERVAL=TRASH_INTERVAL,
            MINIO_API_CORS_ALLOW_ORIGIN=",".join(self._origins) or self.url,
        )

    def let_in(self) -> None:
        """Makes both keys, each with its policy, and the buckets' quotas; does nothing that was done before."""
        administrator = Administrator(self.url, Key(ROOT, self.keys.root))
        service, sandbox = Key(SERVICE, self.keys.service), Key(SANDBOX, self.keys.sandbox)
        process.in_parallel(
            lambda: administrator.let_in(service, minio_access.service_policy(self.buckets)),
            lambda: administrator.let_in(sandbox, minio_access.sandbox_policy(self.buckets)),
            *(partial(administrator.limit, bucket, self.most_bytes) for bucket in self.buckets),
        )

    def tidy(self) -> None:
        """Empties the trash. MinIO does so itself, but its first interval after a start is five minutes, always."""
        with contextlib.suppress(OSError):  # not there yet, or more than fits into the time: the next call goes on
            trees.empty(self.folder / _TRASH, seconds=_MOST_SECONDS)

    def _is_ready(self) -> bool:
        # It calls itself ready a moment before it takes requests; until then these are a 503.
        return self._status("/minio/health/ready") == 200 and self._status("/") not in (0, 503)

    def _status(self, path: str) -> int:
        """What it answers with at a path; 0 where it does not answer."""
        connection = http.client.HTTPConnection(LOOPBACK, self.port, timeout=1)
        try:
            connection.request("GET", path)
            return connection.getresponse().status
        except (OSError, http.client.HTTPException):
            return 0
        finally:
            connection.close()


def program() -> Path:
    """The server's program. Raises NotStarted where there is none."""
    found = shutil.which("minio") or shutil.which("minio", path=str(built_in()))
    if not found:
        raise NotStarted("MinIO is missing: put minio on PATH, build it by `make minio`, or use --store seaweedfs.")
    return Path(found)


def built_in() -> Path:
    """The folder `make minio` builds into."""
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(cache) / "filemill/bin"
