"""What a job can see and do in an isolated sandbox, asked of a real one from inside, and how its runs end."""

import asyncio
import contextlib
import json
import socket
import textwrap
import threading
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import psutil
import pytest

from filemill import connections
from filemill.jobs import commands, context, receipts, uploads
from filemill.jobs.context import Context
from filemill.jobs.job import Job, Status
from filemill.jobs.rows.jobs import NewFile
from filemill.runs.runner import Runner
from filemill.sandbox import choice, readable, weighing
from filemill.sandbox import pool as pools
from filemill.sandbox.choice import NoSandbox
from filemill.sandbox.kinds import Sandbox, Weak
from filemill.sandbox.pool import Pool
from filemill.storage.s3 import Store
from tests.fixtures import hostile
from tests.fixtures.jobs import create, events_of, now, until, upload
from tests.fixtures.tidy import assert_tidy

pytestmark = pytest.mark.anyio

TINY = hostile.TINY
TO_PDF = b'[{"type":"convert_format","params":{"to_format":"pdf"}}]'

NewProgram = Callable[..., Awaitable[Job]]

LEAVE = """
import json, os
from pathlib import Path
def leave(found):
    Path(run.outputs[0].path).write_text(json.dumps(found))
def how(attempt):
    try:
        return attempt() or "done"
    except OSError as error:
        return type(error).__name__
"""


@pytest.fixture
async def sandbox() -> Sandbox:
    return await hostile.isolated()


@pytest.fixture
async def pool(sandbox: Sandbox, tmp_path: Path) -> AsyncIterator[Pool]:
    pool = Pool("documents", tmp_path, sandbox, program=(str(TINY),))
    await pool.open(1)
    yield pool
    await pool.close()
    assert left_in(tmp_path) == []


@pytest.fixture
async def runner(at_hand: Context, pool: Pool) -> Runner:
    return Runner("documents", "this test", pool, {})


@pytest.fixture
def queued(at_hand: Context, owner: uuid.UUID) -> NewProgram:
    """Makes a job of a program that runs in the sandbox, and queues it."""

    async def make(program: str) -> Job:
        content = (LEAVE + textwrap.dedent(program)).encode()
        job = await create(owner, TO_PDF, NewFile("input", "pro gram.txt", len(content)))
        return await uploads.mark(job.id, job.owner, await upload(job, content))

    return make


async def left_by(at_hand: Context, job: Job) -> Any:
    """What a program has left."""
    job = await now(job)
    assert job.output_key is not None, job.error_message
    return json.loads(await at_hand.store.get(job.output_key))


def allow(at_hand: Context, **limits: int) -> None:
    context.open(msgspec.structs.replace(at_hand, settings=msgspec.structs.replace(at_hand.settings, **limits)))


def processes_with(mark: str) -> list[psutil.Process]:
    there = psutil.process_iter(["cmdline", "status"])
    named = [one for one in there if mark in " ".join(one.info["cmdline"] or ())]
    return [one for one in named if one.info["status"] != psutil.STATUS_ZOMBIE]


