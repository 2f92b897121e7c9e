"""Brings the whole compose file up in a Docker engine of its own, walks it, and takes everything down again.

`make compose-test`, as root: 5 to 10 minutes on two cores, of which most is building images; needs Debian's and
Python's package registries, and about 4 GB of disk for that time.
"""

import contextlib
import secrets
import signal
import socket
import sys
import time
from collections.abc import Callable
from types import FrameType
from typing import Any, NoReturn

import httpx

from filemill.local import object_store, process
from filemill.local.process import LOOPBACK
from tests.compose import composefile, engine, env_file, images, walk
from tests.compose.composefile import ROOT
from tests.compose.engine import CannotRun, Engine

READY_SECONDS = 120
OURS = ("api", "worker-tables", "worker-documents")
OUTSIDE = "deb.debian.org"
_began = time.monotonic()

LOOK_INSIDE = """
import os, socket
status = dict(line.split(":", 1) for line in open("/proc/1/status") if ":" in line)
print("uid", os.getuid())
print("capabilities", int(status["CapEff"], 16) | int(status["CapBnd"], 16))
print("no new privileges", status["NoNewPrivs"].strip())
try:
    open("/opt/filemill/written", "w")
    print("root file system written")
except OSError:
    print("root file system read-only")
try:
    socket.create_connection(("{host}", {port}), 3)
    print("reaches the world")
except OSError:
    print("reaches nobody")
"""


class Whole:
    """The compose file, up."""

    def __init__(self, own: Engine) -> None:
        self.engine = own
        self.file = own.folder / ".env"
        self.port = process.free_port()
        self.url = f"http://{LOOPBACK}:{self.port}"
        env_file.made(self.file)
        with open(self.file, "a") as file:
            # The last one of a name counts.
            file.write(f"FILEMILL_PORT={self.port}\nFILEMILL_PUBLIC_URL={self.url}\n")
        self.environ = env_file.read(self.file)
        self.services: dict[str, Any] = composefile.load(self.environ)["services"]

    def compose(self, *words: str, check: bool = True, seconds: float = 900) -> str:
        """Runs docker-compose on the file -> what it said."""
        argv = ["docker-compose", "--env-file", str(self.file), "-f", str(composefile.FILE), *words]
        return self.engine.run(argv, check=check, seconds=seconds).stdout

    def wait_until_ready(self) -> None:
        """Returns once nginx says that everything answers."""
        _wait(lambda: _status(f"{self.url}/health/ready") == 200, READY_SECONDS, "the service is not ready")

    def container(self, service: str) -> str:
        """The id of a service's container."""
        return self.compose("ps", "-q", service).split()[-1]


