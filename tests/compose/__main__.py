"""Brings the whole compose file up in a Docker engine of its own, walks it, and takes everything down again.

`make compose-test`, as root. Most of its time goes into building images (docs/development.md has figures), which can be
kept; needs Debian's and Python's package registries, and about 6 GB of disk for that time.
"""

import argparse
import contextlib
import io
import secrets
import signal
import socket
import sys
import time
from pathlib import Path
from types import FrameType
from typing import NoReturn

import docx
import httpx

from filemill.local import object_store
from tests.compose import composefile, engine, images, walk
from tests.compose.composefile import ROOT
from tests.compose.engine import CannotRun, Engine
from tests.compose.whole import READY_SECONDS, Whole, wait
from tests.fixtures.heads import EICAR

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

KILL_ALL = "import os; os.kill(-1, 9)"


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
    own = Engine(_kept())
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


def _kept() -> Path | None:
    parser = argparse.ArgumentParser("python -m tests.compose", description=__doc__)
    parser.add_argument("--keep", metavar="DIR", type=Path, help="keep the images there, for the next time")
    kept: Path | None = parser.parse_args().keep
    return kept


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
    whole.compose("build", "migrate", seconds=3600)
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

    _documents(whole)
    say("a document is scanned, becomes a pdf in an isolated sandbox, and comes back; a virus is refused")
    for name in OURS:
        _look_inside(whole, name)
    say("api and workers are nobody, may nothing, write nothing and reach no world")
    _addresses(whole)
    say("the API sees its callers and not nginx")
    _all_is_well(whole)
    say("every server is well, none was started twice, none lacked memory")

    _killed(whole)
    say("api and workers that are killed come back")

    whole.compose("up", "-d", "--force-recreate", "--no-deps", "api")
    whole.wait_until_ready()
    say("a new API at another address is found by nginx")

    whole.compose("up", "-d", "--no-recreate")
    whole.compose("up", "--no-deps", "--force-recreate", "--exit-code-from", "migrate", "migrate")
    whole.compose("up", "--no-deps", "--force-recreate", "--exit-code-from", "minio-init", "minio-init")
    whole.wait_until_ready()
    walk.nine_steps(whole.url, _email())
    say("migrate and minio-init may run again")

    _no_scanner(whole)
    say("without the virus scanner uploads are refused, and the rest goes on")

    for name, most in (("worker-tables", 25), ("worker-documents", 25), ("api", 15)):
        began = time.monotonic()
        whole.compose("stop", name)
        seconds = time.monotonic() - began
        assert seconds < most, f"{name} took {seconds:.1f} s to stop"
    answer = httpx.get(f"{whole.url}/api/v1/jobs")
    assert answer.status_code == 503, answer.text
    assert "out of reach" in answer.json()["detail"]
    say("worker and api end in good time, and nginx says so in the API's words")


def _documents(whole: Whole) -> None:
    wait(lambda: whole.scanner() == "ok", READY_SECONDS, "the virus scanner does not answer")
    wait(lambda: whole.sandboxes().get("documents") == "isolated", READY_SECONDS, "no isolated sandbox")
    _a_document(whole)
    with walk.visitor(whole.url) as guest:
        _, answer = walk.sent(guest, EICAR, "a.txt")
    assert answer.status_code == 400, answer.text
    assert answer.json()["data"]["error"] == "VirusDetectedError"


def _a_document(whole: Whole) -> None:
    letter = docx.Document()
    letter.add_heading("Größe", 1)
    written = io.BytesIO()
    letter.save(written)
    made = walk.converted(whole.url, written.getvalue(), "letter.docx", "pdf")
    assert made.startswith(b"%PDF-"), made[:100]


def _all_is_well(whole: Whole) -> None:
    seen = whole.inspected("{{.State.Status}} {{.RestartCount}} {{.State.OOMKilled}}")
    wanted = {name for name, service in whole.services.items() if service["restart"] != "no"}
    assert seen == dict.fromkeys(wanted, "running 0 false"), seen
    checked = {name for name, service in whole.services.items() if "healthcheck" in service}

    def sick() -> dict[str, str]:
        health = whole.inspected("{{with .State.Health}}{{.Status}}{{end}}")
        return {name: state for name, state in health.items() if name in checked and state != "healthy"}

    wait(lambda: not sick(), READY_SECONDS, "a server is not healthy")
    form = "{{.Name}} {{.MemUsage}} {{.PIDs}}"
    print(whole.engine.run(["docker", "stats", "--no-stream", "--format", form]).stdout.rstrip())


def _killed(whole: Whole) -> None:
    for name in OURS:
        whole.python(name, KILL_ALL, check=False)

    def are_back() -> bool:
        seen = whole.inspected("{{.State.Status}} {{.RestartCount}}")
        return all(seen.get(name) == "running 1" for name in OURS)

    wait(are_back, READY_SECONDS, "what was killed does not come back")
    whole.wait_until_ready()
    walk.nine_steps(whole.url, _email())
    _a_document(whole)


def _no_scanner(whole: Whole) -> None:
    whole.compose("stop", "clamd")
    wait(lambda: whole.scanner() == "away", READY_SECONDS, "nobody notices that the scanner is away")
    assert whole.status("/health/ready") == 200
    with walk.visitor(whole.url) as guest:
        _, answer = walk.sent(guest, b"harmless", "a.txt")
    assert answer.status_code == 503, answer.text


def _look_inside(whole: Whole, name: str) -> None:
    script = LOOK_INSIDE.format(host=_somebody_outside(whole), port=80)
    wanted = [
        "uid 10001",
        "capabilities 0",
        "no new privileges 1",
        "root file system read-only",
        "reaches nobody",
    ]
    seen = whole.python(name, script)
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
    nginx = whole.services["nginx"]["networks"]["front"]["ipv4_address"]

    def line() -> str:
        said = whole.compose("logs", "--no-color", "api").splitlines()
        return next((line for line in said if request_id in line), "")

    wait(lambda: bool(line()), 10, "the API wrote no line")
    assert '"client"' in line(), line()
    assert nginx not in line(), line()
    assert "203.0.113.9" not in line(), line()


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
