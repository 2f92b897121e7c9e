"""`filemill serve`: one command, one home, one line when it is ready, and nothing left when it is gone."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import msgspec
import psutil
import pytest

from filemill.commands.serve import introduce
from filemill.local import clamd, system
from filemill.local import stack as stacks
from filemill.local import users as server_users
from filemill.sandbox import users
from tests.fixtures.faulty import at_home_in
from tests.journeys.guest import Guest

GONE_SECONDS = 15
NOBODY = 65534
PASSWORD = "correct horse battery"


class Serve:
    """A running `filemill serve`."""

    def __init__(
        self,
        home: Path,
        *more: str,
        environ: dict[str, str] | None = None,
        user: int | None = None,
        python: Path = Path(sys.executable),
        lanes: tuple[str, ...] = ("tables",),
    ) -> None:
        self.home = home
        self.process = subprocess.Popen(
            [python, "-m", "filemill.cli", "serve", "--home", str(home), "--port", "0", *lanes_of(lanes), *more],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**clean_environ(), **(environ or {})},
            cwd="/",
            user=user,
            group=user,
            extra_groups=None if user is None else [],
        )
        assert self.process.stdout
        line = self.process.stdout.readline()
        if not line.startswith("ready http://127.0.0.1:"):
            self.process.kill()
            pytest.fail(line + self.process.communicate()[1])
        self.url = line.removeprefix("ready ").strip()

    def end(self, number: signal.Signals) -> float:
        """Sends a signal to it alone -> seconds until no process of its home is there any more."""
        began = time.monotonic()
        self.process.send_signal(number)
        self.process.wait(GONE_SECONDS)
        while at_home_in(self.home) and time.monotonic() - began < GONE_SECONDS:
            time.sleep(0.05)
        left = at_home_in(self.home)
        assert not left, f"still there: {left}"
        return time.monotonic() - began

    def api(self, token: str | None = None) -> httpx.Client:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return httpx.Client(base_url=f"{self.url}/api/v1", headers=headers, timeout=30)


def lanes_of(lanes: tuple[str, ...]) -> list[str]:
    """The options that name these lanes: one without LibreOffice starts sooner, and few stories need more."""
    return [word for lane in lanes for word in ("--lane", lane)]


def clean_environ() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("FILEMILL_")}


@pytest.fixture
def serve() -> Iterator[Callable[..., Serve]]:
    running: list[Serve] = []

    def start(*args: Any, **more: Any) -> Serve:
        running.append(Serve(*args, **more))
        return running[-1]

    yield start
    for one in running:
        if one.process.poll() is None:
            one.end(signal.SIGTERM)
        for stream in (one.process.stdout, one.process.stderr):
            assert stream
            stream.close()


def sign_in(api: httpx.Client, email: str, *, new: bool = False) -> str:
    if new:
        assert api.post("/auth/register", json={"email": email, "password": PASSWORD}).status_code == 201
    answer = api.post("/auth/login", data={"username": email, "password": PASSWORD})
    assert answer.status_code == 200
    return str(answer.json()["access_token"])


def listening(home: Path) -> set[str]:
    """The addresses that processes of a home listen on."""
    found = set()
    for process in at_home_in(home):
        try:
            found |= {one.laddr.ip for one in process.net_connections() if one.status == psutil.CONN_LISTEN}
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
    return found


def test_no_process_outlives_a_kill_and_the_home_serves_again(serve, tmp_path):
    """The home lies where nobody but its owner gets to, and so, for root, not the user PostgreSQL runs as."""
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    first = serve(closed / "home", environ={"HOME": str(closed)})
    assert (closed / "home/postgres/data/PG_VERSION").exists()
    with first.api() as api:
        token = sign_in(api, "ada@example.com", new=True)
    with first.api(token) as api:
        job, upload_url = uploaded(api)

    assert first.end(signal.SIGKILL) < GONE_SECONDS

    second = serve(closed / "home", environ={"HOME": str(closed)})
    with second.api(token) as api:
        assert api.get(f"/jobs/{job}").json()["status"] == "PENDING", "the row, and the token, outlived it"
        key = httpx.URL(upload_url).path.split("/", 2)[2]
        marked = api.post(f"/jobs/{job}/mark-uploaded", json={"object_key": key})
        assert marked.status_code == 200, "the object outlived it"
        assert api.get(f"/jobs/{job}", params={"wait": 20}).json()["status"] == "COMPLETED"


@pytest.mark.parametrize("sign", ["secrets.json", "logs/postgres.log", "logs/redis.log", "logs/api.log"])
def test_a_signal_while_it_starts_ends_it_cleanly(tmp_path, sign):
    # given a serve on its way up
    home = tmp_path / "home"
    command = [sys.executable, "-m", "filemill.cli", "serve", "--home", str(home), "--port", "0"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=clean_environ(), cwd="/") as starting:
        while not (home / sign).exists():
            assert starting.poll() is None
            time.sleep(0.005)
        # when it is told to stop
        starting.send_signal(signal.SIGTERM)
        _, said = starting.communicate(timeout=GONE_SECONDS)
    # then it goes as if it had stood, and leaves no process
    assert starting.returncode == 0
    assert "Traceback" not in said
    assert "stopping" in said
    assert "stopped" in said
    assert at_home_in(home) == []


def test_ctrl_c_ends_it_and_a_restart_keeps_accounts_and_files(serve, tmp_path):
    first = serve(tmp_path / "home", "--store", "seaweedfs")
    with first.api() as api:
        token = sign_in(api, "ada@example.com", new=True)
    with first.api(token) as api:
        job, upload_url = uploaded(api)
    assert first.end(signal.SIGINT) < GONE_SECONDS

    second = serve(tmp_path / "home")

    with second.api(token) as api:
        key = httpx.URL(upload_url).path.split("/", 2)[2]
        assert api.post(f"/jobs/{job}/mark-uploaded", json={"object_key": key}).status_code == 200
    assert '"seaweedfs"' in (second.home / "notes.json").read_text(), "the home remembers who wrote its objects"


def test_two_homes_run_side_by_side_but_one_home_only_once(serve, tmp_path):
    one, other = serve(tmp_path / "one"), serve(tmp_path / "other")
    for home in (one.home, other.home):
        assert listening(home) <= {"127.0.0.1", "::1"}, "it listens on loopback only"
        secret_files = [home / "secrets.json", home / "notes.json", home / "redis/redis.conf"]
        assert {path.stat().st_mode & 0o777 for path in secret_files} == {0o600}
    with one.api() as api:
        sign_in(api, "ada@example.com", new=True)

    with other.api() as api:
        form = {"username": "ada@example.com", "password": PASSWORD}
        assert api.post("/auth/login", data=form).status_code == 400, "the other home knows nobody"

    again = subprocess.run(
        [sys.executable, "-m", "filemill.cli", "serve", "--home", str(one.home), "--port", "0"],
        capture_output=True,
        text=True,
        env=clean_environ(),
        check=False,
    )
    assert again.returncode == 2
    assert again.stderr == (
        f"The home {one.home} is in use by another filemill serve, at {one.url}. Use that one, stop it first, or choose"
        " another home by --home DIR.\n"
    )
    assert httpx.get(f"{one.url}/health/ready").status_code == 200

    assert one.end(signal.SIGTERM) < GONE_SECONDS
    assert one.process.returncode == 0
    assert one.process.stderr
    said = one.process.stderr.read()
    for told in (f"{one.url}/", f"{one.url}/docs", f"{one.home}/logs", "Ctrl+C", f"kill {one.process.pid}"):
        assert f" {told}" in said, "whoever has just started it is told where everything is, and how it ends"
    assert said.endswith(f"stopped; everything is kept in {one.home}\n")
    assert httpx.get(f"{other.url}/health/ready").status_code == 200


def test_a_part_that_dies_is_started_again(serve, tmp_path):
    running = serve(tmp_path / "home")
    worker = next(p for p in at_home_in(running.home) if p.cmdline()[1:] == ["-m", "workers", "tables"])
    database = next(p for p in at_home_in(running.home) if p.name() == "postgres" and "-D" in p.cmdline())

    worker.kill()
    database.kill()

    deadline = time.monotonic() + 30
    person = {"email": "ada@example.com", "password": PASSWORD}
    with running.api() as api:
        while (made := api.post("/auth/register", json=person)).status_code == 503 and time.monotonic() < deadline:
            time.sleep(0.1)
        assert made.status_code == 201
        token = sign_in(api, "ada@example.com")
    with running.api(token) as api:
        job, upload_url = uploaded(api)
        key = httpx.URL(upload_url).path.split("/", 2)[2]
        api.post(f"/jobs/{job}/mark-uploaded", json={"object_key": key})
        began = time.monotonic()
        answer = api.get(f"/jobs/{job}", params={"wait": 30}).json()
        log = (running.home / "logs/worker-tables.log").read_text()[-3000:]
        assert answer["status"] == "COMPLETED", f"after {time.monotonic() - began:.1f} s: {answer}\n{log}"


@pytest.mark.skipif(bool(system.why_not_isolated()), reason="no worker for documents can run here")
@pytest.mark.anyio
async def test_every_lane_takes_jobs_once_it_is_ready_and_a_worker_that_starts_again_is_waited_for(serve, tmp_path):
    # given a serve that has just said `ready`
    running = serve(tmp_path / "home", lanes=())
    guest = Guest(running.url)
    await guest.begin()
    # when eight documents are sent one after another, and their worker dies meanwhile
    files = [await a_page_of(guest) for _ in range(4)]
    worker = next(p for p in at_home_in(running.home) if p.cmdline()[1:] == ["-m", "workers", "documents"])
    worker.kill()
    files += [await a_page_of(guest) for _ in range(4)]
    # then nobody is told to wait a minute or to install something, and all of them come
    assert [(await guest.ended(file))["status"] for file in files] == ["completed"] * 8
    await guest.http.aclose()


def test_a_lane_that_takes_too_long_is_named_and_does_not_keep_the_others(faulty, monkeypatch, capsys):
    # given a worker for documents that never says that it takes jobs
    stack = faulty(lanes=("tables", "documents"))
    slow = stack.workers["documents"]
    slow.program = msgspec.structs.replace(slow.program, argv=("sleep", "60"))
    monkeypatch.setattr(stacks, "LANES_SECONDS", 0.5)
    # when
    stack.start()
    introduce(stack)
    # then
    assert stack.missing_lanes == ["documents"]
    assert "the worker for documents is still starting; what needs it waits in line" in capsys.readouterr().err
    assert httpx.get(f"{stack.url}/health/ready").status_code == 200


async def a_page_of(guest: Guest) -> str:
    """A document that is on its way to become another -> its job_id."""
    file = await guest.upload(b"# A page\n", "page.md")
    await guest.convert(file, "html")
    return file


@pytest.mark.skipif(not clamd.is_there(), reason="clamd is not installed (filemill install puts it there)")
def test_its_virus_scanner_is_its_own_and_is_started_again(serve, tmp_path):
    # given a serve with a scanner, which is no root's and can be asked by nobody else
    running = serve(tmp_path / "home")
    scanner = next(p for p in at_home_in(running.home) if p.name() == "clamd")
    assert scanner.uids().real == (server_users.user_of("clamd").uid if os.geteuid() == 0 else os.geteuid())
    assert [one.laddr for one in scanner.net_connections() if one.status == psutil.CONN_LISTEN] == []
    assert parts(running)["scanner"] == "ok"

    # when it dies
    scanner.kill()

    # then another one takes its place
    deadline = time.monotonic() + 30
    while not any(p.name() == "clamd" and p.pid != scanner.pid for p in at_home_in(running.home)):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    while parts(running)["scanner"] != "ok":
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_scanner_of_somebody_elses_is_used_instead_and_may_be_away(serve, tmp_path):
    running = serve(tmp_path / "home", environ={"FILEMILL_CLAMD": "tcp://127.0.0.1:1"})

    assert not any(p.name() == "clamd" for p in at_home_in(running.home))
    assert parts(running)["scanner"] == "away"


def parts(running: Serve) -> dict[str, str]:
    answer = httpx.get(f"{running.url}/health/ready")
    assert answer.status_code == 200, answer.text
    return dict(answer.json()["parts"])


@pytest.mark.skipif(os.geteuid() != 0, reason="the other tests ran as an ordinary user already")
def test_an_ordinary_user_can_serve(serve):
    with tempfile.TemporaryDirectory() as name:
        base = Path(name)
        base.chmod(0o755)
        python = a_python_anybody_can_run(base)
        os.chown(base, NOBODY, NOBODY)
        environ = {"HOME": str(base), "PATH": f"{os.environ['PATH']}:{Path(sys.executable).parent}"}

        running = serve(base / "home", environ=environ, user=NOBODY, python=python)

        assert {process.uids().real for process in at_home_in(running.home)} == {NOBODY}
        assert running.end(signal.SIGTERM) < GONE_SECONDS


@pytest.mark.skipif(os.geteuid() != 0, reason="only root starts jobs' processes as other users")
def test_root_gives_every_process_of_a_job_a_user_of_its_own(serve, tmp_path):
    # given root who serves by a Python that every user can run, from a home that nobody else gets into
    with tempfile.TemporaryDirectory() as name:
        base = Path(name)
        base.chmod(0o755)
        running = serve(tmp_path / "home", python=a_python_anybody_can_run(base))
        # when a job has gone through
        with running.api() as api:
            token = sign_in(api, "ada@example.com", new=True)
        with running.api(token) as api:
            job, _ = uploaded(api)
            api.post(f"/jobs/{job}/mark-uploaded", json={"object_key": f"input/{job}/cities.csv"})
            assert api.get(f"/jobs/{job}", params={"wait": 20}).json()["status"] == "COMPLETED"
        # then its process was nobody's whom the machine knows, and another one than its neighbours'
        children = [one for one in at_home_in(running.home) if "workers.child" in one.cmdline()]
        found = [one.uids().real for one in children]
        assert len(set(found)) == len(found) > 1
        assert set(found) <= set(users.NUMBERS)
        # and all go, with their folders
        assert running.end(signal.SIGTERM) < GONE_SECONDS
        assert list((running.home / "work").iterdir()) == []
    assert "as root" not in running.process.stderr.read()


def a_python_anybody_can_run(folder: Path) -> Path:
    """A Python like ours with our packages, which may itself lie where only root gets to."""
    ours = Path(sys.executable).absolute()
    candidates = [ours.resolve(), Path(f"/usr/bin/python3.{sys.version_info.minor}")]
    found = next((path for path in candidates if path.exists() and is_reachable(path.resolve())), None)
    packages = [Path(entry) for entry in sys.path if entry.endswith("-packages")]
    if found is None or not all(map(is_reachable, [*packages, Path(__file__)])):
        pytest.skip("no other user can reach these packages or a Python for them")
    subprocess.run([found, "-m", "venv", "--without-pip", folder / "venv"], check=True)
    paths = next((folder / "venv/lib").glob("python*")) / "site-packages/ours.pth"
    paths.write_text("\n".join(f"import site; site.addsitedir({str(path)!r})" for path in packages))
    python = folder / "venv/bin/python"
    if subprocess.run([python, "-c", "import filemill.app"], check=False).returncode:
        pytest.skip(f"our packages do not fit {found}")
    return python


def is_reachable(path: Path) -> bool:
    return all(part.stat().st_mode & 0o001 for part in path.parents)


def uploaded(api: httpx.Client) -> tuple[str, str]:
    """A PENDING job whose file is in the store -> its id, and the URL the file was PUT to."""
    table = b"city,people\nDelhi,33\nPune,7\n"
    steps = [{"type": "convert_format", "params": {"to_format": "ndjson"}}]
    new_job = {"file_name": "cities.csv", "original_file_size_bytes": len(table), "processing_steps": steps}
    job = api.post("/jobs", json=new_job).json()["id"]
    upload_url = api.post(f"/jobs/{job}/upload-url", json={}).json()["upload_url"]
    assert httpx.put(upload_url, content=table).status_code == 200
    return str(job), str(upload_url)
