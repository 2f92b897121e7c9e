"""The whole compose file, up in an engine: its containers, and what they are asked and told."""

import time
from collections.abc import Callable
from typing import Any

import httpx

from filemill.local.ports import free_port
from filemill.local.process import LOOPBACK
from tests.compose import composefile, env_file
from tests.compose.engine import Engine

READY_SECONDS = 120


class Whole:
    """The compose file, up."""

    def __init__(self, own: Engine) -> None:
        self.engine = own
        self.file = own.folder / ".env"
        self.port = free_port()
        self.url = f"http://{LOOPBACK}:{self.port}"
        env_file.made(self.file)
        with open(self.file, "a") as file:
            # The last one of a name counts.
            file.write(f"FILEMILL_PORT={self.port}\nFILEMILL_PUBLIC_URL={self.url}\n")
            file.write("FILEMILL_UPLOADS_PER_MINUTE=100\n")  # all of ours come from one address
        self.environ = env_file.read(self.file)
        self.services: dict[str, Any] = composefile.load(self.environ)["services"]

    def compose(self, *words: str, check: bool = True, seconds: float = 900) -> str:
        """Runs docker-compose on the file -> what it said."""
        argv = ["docker-compose", "--env-file", str(self.file), "-f", str(composefile.FILE), *words]
        return self.engine.run(argv, check=check, seconds=seconds).stdout

    def wait_until_ready(self) -> None:
        """Returns once nginx says that everything answers."""
        wait(lambda: self.status("/health/ready") == 200, READY_SECONDS, "the service is not ready")

    def container(self, service: str) -> str:
        """The id of a service's container."""
        return self.compose("ps", "-q", service).split()[-1]

    def inspected(self, form: str) -> dict[str, str]:
        """Service -> what `docker inspect` says of its container in a form of Go's templates; of all that are up."""
        named = '{{index .Config.Labels "com.docker.compose.service"}}'
        ids = self.engine.run(["docker", "ps", "-q"]).stdout.split()
        said = self.engine.run(["docker", "inspect", "-f", f"{named} {form}", *ids]).stdout
        return dict(line.split(" ", 1) for line in said.splitlines())

    def python(self, service: str, script: str, *, check: bool = True) -> list[str]:
        """Runs a script in a container of ours -> its lines."""
        argv = ["docker", "exec", self.container(service), "python", "-c", script]
        return self.engine.run(argv, check=check).stdout.splitlines()

    def status(self, path: str) -> int | None:
        """What nginx answers with at a path; None where it does not answer."""
        try:
            return httpx.get(f"{self.url}{path}", timeout=10).status_code
        except httpx.TransportError:
            return None

    def health(self) -> dict[str, Any]:
        """What the service says of itself."""
        told: dict[str, Any] = httpx.get(f"{self.url}/health/ready", timeout=10).json()
        return told

    def scanner(self) -> str:
        """How the virus scanner is."""
        return str(self.health()["parts"]["scanner"])

    def sandboxes(self) -> dict[str, str]:
        """Lane -> the kind of its sandbox."""
        return {lane["lane"]: lane["sandbox"] for lane in self.health()["lanes"]}


def wait(done: Callable[[], bool], seconds: float, otherwise: str) -> None:
    """Returns once it is done. Raises AssertionError with the sentence where it takes longer."""
    deadline = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < deadline, otherwise
        time.sleep(0.5)
