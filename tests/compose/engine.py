"""A Docker engine of one's own: in one folder, on one socket, and leaving the machine's network as it was."""

import contextlib
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import IO

from filemill.local.process import Process, Program

READY_SECONDS = 60
STOP_SECONDS = 60
PACKAGES = {
    "dockerd": "docker.io",
    "iptables-save": "iptables",
    "debootstrap": "debootstrap",
    "docker-compose": "docker-compose",
}
"""The programs it takes, and Debian's package of each."""

FORWARD = Path("/proc/sys/net/ipv4/ip_forward")
PROGRAMS = "/usr/sbin:/usr/bin:/sbin:/bin:/usr/local/bin"
"""Debian's own client before any other: it fits Debian's engine."""


class CannotRun(Exception):
    """This machine cannot run an engine."""


def install() -> None:
    """Installs the packages that are missing. Raises CannotRun."""
    if os.geteuid() != 0:
        raise CannotRun("An engine takes root: sudo make compose-test.")
    if Path("/sys/class/net/docker0").exists():
        raise CannotRun("An engine runs here already (there is a docker0): stop it first.")
    missing = [package for program, package in PACKAGES.items() if shutil.which(program, path=PROGRAMS) is None]
    if not missing:
        return
    if shutil.which("apt-get") is None:
        raise CannotRun(f"These are missing: {', '.join(missing)}.")
    # No service of its own is started by the package: this engine is started by hand.
    environ = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"}
    for command in (["update", "-q"], ["install", "-q", "-y", "--no-install-recommends", *missing]):
        done = subprocess.run(["apt-get", *command], env=environ, check=False, stdout=subprocess.DEVNULL)
        if done.returncode and command[0] == "install":
            raise CannotRun(f"These are missing and could not be installed: {', '.join(missing)}.")


class Engine:
    """The engine. `start`, then `run(...)`, then `stop`. `kept` is a folder for its images, which stays."""

    def __init__(self, kept: Path | None = None) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="filemill-engine-"))
        self._data = kept.resolve() if kept else self.folder / "data"
        self.socket = f"unix://{self.folder}/d.sock"
        self.log = self.folder / "dockerd.log"
        self._rules = _output(["iptables-save"])
        self._forward = FORWARD.read_text()
        self._links = _links()
        self._process = Process(
            Program(
                name="dockerd",
                argv=(
                    _program("dockerd"),
                    *("--data-root", str(self._data), "--exec-root", f"{self.folder}/exec"),
                    *("-H", self.socket, "--pidfile", f"{self.folder}/pid"),
                ),
                log=self.log,
                environ={"PATH": PROGRAMS, "HOME": str(self.folder)},
                grace=STOP_SECONDS,
            )
        )

    @property
    def environ(self) -> dict[str, str]:
        """What a client needs to find this engine."""
        return {
            "PATH": PROGRAMS,
            "HOME": str(self.folder),
            "DOCKER_HOST": self.socket,
            "DOCKER_BUILDKIT": "0",
            "COMPOSE_DOCKER_CLI_BUILD": "0",
            "LANG": "C.UTF-8",
        }

    def start(self) -> None:
        """Starts it; returns once it answers, with nothing in it but images. Raises NotStarted."""
        self._process.start()
        self._process.wait_until(lambda: self.run(["docker", "info"], check=False).returncode == 0, READY_SECONDS)
        # Where images are kept, a run that was broken off has left more than those.
        if left := self.run(["docker", "ps", "-aq"]).stdout.split():
            self.run(["docker", "rm", "-f", "-v", *left])
        for kind in ("volume", "network"):
            self.run(["docker", kind, "prune", "-f"])

    def run(
        self,
        argv: Sequence[str],
        *,
        check: bool = True,
        seconds: float = 900,
        environ: dict[str, str] | None = None,
        stdin: IO[bytes] | None = None,
    ) -> subprocess.CompletedProcess[str]:
        """Runs a client's command -> how it ended; where it must not fail and does, what it said is raised."""
        done = subprocess.run(
            argv,
            stdin=stdin or subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            env={**self.environ, **(environ or {})},
            timeout=seconds,
            check=False,
        )
        if check and done.returncode:
            raise AssertionError(f"{' '.join(argv)} ended with {done.returncode}:\n{done.stdout[-4000:]}")
        return done

    def stop(self) -> None:
        """Ends it, and takes away what it made: mounts, network devices, rules, its folder."""
        self._process.stop()
        for mount in reversed(self.mounts()):
            subprocess.run(["umount", "-l", mount], check=False, stderr=subprocess.DEVNULL)
        for link in sorted(_links() - self._links):
            subprocess.run(["ip", "link", "del", link], check=False, stderr=subprocess.DEVNULL)
        with contextlib.suppress(OSError):
            FORWARD.write_text(self._forward)
        for table in ("nat", "filter"):
            if f"*{table}" not in self._rules:  # it was empty; what was not is put back below
                for emptying in ("-F", "-X"):
                    subprocess.run(["iptables", "-t", table, emptying], check=False, stderr=subprocess.DEVNULL)
        if "*filter" not in self._rules:
            subprocess.run(["iptables", "-P", "FORWARD", "ACCEPT"], check=False, stderr=subprocess.DEVNULL)
        subprocess.run(["iptables-restore"], input=self._rules, text=True, check=False, stderr=subprocess.DEVNULL)
        for _ in range(5):
            if self.mounts():  # never remove what lies behind a mount
                return
            shutil.rmtree(self.folder, ignore_errors=True)
            if not self.folder.exists():
                return
            time.sleep(1)

    def mounts(self) -> list[str]:
        """What is mounted in its folders."""
        mounted = [line.split()[1] for line in Path("/proc/mounts").read_text().splitlines()]
        return [place for place in mounted if place.startswith((f"{self.folder}/", f"{self._data}/"))]


def left_behind(engine: Engine) -> list[str]:
    """What of it is still there after `stop`."""
    links = [f"network device {link}" for link in sorted(_links() - engine._links)]
    mounts = [f"mount {mount}" for mount in engine.mounts()]
    return [*links, *mounts, *([f"folder {engine.folder}"] if engine.folder.exists() else [])]


def _program(name: str) -> str:
    found = shutil.which(name, path=PROGRAMS)
    if found is None:
        raise CannotRun(f"{name} is missing.")
    return found


def _output(argv: list[str]) -> str:
    return subprocess.run(argv, capture_output=True, text=True, check=True, env={"PATH": PROGRAMS}).stdout


def _links() -> set[str]:
    return set(os.listdir("/sys/class/net"))
