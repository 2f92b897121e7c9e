"""clamd, the virus scanner, where Debian's package has put it: a process of ours, with signatures of ours.

The package's own daemon and its updates are left alone. A home begins with one signature, that of EICAR's test file;
whatever else an operator puts into its folder `signatures` counts as well.

It reads hostile files, so where root starts it, it is a user of its own, who may not reach into the home: it is started
in its folder and knows everything by paths from there. That also fits the socket, whose whole path may be too long for
the kernel.
"""

import os
import shutil
import socket
from pathlib import Path

from filemill.local import home, process, users
from filemill.local.process import NotStarted, Process, Program
from filemill.local.server import Server
from filemill.sandbox import trees

READY_SECONDS = 120.0
"""A second with our signature alone; the whole set that ClamAV publishes takes a minute."""

EICAR = (
    "58354f2150254041505b345c505a58353428505e2937434329377d2445494341522d5354414e444152442d414e5449564952555"
    "32d544553542d46494c452124482b482a"
)
"""EICAR's test file in hexadecimal digits: written out it would be found in this very file."""

_SIGNATURE = f"Filemill.Eicar-Test:0:*:{EICAR}\n"

# StreamMaxLength lies above every limit of ours: beyond it clamd hangs up. What is packed beyond the limits below is
# told (AlertExceedsMax), not called clean. A document with macros is no virus; the sandbox reports them.
_SETTINGS = """\
Foreground yes
LocalSocket run/clamd.sock
LocalSocketMode 600
FixStaleSocket yes
DatabaseDirectory signatures
TemporaryDirectory run
StreamMaxLength 1G
MaxFileSize 1G
MaxScanSize 1G
MaxScanTime 120000
AlertExceedsMax yes
MaxThreads 4
MaxQueue 200
IdleTimeout 60
ConcurrentDatabaseReload no
SelfCheck 600
"""


class Clamd(Server):
    """One clamd; `folder` holds its signatures, and below `run` what it writes: its socket and what it unpacks."""

    def __init__(self, folder: Path, *, log: Path, kept_fds: tuple[int, ...] = ()) -> None:
        super().__init__(folder, port=0, log=log, kept_fds=kept_fds)
        self._user = users.user_of("clamd")

    @property
    def address(self) -> str:
        """Where it listens, as FILEMILL_CLAMD has it."""
        return f"unix://{self.folder}/run/clamd.sock"

    def start(self) -> None:
        """Starts it; returns once it answers."""
        for folder in (self.folder, self.folder / "signatures", self.folder / "run"):
            folder.mkdir(parents=True, exist_ok=True)
            folder.chmod(0o755)  # within a home, into which nobody else gets
        for name, text in (("clamd.conf", _SETTINGS), ("signatures/filemill.ndb", _SIGNATURE)):
            home.write_privately(self.folder / name, text.encode())
            (self.folder / name).chmod(0o644)
        trees.empty(self.folder / "run")  # what it was scanning when it was killed
        users.hand_over(self.folder / "run", self._user)
        self.process = Process(
            Program(
                name="clamd",
                argv=(str(program()), "-c", "clamd.conf"),
                log=self._log,
                environ=process.plain_environ(),
                folder=self.folder,
                user=self._user,
                kept_fds=self._kept_fds,
            )
        )
        self.process.start()
        self.process.wait_until(self._is_ready, READY_SECONDS)

    def _is_ready(self) -> bool:
        folder = os.open(self.folder / "run", os.O_PATH | os.O_DIRECTORY)
        try:
            with socket.socket(socket.AF_UNIX) as connection:
                connection.settimeout(1)
                connection.connect(f"/proc/self/fd/{folder}/clamd.sock")
                connection.sendall(b"zPING\0")
                return connection.recv(16) == b"PONG\0"
        except OSError:
            return False
        finally:
            os.close(folder)


def program() -> Path:
    """The server's program. Raises NotStarted where there is none."""
    found = shutil.which("clamd", path=f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin")
    if not found:
        raise NotStarted("clamd is missing: install the system package clamav-daemon.")
    return Path(found)


def is_there() -> bool:
    """Whether it is installed."""
    try:
        program()
    except NotStarted:
        return False
    return True