def main() -> None:
    """The story; ends with 1 and what was wrong where it does not end well."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _stop)
    if not object_store.is_there("minio"):
        sys.exit("MinIO is missing: make minio builds it, where Go is there.")
    try:
        engine.install()
    except CannotRun as error:
        sys.exit(str(error))
    own = Engine()
    try:
        say("starting an engine")
        own.start()
        _story(Whole(own))
    finally:
        own.stop()
        left = engine.left_behind(own)
        say(f"the engine is gone, and left behind: {', '.join(left) or 'nothing'}")
    if left:
        sys.exit("Something was left behind.")
    say("all is well")


def _story(whole: Whole) -> None:
    nothing = whole.engine.folder / "nothing"
    nothing.touch()
    refused = whole.engine.run(
        ["docker-compose", "--env-file", str(nothing), "-f", str(composefile.FILE), "up", "-d"], check=False
    )
    assert refused.returncode, "it starts without secrets"
    assert "compose-env.sh" in refused.stdout, refused.stdout
    say("without secrets compose refuses to start")

    images.provide(whole.engine, whole.services, say)
    whole.compose("build", "migrate")
    say("the image is built")
    try:
        _walk_through(whole)
    except BaseException:
        print(whole.compose("ps", "-a", check=False))
        print(whole.compose("logs", "--no-color", "--tail", "40", check=False))
        raise
    finally:
        with contextlib.suppress(AssertionError):
            whole.compose("down", "-v", "--remove-orphans", "-t", "20", check=False)
    running = whole.engine.run(["docker", "ps", "-aq"]).stdout.split()
    assert not running, f"containers are left: {running}"
    say("everything is down")


def _walk_through(whole: Whole) -> None:
    whole.compose("up", "-d")
    whole.wait_until_ready()
    say("everything is up and ready")

    walk.nine_steps(whole.url, _email())
    say("the nine steps lead through nginx")

    _wait(lambda: _scanner(whole.url) == "ok", READY_SECONDS, "the virus scanner does not answer")
    say("uploads are scanned")

    _wait(lambda: _cages(whole).get("documents") == "closed", READY_SECONDS, f"no closed cage: {_cages(whole)}")
    say("documents have a closed cage")
    for name in OURS:
        _look_inside(whole, name)
    say("api and workers are nobody, may nothing, write nothing and reach no world")
    _addresses(whole)
    say("the API sees its callers and not nginx")

    whole.compose("up", "-d", "--force-recreate", "--no-deps", "api")
    whole.wait_until_ready()
    say("a new API at another address is found by nginx")

    whole.compose("up", "-d", "--no-recreate")
    whole.compose("up", "--no-deps", "--force-recreate", "--exit-code-from", "migrate", "migrate")
    whole.compose("up", "--no-deps", "--force-recreate", "--exit-code-from", "minio-init", "minio-init")
    whole.wait_until_ready()
    walk.nine_steps(whole.url, _email())
    say("migrate and minio-init may run again")

    for name, most in (("worker-tables", 25), ("worker-documents", 25), ("api", 15)):
        began = time.monotonic()
        whole.compose("stop", name)
        seconds = time.monotonic() - began
        assert seconds < most, f"{name} took {seconds:.1f} s to stop"
    answer = httpx.get(f"{whole.url}/api/v1/jobs")
    assert answer.status_code == 503, answer.text
    assert "out of reach" in answer.json()["detail"]
    say("worker and api end in good time, and nginx says so in the door's words")


def _cages(whole: Whole) -> dict[str, str]:
    """Lane -> the kind of its cage."""
    return {lane["lane"]: lane["cage"] for lane in httpx.get(f"{whole.url}/health/ready").json()["lanes"]}


def _look_inside(whole: Whole, name: str) -> None:
    script = LOOK_INSIDE.format(host=_somebody_outside(whole), port=80)
    seen = whole.engine.run(["docker", "exec", whole.container(name), "python", "-c", script]).stdout.splitlines()
    wanted = [
        "uid 10001",
        "capabilities 0",
        "no new privileges 1",
        "root file system read-only",
        "reaches nobody",
    ]
    assert seen == wanted, f"{name}: {seen}"


def _somebody_outside(whole: Whole) -> str:
    """An address that a container with a way out does reach: nginx has one."""
    address = socket.gethostbyname(OUTSIDE)
    reached = f"exec 3<>/dev/tcp/{address}/80"
    whole.engine.run(["docker", "exec", whole.container("nginx"), "bash", "-c", reached], seconds=30)
    return address


def _addresses(whole: Whole) -> None:
    request_id = secrets.token_hex(16)
    answer = httpx.get(
        f"{whole.url}/health/live", headers={"X-Forwarded-For": "203.0.113.9", "X-Request-ID": request_id}
    )
    assert answer.headers["X-Request-ID"] == request_id
    nginx = whole.services["nginx"]["networks"]["doors"]["ipv4_address"]

    def line() -> str:
        said = whole.compose("logs", "--no-color", "api").splitlines()
        return next((line for line in said if request_id in line), "")

    _wait(lambda: bool(line()), 10, "the API wrote no line")
    assert '"client"' in line(), line()
    assert nginx not in line(), line()
    assert "203.0.113.9" not in line(), line()


def _status(url: str) -> int | None:
    try:
        return httpx.get(url, timeout=10).status_code
    except httpx.TransportError:
        return None


def _scanner(url: str) -> str:
    return str(httpx.get(f"{url}/health/ready", timeout=10).json()["parts"]["scanner"])


def _wait(done: Callable[[], bool], seconds: float, otherwise: str) -> None:
    deadline = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < deadline, otherwise
        time.sleep(0.5)


def _email() -> str:
    return f"{secrets.token_hex(8)}@example.com"


def say(sentence: str) -> None:
    """Tells whoever watches, with the seconds since the start."""
    print(f"{time.monotonic() - _began:6.1f} s  {sentence}", flush=True)


def _stop(number: int, frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    main()
