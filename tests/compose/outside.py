"""compose.yaml without containers: each service's own command as a process here, told other places and ports."""

import http.client
import os
import re
import shutil
import signal
import socket
import sys
import tempfile
from pathlib import Path
from typing import Any

from filemill.local import minio_server, postgres, process, redis, users
from filemill.local.ports import free_port
from filemill.local.process import LOOPBACK, Process, Program
from tests.compose import composefile, env_file
from tests.compose.composefile import ROOT

READY_SECONDS = 60
ORDER = (
    *("postgres", "redis", "minio", "clamd", "minio-init", "migrate"),
    *("api", "worker-tables", "worker-documents", "nginx"),
)
LEFT_OUT = {"freshclam"}
"""It fetches from the world."""

ENDING = {"minio-init", "migrate"}
"""The services that do one thing and end."""


class Outside:
    """The services. `start` brings them all up in the file's order; `stop` ends them and forgets what they kept."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="filemill-compose-"))
        self.folder.chmod(0o711)  # PostgreSQL and nginx become somebody else, where we are root
        names = ("nginx", "api", "health", "postgres", "redis", "minio", "clamd")
        self.ports: dict[str, int] = {}
        for name in names:
            self.ports[name] = free_port(taken=frozenset(self.ports.values()))
        self.url = f"http://{LOOPBACK}:{self.ports['nginx']}"
        self.environ = env_file.made(self.folder / ".env")
        self.environ |= {"FILEMILL_PUBLIC_URL": self.url, "FILEMILL_TRUSTED_PROXIES": LOOPBACK}
        self.environ["FILEMILL_UPLOADS_PER_MINUTE"] = "100"  # all of ours come from one address
        self.file = composefile.load(self.environ)
        self.services: dict[str, Any] = self.file["services"]
        self.running: dict[str, Process] = {}
        self._user = users.user_of("postgres")

    def start(self) -> None:
        """Starts every service by its command; returns when the service is ready as a whole."""
        assert set(ORDER) | LEFT_OUT == set(self.services), "a service that this test does not know"
        self._collect_programs()
        self._prepare_postgres()
        self._prepare_nginx()
        self._prepare_clamd()
        for name in ORDER:
            if name in ENDING:
                self.run_once(name)
            else:
                self._start(name)
        self.running["nginx"].wait_until(lambda: self.status("/health/ready") == 200, READY_SECONDS)

    def stop(self) -> None:
        """Ends what runs, the last one first."""
        for name in reversed(self.running):
            self.running[name].stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def run_once(self, name: str) -> str:
        """Runs a service that does one thing and ends -> what it said. Raises NotStarted where it fails."""
        argv, environ = self._argv(name), self._environment(name)
        script = [str(ROOT / word) if word.endswith(".py") else word for word in argv]
        program = shutil.which(script[0], path=environ["PATH"])
        assert program, script
        return process.run(name, [program, *script[1:]], environ=environ)

    def log(self, name: str) -> str:
        """What a service has said so far."""
        return (self.folder / "logs" / f"{name}.log").read_text(errors="replace")

    def status(self, path: str) -> int | None:
        """What nginx answers with at a path; None where it does not answer."""
        connection = http.client.HTTPConnection(LOOPBACK, self.ports["nginx"], timeout=5)
        try:
            connection.request("GET", path)
            return connection.getresponse().status
        except (OSError, http.client.HTTPException):
            return None
        finally:
            connection.close()

    def _start(self, name: str) -> None:
        argv, environ = self._argv(name), self._environment(name)
        program = shutil.which(argv[0], path=environ["PATH"])
        assert program, f"{name}: {argv[0]} is missing"
        service = self.services[name]
        self.running[name] = started = Process(
            Program(
                name=name,
                argv=(program, *argv[1:]),
                log=self.folder / "logs" / f"{name}.log",
                environ=environ,
                folder=self.folder,
                user=self._user if name == "postgres" else None,
                stop_signal=signal.Signals[service.get("stop_signal", "SIGTERM")],
                grace=20,
            )
        )
        started.start()
        if name in self.ports:
            started.wait_until(lambda: _listens(self.ports[name]), READY_SECONDS)
        if name == "postgres":
            started.wait_until(lambda: started.said(b"ready to accept connections"), READY_SECONDS)

    def _argv(self, name: str) -> list[str]:
        """The service's command, with the container's places and ports replaced by ours."""
        here = {
            "nginx": {"/tmp/": f"{self.folder}/nginx-run/", "/etc/nginx/filemill/": f"{self.folder}/nginx/"},
            "postgres": {"/etc/postgresql/filemill/": f"{self.folder}/postgres-settings/"},
            "api": {"0.0.0.0": LOOPBACK, "8000": str(self.ports["api"]), "8001": str(self.ports["health"])},
            "redis": {"bind 0.0.0.0": f"bind {LOOPBACK}", "6379": str(self.ports["redis"]), "/tmp": str(self.folder)},
            "minio": {
                ":9000": f"{LOOPBACK}:{self.ports['minio']}",
                "/tmp/certs": f"{self.folder}/certificates",
                "/data": f"{self.folder}/minio",
            },
            "clamd": {"/etc/clamav/filemill/": f"{self.folder}/clamav/"},
        }
        return [_replaced(word, here.get(name, {})) for word in self.services[name]["command"]]

    def _environment(self, name: str) -> dict[str, str]:
        there = {f"{host}:{port}": f"{LOOPBACK}:{self.ports[host]}" for host, port in _INSIDE.items()}
        given = self.services[name].get("environment", {})
        path = os.pathsep.join([str(self.folder / "bin"), str(Path(sys.executable).parent), os.defpath])
        path += ":/usr/sbin:/sbin"
        environ = {word: _replaced(str(value), there) for word, value in given.items()}
        if name == "postgres":
            environ |= {"PGDATA": str(self.folder / "postgres/data"), "PGPORT": str(self.ports["postgres"])}
        if "FILEMILL_HOME" in environ:
            environ["FILEMILL_HOME"] = str(self.folder / "work")
        return {"PATH": path, "LANG": "C.UTF-8", "HOME": str(self.folder), **environ}

    def _collect_programs(self) -> None:
        """Puts the servers' programs, wherever they are installed, under their names into one folder of PATH."""
        programs = self.folder / "bin"
        programs.mkdir()
        (programs / "redis-server").symlink_to(redis.program())
        (programs / "minio").symlink_to(minio_server.program())
        (programs / "postgres").symlink_to(postgres._programs(self._user) / "postgres")

    def _prepare_postgres(self) -> None:
        """What the image does at its first start: an empty database, and the role with its password."""
        made = postgres.Postgres(
            self.folder / "postgres",
            port=self.ports["postgres"],
            password=self.environ["FILEMILL_POSTGRES_PASSWORD"],
            log=self.folder / "logs/initdb.log",
            durable=False,
        )
        made.folder.mkdir(mode=0o711)
        made.start()
        made.stop()
        shutil.copytree(ROOT / "postgres", self.folder / "postgres-settings")
        with open(made.folder / "data/postgresql.auto.conf", "a") as settings:
            settings.write("unix_socket_directories = ''\nio_method = 'sync'\n")

    def _prepare_clamd(self) -> None:
        """clamd.conf with the container's places and port replaced by ours; of signatures the stand-in's one."""
        shutil.copytree(ROOT / "clamav", self.folder / "clamav")
        for folder in ("signatures", "scanning"):
            (self.folder / "clamav" / folder).mkdir()
        shutil.copy(ROOT / "tests/compose/stand_ins/clamd/eicar.ndb", self.folder / "clamav/signatures")
        file = self.folder / "clamav/clamd.conf"
        changes = {
            "/var/lib/clamav": f"{self.folder}/clamav/signatures",
            "/tmp\n": f"{self.folder}/clamav/scanning\n",
            "3310": str(self.ports["clamd"]),
            "0.0.0.0": LOOPBACK,
        }
        file.write_text(_replaced(file.read_text(), changes))

    def _prepare_nginx(self) -> None:
        """nginx.conf as it is, beside another upstreams.conf: the one file that differs."""
        write_nginx(
            self.folder, listen=self.ports["nginx"], api=f"{LOOPBACK}:{self.ports['api']}", store=self.ports["minio"]
        )


