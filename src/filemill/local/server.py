"""What all embedded servers have in common: one child process, a folder, a log; started, stopped and killed alike."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path

from filemill.local.keys import Keys
from filemill.local.process import LOOPBACK, Process


class Server(ABC):
    """One server with its data in `folder`. It may be started again after its end."""

    def __init__(self, folder: Path, *, port: int, log: Path, kept_fds: tuple[int, ...] = ()) -> None:
        self.folder = folder
        self.port = port
        self._log = log
        self._kept_fds = kept_fds
        self.process: Process | None = None

    @abstractmethod
    def start(self) -> None:
        """Starts it; returns once it answers."""

    def stop(self) -> None:
        """Ends it; what it holds is written first."""
        if self.process is not None:
            self.process.stop()

    def kill(self) -> None:
        """Kills it as a crash would."""
        if self.process is not None:
            self.process.kill()


class ObjectStore(Server):
    """An S3 server. `origins` are the web pages that may use it."""

    name: str
    most_bytes: int = 0
    """What each bucket may hold, where the server knows quotas; 0: all of the disk but what is kept free."""

    def __init__(
        self,
        folder: Path,
        *,
        ports: Sequence[int],
        keys: Keys,
        buckets: Sequence[str],
        origins: Sequence[str],
        log: Path,
        kept_fds: tuple[int, ...] = (),
    ) -> None:
        super().__init__(folder, port=ports[0], log=log, kept_fds=kept_fds)
        self.keys = keys
        self.buckets = tuple(buckets)
        self._ports = tuple(ports)
        self._origins = tuple(origins)

    @property
    def url(self) -> str:
        """Where its S3 API is."""
        return f"http://{LOOPBACK}:{self.port}"

    def tidy(self) -> None:
        """Removes bytes that were deleted and still lie there; for calls every second."""

    def let_in(self) -> None:
        """Makes the keys and quotas, where that has to be done while it runs."""