def left_in(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


# --- what it sees -----------------------------------------------------------------------------------------------------


@pytest.fixture
def server() -> Iterator[tuple[int, list[object]]]:
    """A server on loopback: its port, and whoever has called."""
    callers: list[object] = []
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            while True:
                try:
                    calling, address = listening.accept()
                    calling.close()
                    callers.append(address)
                except OSError:
                    return

        threading.Thread(target=serve, daemon=True).start()
        yield listening.getsockname()[1], callers
        listening.shutdown(socket.SHUT_RDWR)


async def test_a_job_reaches_no_network(
    at_hand: Context, runner: Runner, queued: NewProgram, server: tuple[int, list[object]]
) -> None:
    # given a server of this machine that answers
    port, callers = server
    socket.create_connection(("127.0.0.1", port)).close()
    await asyncio.sleep(0)
    # when a job calls it, and the world
    job = await queued(
        f"""
        import socket
        def call(address):
            socket.create_connection(address, timeout=2).close()
        leave([how(lambda: call(("127.0.0.1", {port}))), how(lambda: call(("192.0.2.1", 80))),
               sorted(name for _, name in socket.if_nameindex())])
        """
    )
    await runner.until_empty()
    # then nobody is there
    assert await left_by(at_hand, job) == ["ConnectionRefusedError", "OSError", ["lo"]]
    assert len(callers) == 1


async def test_a_job_sees_programs_and_its_own_files_alone(
    at_hand: Context, runner: Runner, queued: NewProgram, tmp_path: Path
) -> None:
    # given a file of the user's, and the folder of another child
    secret = tmp_path / "another.txt"
    secret.write_text("secret")
    # when a job looks for them
    home, checkout = Path.home(), Path(__file__).parents[2]
    job = await queued(
        f"""
        import sys
        names = ["/etc/passwd", "/etc/shadow", "/etc/hostname", "{home}/.ssh", "{home}/.profile", "{secret}",
                 "{checkout}/pyproject.toml", "{checkout}/tests/conftest.py", "/var/lib", "/sys/kernel", "/dev/shm/x"]
        leave({{
            "read": [name for name in names if os.path.exists(name)],
            "root": sorted(os.listdir("/")),
            "written": [how(lambda: open(name + "/x", "w").close()) for name in ("/usr", sys.prefix, "", "/dev/shm")],
            "here": [os.getcwd(), sorted(os.listdir()), os.listdir("in"), os.listdir("out")],
            "who": len([name for name in os.listdir("/proc") if name.isdigit()]),
        }})
        """
    )
    await runner.until_empty()
    # then they are not there
    found = await left_by(at_hand, job)
    assert found["read"] == []
    assert not {"srv", "mnt", "boot", "sys", "run", "media"} & set(found["root"])
    assert found["written"] == ["OSError"] * 4
    assert found["who"] == 2
    assert found["here"] == ["/sandbox", ["in", "out"], ["input.txt"], []]
    await assert_tidy(at_hand.store, connections.fetch)
    secret.unlink()


async def test_a_job_finds_no_secret_anywhere(
    at_hand: Context, sandbox: Sandbox, queued: NewProgram, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given a worker whose environment holds one
    monkeypatch.setenv("FILEMILL_S3_SECRET", at_hand.settings.s3_secret)
    pool = Pool("documents", tmp_path, sandbox, program=(str(TINY),))
    await pool.open(1)
    # when a job looks through all that it can read of every process
    job = await queued(
        """
        found, seen = [], 0
        for path in Path("/proc").glob("[0-9]*/*"):
            if path.name in ("environ", "cmdline"):
                try:
                    seen += 1
                    found += ["FILEMILL"] if b"FILEMILL" in path.read_bytes() else []
                except OSError:
                    pass
        leave([found, sorted(os.environ), run.store, seen > 2])
        """
    )
    await Runner("documents", "this test", pool, {}).until_empty()
    await pool.close()
    # then there is none
    found, names, store, has_looked = await left_by(at_hand, job)
    assert (found, store, has_looked) == ([], None, True)
    assert set(names) <= {
        "HOME",
        "LANG",
        "LC_CTYPE",
        "MALLOC_ARENA_MAX",
        "PATH",
        "PWD",
        "PYTHONDONTWRITEBYTECODE",
        "TMPDIR",
    }


async def test_the_folder_is_emptied_before_every_job(at_hand: Context, runner: Runner, queued: NewProgram) -> None:
    # given a job that leaves things behind, such as nobody should follow
    first = await queued(
        """
        os.makedirs("in/deep/deeper")
        Path("in/deep/deeper/left").write_text("of the first")
        os.symlink("/usr", "usr")
        os.mkfifo("pipe")
        leave(os.getpid())
        """
    )
    await runner.until_empty()
    # when the same process takes another
    second = await queued("leave([os.getpid(), sorted(os.listdir()), os.listdir('in'), os.listdir('out')])")
    await runner.until_empty()
    # then it finds nothing but its own
    pid = await left_by(at_hand, first)
    assert await left_by(at_hand, second) == [pid, ["in", "out"], ["input.txt"], []]


# --- what becomes of it -----------------------------------------------------------------------------------------------


async def test_files_are_brought_and_fetched_and_the_receipt_counts_them(
    at_hand: Context, runner: Runner, queued: NewProgram
) -> None:
    job = await queued("Path('out/output.pdf').write_bytes(b'x' * 12_000_000)")
    await runner.until_empty()
    job = await now(job)
    assert (job.status, job.error_message) == (Status.COMPLETED, None)
    assert job.output_key == f"output/{job.id}/pro gram_processed.pdf"
    receipt = await receipts.read(job.id, job.owner)
    assert [one.size for one in receipt.outputs] == [12_000_000]
    assert all(one.sha256 for one in (*receipt.inputs, *receipt.outputs))
    stat = await at_hand.store.stat(job.output_key)
    assert stat is not None
    assert (stat.size, stat.media_type) == (12_000_000, "application/pdf")
    await assert_tidy(at_hand.store, connections.fetch)


async def test_several_pages_may_come_packed(at_hand: Context, runner: Runner, queued: NewProgram) -> None:
    job = await queued("Path('out/output.zip').write_bytes(b'PK')")
    await runner.until_empty()
    job = await now(job)
    assert job.output_key == f"output/{job.id}/pro gram_processed.zip"
    await assert_tidy(at_hand.store, connections.fetch)


@pytest.mark.parametrize(
    "trick",
    [
        "os.symlink('/proc/self/environ', 'out/output.pdf')",
        "os.mkfifo('out/output.pdf')",
        "os.rmdir('out'); os.symlink('/usr/share/common-licenses', 'out'); run.outputs[0]",
        "pass",
    ],
)
async def test_nothing_but_a_plain_file_is_taken_out(
    at_hand: Context, runner: Runner, queued: NewProgram, trick: str
) -> None:
    job = await queued(trick)
    await runner.until_empty()
    job = await now(job)
    assert (job.status, job.error_code, job.at_fault) == (Status.FAILED, "internal", "us")
    # and the sandbox goes on
    other = await queued("leave(1)")
    await runner.until_empty()
    assert await left_by(at_hand, other) == 1
    await assert_tidy(at_hand.store, connections.fetch)


async def test_a_cancelled_job_ends_with_all_it_has_started(
    at_hand: Context, runner: Runner, queued: NewProgram
) -> None:
    # given a job with a process that has made itself independent
    mark = "import time; time.sleep(1000) # of test_isolated"
    job = await queued(
        f"""
        import subprocess, sys, time
        for _ in range(2):
            subprocess.Popen([sys.executable, "-c", {mark!r}], start_new_session=True)
        from filemill.pipelines.run import Phase
        say(Phase("waiting"))
        time.sleep(1000)
        """
    )
    work = asyncio.create_task(runner.until_empty())
    await until(job, lambda _: len(processes_with(mark)) == 2)
    # when it is cancelled
    await commands.cancel(job.id, job.owner)
    await work
    # then nothing of it is left
    assert (await now(job)).status is Status.CANCELLED
    assert processes_with(mark) == []
    await assert_tidy(at_hand.store, connections.fetch)


async def rested(pool: Pool, runner: Runner, queued: NewProgram, program: str, most_seconds: float) -> bool:
    """Whether a child that has worked on this goes on resting, looked at for so long."""
    await queued(program)
    await runner.until_empty()
    async with pool.borrow() as child:
        worked = child.pid
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(most_seconds):
            while psutil.pid_exists(worked):
                await pool.refresh()
                await asyncio.sleep(0.05)
    return psutil.pid_exists(worked)


async def test_a_child_rests_for_as_long_as_it_is_quiet(
    at_hand: Context, sandbox: Sandbox, queued: NewProgram, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given children that have worked, and have had nothing to do since
    monkeypatch.setattr(pools, "REST_SECONDS", 0.0)
    pool = Pool("documents", tmp_path, sandbox, program=(str(TINY),), most_resting_mb=200)
    await pool.open(1)
    runner = Runner("documents", "this test", pool, {})
    # then one that holds little and does nothing stays warm, and is replaced where it holds much, or never rests
    assert await rested(pool, runner, queued, "leave(1)", 2)
    assert not await rested(pool, runner, queued, "import sys; sys.kept = b'x' * (300 << 20); leave(1)", 20)
    never = """
    import threading
    def turn():
        while True: pass
    threading.Thread(target=turn, daemon=True).start()
    leave(1)
    """
    assert not await rested(pool, runner, queued, never, 20)
    await pool.close()


async def test_memory_is_that_of_all_processes_together(at_hand: Context, runner: Runner, queued: NewProgram) -> None:
    # given a limit that no single process of a job passes
    allow(at_hand, documents_memory_mb=300)
    job = await queued(
        """
        import subprocess, sys, time
        for _ in range(4):
            subprocess.Popen([sys.executable, "-c", "import time; kept = b'x' * (120 << 20); time.sleep(1000)"])
        time.sleep(1000)
        """
    )
    # when they pass it together
    await runner.until_empty()
    # then the job fails
    job = await now(job)
    assert (job.status, job.error_code) == (Status.FAILED, "too_much_memory")
    assert job.error_message == "The job needs more than 300 MB of memory, and no job may have more."


async def test_disk_and_time_are_limited(at_hand: Context, runner: Runner, queued: NewProgram) -> None:
    allow(at_hand, documents_disk_mb=20)
    job = await queued("import time\nPath('large').write_bytes(b'x' * (40 << 20))\ntime.sleep(1000)")
    await runner.until_empty()
    job = await now(job)
    assert job.error_message == "The job needs more than 20 MB of disk, and no job may have more."
    # and
    allow(at_hand, documents_seconds=1)
    job = await queued("import time\ntime.sleep(1000)")
    await runner.until_empty()
    job = await now(job)
    assert (job.error_code, job.error_message) == ("too_slow", "The job took longer than the 1 seconds allowed.")


async def test_files_are_limited_in_number_and_depth(
    at_hand: Context, runner: Runner, queued: NewProgram, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(weighing, "MOST_FILES", 1_000)
    job = await queued("import time\nfor n in range(1_100): Path(f'/tmp/{n}').touch()\ntime.sleep(1000)")
    await runner.until_empty()
    job = await now(job)
    assert (job.error_code, job.error_message) == (
        "too_much_memory",
        "The job makes more than 1,000 files, and no job may make more.",
    )
    # and
    job = await queued("import time\nfor _ in range(700): os.mkdir('a'); os.chdir('a')\ntime.sleep(1000)")
    await runner.until_empty()
    job = await now(job)
    assert job.error_message == "The job makes more than 64 folders in one another, and no job may make more."


@pytest.mark.parametrize("end", ["leave(1)", "from filemill.errors import JobFailed; raise JobFailed('bad_file', 'x')"])
async def test_nothing_of_a_job_lies_there_once_the_job_has_ended(
    at_hand: Context, queued: NewProgram, pool: Pool, tmp_path: Path, end: str
) -> None:
    # given a job that leaves files wherever it may, some deeper than any path
    job = await queued(
        f"""
        import os
        for place in "/tmp", os.getcwd():
            os.chdir(place)
            Path("left").write_text("words of a stranger")
            for _ in range(30): os.mkdir("a" * 200); os.chdir("a" * 200)
            Path("left").write_text("words of a stranger")
        os.chdir("/sandbox")
        {end}
        """
    )
    # when its ending is written
    seen: list[Path] = []

    @connections.in_transaction
    async def look(_: uuid.UUID) -> None:
        seen.extend(files_in(tmp_path))

    ours = files_in(tmp_path)
    runner = Runner("documents", "this test", pool, {"data": look})
    await runner.until_empty()
    # then nothing of it lies there any more, neither then nor later
    assert (await now(job)).status is (Status.COMPLETED if end == "leave(1)" else Status.FAILED)
    assert not seen
    assert not ours
    assert not files_in(tmp_path)


@pytest.fixture
async def runner_below_tmp(
    sandbox: Sandbox, tmp_path: Path, reachable: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Runner]:
    """Runs jobs in a sandbox that shows a module in a folder of /tmp as well."""
    (reachable / "module.py").write_text("ours")
    monkeypatch.setattr(readable, "interpreter", lambda real=readable.interpreter: (*real(), reachable))
    readable.below_tmp.cache_clear()
    pool = Pool("documents", tmp_path, sandbox, program=(str(TINY),))
    await pool.open(1)
    yield Runner("documents", "this test", pool, {})
    await pool.close()
    readable.below_tmp.cache_clear()


async def test_packages_below_tmp_are_there_from_job_to_job(
    at_hand: Context, runner_below_tmp: Runner, reachable: Path, queued: NewProgram
) -> None:
    # given packages that lie below /tmp, as those of a checkout there do, and a job that leaves files beside them
    program = f'Path("/tmp/left").write_text("words"); leave(Path("{reachable}/module.py").read_text())'
    # when two jobs run, one after the other
    jobs = [await queued(program) for _ in range(2)]
    await runner_below_tmp.until_empty()
    # then both have found the packages
    assert [await left_by(at_hand, job) for job in jobs] == ["ours", "ours"]


def files_in(folder: Path) -> list[Path]:
    """Files and links at every depth that a path can say, and folders where such a path ends."""
    return [path for path in folder.rglob("*") if not path.is_dir()]


async def test_a_run_whose_program_is_killed_is_done_again_three_times_at_most(
    at_hand: Context, runner: Runner, queued: NewProgram
) -> None:
    # given a job, each run of which loses a program that its engine had started
    job = await queued("from filemill.errors import ProcessKilled\nraise ProcessKilled")
    # when
    await runner.until_empty()
    # then
    job = await now(job)
    assert (job.status, job.error_code, job.fence) == (Status.FAILED, "crashed", 3)
    whys = [event.data["why"] for event in await events_of(job) if event.data.get("to") == "QUEUED"]
    assert whys[1:] == ["its process was killed"] * 2


async def test_a_file_that_ends_its_process_three_times_is_refused_when_it_comes_again(
    at_hand: Context, runner: Runner, queued: NewProgram
) -> None:
    # given a file that ends whatever opens it
    job = await queued("os.kill(os.getpid(), 9)")
    await runner.until_empty()
    job = await now(job)
    assert (job.status, job.error_code, job.fence) == (Status.FAILED, "crashed", 3)
    # when it comes again, though nothing is left of the first
    await commands.delete(job.id, job.owner)
    again = await queued("os.kill(os.getpid(), 9)")
    await runner.until_empty()
    # then it is not even tried
    again = await now(again)
    assert (again.status, again.error_code, again.fence) == (Status.FAILED, "crashed", 1)
    assert "same file" in (again.error_message or "")


async def test_a_store_that_is_away_when_files_go_out_costs_no_run(
    at_hand: Context, runner: Runner, queued: NewProgram
) -> None:
    # given a job at work while the store goes away
    job = await queued(
        "import time\nfrom filemill.pipelines.run import Phase\nsay(Phase('x'))\ntime.sleep(2)\nleave(1)"
    )
    work = asyncio.create_task(runner.until_empty())
    await until(job, lambda j: j.status is Status.RUNNING)
    await asyncio.sleep(1)
    away = Store(msgspec.structs.replace(at_hand.settings, s3_url="http://127.0.0.1:9"))
    context.open(msgspec.structs.replace(at_hand, store=away))
    # when it is done
    await until(job, lambda j: j.status is Status.QUEUED)
    assert runner.away_seconds is not None
    # then it waits for the store, and its run does not count
    assert await connections.fetchval("SELECT runs FROM job WHERE id = $1", job.id) == 0
    context.open(at_hand)
    await work
    away.close()
    await connections.execute("UPDATE job SET due_at = NULL")
    await runner.until_empty()
    assert (await now(job)).status is Status.COMPLETED
    await assert_tidy(at_hand.store, connections.fetch)


async def test_the_weak_sandbox_has_folders_and_limits_of_its_own(
    at_hand: Context, queued: NewProgram, tmp_path: Path
) -> None:
    # given a machine without bubblewrap whose operator has said that this will do
    pool = Pool("documents", tmp_path, Weak(), program=(str(TINY),))
    await pool.open(1)
    runner = Runner("documents", "this test", pool, {})
    # when jobs come
    mark = "import time; time.sleep(1000) # of the weak sandbox"
    good = await queued("leave([os.getcwd(), sorted(os.environ)])")
    await runner.until_empty()
    bad = await queued(
        f"import subprocess, sys, time\nsubprocess.Popen([sys.executable, '-c', {mark!r}])\ntime.sleep(1000)"
    )
    allow(at_hand, documents_seconds=2)
    await runner.until_empty()
    await pool.close()
    # then they are carried out, and nothing stays
    folder, names = await left_by(at_hand, good)
    assert folder.startswith(str(tmp_path))
    assert not [name for name in names if name.startswith("FILEMILL")]
    assert (await now(bad)).error_code == "too_slow"
    assert processes_with(mark) == []
    assert left_in(tmp_path) == []


async def test_without_bubblewrap_an_isolated_lane_needs_leave(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(NoSandbox):
        await choice.sandbox_of("documents", weak=False)
    assert (await choice.sandbox_of("documents", weak=True)).kind == "weak"
    assert (await choice.sandbox_of("tables", weak=False)).kind == "networked"


async def test_the_log_says_why_an_engine_failed(
    queued: NewProgram, runner: Runner, caplog: pytest.LogCaptureFixture
) -> None:
    # given an engine that fails in a way nobody foresaw
    job = await queued("raise KeyError('the cause')")
    # when it is run
    await runner.until_empty()
    # then its caller hears nothing of the inside, and whoever runs it finds the cause
    job = await now(job)
    assert (job.status, job.error_code, job.at_fault) == (Status.FAILED, "internal", "us")
    assert "the cause" not in str(job.error_message)
    (record,) = (one for one in caplog.records if one.message == "an engine failed in a way nobody foresaw")
    assert "KeyError: 'the cause'" in record.event["stderr"]