_INSIDE = {"postgres": 5432, "redis": 6379, "minio": 9000, "clamd": 3310}


def write_nginx(folder: Path, *, listen: int, api: str, store: int) -> None:
    """Writes a configuration into `folder/nginx`, and makes `folder/nginx-run` for nginx to write into."""
    shutil.copytree(ROOT / "nginx", folder / "nginx")
    (folder / "nginx-run").mkdir()
    (folder / "nginx-run").chmod(0o711)
    (folder / "nginx/upstreams.conf").write_text(
        f"listen {LOOPBACK}:{listen};\nset $api http://{api};\nset $store http://{LOOPBACK}:{store};\n"
    )


def start_nginx(folder: Path, *, listen: int, api: str, store: int) -> Process:
    """nginx alone, before an API and a store that somebody else runs."""
    write_nginx(folder, listen=listen, api=api, store=store)
    nginx = Process(
        Program(
            name="nginx",
            argv=(program() or "nginx", "-p", f"{folder}/nginx-run/", "-c", f"{folder}/nginx/nginx.conf"),
            log=folder / "nginx.log",
            environ=process.plain_environ(),
            stop_signal=signal.SIGQUIT,
        )
    )
    nginx.start()
    nginx.wait_until(lambda: _listens(listen), READY_SECONDS)
    return nginx


def program() -> str | None:
    """Where nginx is installed."""
    return shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")


def _replaced(text: str, changes: dict[str, str]) -> str:
    """All in one pass: what was put in place may hold what is to be replaced."""
    if not changes:
        return text
    return re.sub("|".join(map(re.escape, changes)), lambda found: changes[found[0]], text)


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex((LOOPBACK, port)) == 0
