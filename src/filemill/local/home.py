"""The home: one folder that holds all state and all secrets of a local stack, used by one `serve` at a time."""

import contextlib
import fcntl
import os
import secrets
import time
from pathlib import Path
from typing import Literal, TypeVar

import msgspec

from filemill.errors import BadSetting
from filemill.local import process

_Kept = TypeVar("_Kept")
StoreName = Literal["minio", "seaweedfs"]

LEFTOVER_SECONDS = 15.0
"""How long servers of a killed `serve` may take to be gone."""


class Secrets(msgspec.Struct, frozen=True):
    """Every secret of a home, made at its first start.

    `secrets.json` keeps the field names of version 0.1.0.
    """

    secret: str
    postgres: str
    """The database's superuser's, as it was made by version 0.1.0; neither the API nor a worker gets it."""

    postgres_owner: str
    postgres_app: str
    redis: str
    store_root: str
    store_service: str
    store_sandbox: str = msgspec.field(name="store_cage")


class Notes(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a home remembers between starts.

    Who wrote its objects, the ports it had, and a fingerprint of the migrations its database went through.
    """

    store: StoreName | None = None
    ports: dict[str, list[int]] = {}
    migrations: str = ""


class Home:
    """An opened home folder. `open_home` makes it."""

    def __init__(self, folder: Path, secrets: Secrets, lock: int, servers_lock: int, *, made: tuple[Path, ...]) -> None:
        self.folder = folder
        self._made = made
        self.secrets = secrets
        self.lock = lock
        self.servers_lock = servers_lock
        """Inherited by every server: it is free once the last of them is gone."""

    @property
    def notes(self) -> Notes:
        """What this home remembers. Raises BadSetting when the file cannot be read."""
        return _read(self.folder / "notes.json", Notes) or Notes()

    def remember(self, notes: Notes) -> None:
        """Keeps these notes instead of the ones before."""
        write_privately(self.folder / "notes.json", msgspec.json.encode(notes))

    def log(self, name: str) -> Path:
        """Where a server of this name writes its log."""
        return self.folder / "logs" / f"{name}.log"

    def give_up(self) -> None:
        """Closes a home in which nothing was started, and takes back what opening it has made."""
        for path in self._made:
            with contextlib.suppress(OSError):  # a folder in which somebody else has put something stays
                path.rmdir() if path.is_dir() else path.unlink()
        self.close()

    def close(self) -> None:
        """Lets another `serve` use this home."""
        for lock in (self.lock, self.servers_lock):
            with contextlib.suppress(OSError):
                os.close(lock)


def open_home(folder: Path) -> Home:
    """Opens a home, or makes it in a folder that is empty or not there.

    Raises BadSetting when it cannot be used, holds files of others, or is used by another `serve`.
    """
    folder = folder.expanduser().absolute()
    _refuse_foreign(folder)
    files = (folder / "secrets.json", folder / "serve.lock", folder / "servers.lock")
    made = tuple(path for path in (*files, folder, *folder.parents) if not path.exists())
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = os.open(folder / "serve.lock", os.O_RDWR | os.O_CREAT, 0o600)
        servers_lock = os.open(folder / "servers.lock", os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise BadSetting(f"The home {folder} cannot be used: {error.strerror}.") from error
    if not _locked(lock, 0):
        raise BadSetting(f"The home {folder} is in use by another filemill serve{_where(folder)}. {_ADVICE}")
    if not _locked(servers_lock, LEFTOVER_SECONDS):
        raise BadSetting(f"Servers of an earlier start still run in the home {folder}.")
    return Home(folder, _secrets(folder / "secrets.json"), lock, servers_lock, made=made)


def _refuse_foreign(folder: Path) -> None:
    """Refuses a folder that is neither empty nor a home: what lies in it is somebody else's."""
    try:
        names = {path.name for path in folder.iterdir()}
    except FileNotFoundError:
        return
    except OSError as error:
        raise BadSetting(f"The home {folder} cannot be used: {error.strerror}.") from error
    if names and not names & _MARKS:
        raise BadSetting(
            f"The folder {folder} is no home of filemill and not empty; it holds {min(names)!r}, for one."
            " Choose an empty folder, or one that is not there yet, by --home DIR."
        )


_MARKS = {"secrets.json", "notes.json", "serve.lock", "servers.lock"}
"""A folder with one of these is a home, be it one whose first start broke off."""

_ADVICE = "Use that one, stop it first, or choose another home by --home DIR."


def _where(folder: Path) -> str:
    """At which address the `serve` listens that uses a home."""
    with contextlib.suppress(BadSetting):
        _, notes = look_into(folder)
        if "api" in notes.ports:
            return f", at http://{process.LOOPBACK}:{notes.ports['api'][0]}"
    return ""


def look_into(folder: Path) -> tuple[Secrets, Notes]:
    """The secrets and notes of a home that somebody else may be using. Raises BadSetting where there is none."""
    folder = folder.expanduser().absolute()
    kept, notes = _read(folder / "secrets.json", Secrets), _read(folder / "notes.json", Notes)
    if kept is None or notes is None:
        raise BadSetting(f"{folder} is not the home of a filemill serve.")
    return kept, notes


def write_privately(path: Path, data: bytes) -> None:
    """Writes a file only its owner can read: whole, or not at all."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    with contextlib.suppress(FileNotFoundError):
        draft.unlink()
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with open(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


def _secrets(path: Path) -> Secrets:
    """The secrets of a home; those that a newer version needs are added, the others stay as they are."""
    kept = _read(path, dict[str, str]) or {}
    missing = [name for name in Secrets.__struct_encode_fields__ if name not in kept]
    if missing:
        kept |= {name: secrets.token_urlsafe(32) for name in missing}
        write_privately(path, msgspec.json.encode(kept))
    return msgspec.convert(kept, Secrets)


def _read(path: Path, kind: type[_Kept]) -> _Kept | None:
    try:
        return msgspec.json.decode(path.read_bytes(), type=kind)
    except FileNotFoundError:
        return None
    except (OSError, msgspec.MsgspecError) as error:
        raise BadSetting(f"The file {path} of the home cannot be read: {error}.") from error


def _locked(lock: int, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while True:
        with contextlib.suppress(BlockingIOError):
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        if time.monotonic() >= deadline:
            return False
        time.sleep(process.POLL_SECONDS)
