"""Somebody who uses a running stack as any client would, over HTTP alone, and what must be true once he has left."""

import asyncio
import contextlib
import secrets
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Any

import asyncpg
import httpx

from filemill.local.stack import Stack
from filemill.storage.s3 import Store
from tests.fixtures.tidy import assert_tidy

PASSWORD = "correct horse battery"
ENDED = ("COMPLETED", "FAILED", "CANCELLED")
POLL_SECONDS = 0.05

Job = dict[str, Any]
Step = Mapping[str, Any]


def step(kind: str, **params: object) -> Step:
    """A processing step as the API takes it."""
    return {"type": kind, "params": params}


class Visitor:
    """Somebody who has registered and signed in. `api` sends his token along, `store` sends nothing of ours."""

    def __init__(self, url: str) -> None:
        self.api = httpx.AsyncClient(base_url=f"{url}/api/v1", timeout=90)
        self.store = httpx.AsyncClient(timeout=90)
        self.account = ""

    async def enter(self) -> None:
        """Registers and signs in."""
        person = {"email": f"{secrets.token_hex(8)}@example.com", "password": PASSWORD}
        self.account = (await self.ask("POST", "/auth/register", 201, json=person))["id"]
        form = {"username": person["email"], "password": PASSWORD}
        token = (await self.ask("POST", "/auth/login", 200, data=form))["access_token"]
        self.api.headers["Authorization"] = f"Bearer {token}"

    async def leave(self) -> None:
        """Closes his connections."""
        await self.api.aclose()
        await self.store.aclose()

    async def ask(self, method: str, path: str, status: int, **more: Any) -> Any:
        """One request to the API that must be answered with this status -> the answer, decoded."""
        answer = await self.api.request(method, path, **more)
        assert answer.status_code == status, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json() if answer.content else None

    async def make(
        self, content: bytes, steps: Sequence[Step] = (), name: str = "table.csv", size: int | None = None
    ) -> Job:
        """A PENDING job for this content."""
        body = {
            "file_name": name,
            "original_file_size_bytes": len(content) if size is None else size,
            "processing_steps": steps,
        }
        made: Job = await self.ask("POST", "/jobs", 201, json=body)
        return made

    async def upload(self, job: Job, content: bytes) -> str:
        """PUTs the job's input where the API says -> its key."""
        url = (await self.ask("POST", f"/jobs/{job['id']}/upload-url", 200, json={}))["upload_url"]
        answer = await self.store.put(url, content=content)
        assert answer.status_code == 200, answer.text
        return key_of(job)

    async def mark(self, job: Job) -> Job:
        """Says that the input is there -> the job."""
        marked: Job = await self.ask("POST", f"/jobs/{job['id']}/mark-uploaded", 200, json={"object_key": key_of(job)})
        return marked

    async def queue(self, content: bytes, steps: Sequence[Step] = (), name: str = "table.csv") -> Job:
        """A job that was made, uploaded and marked."""
        job = await self.make(content, steps, name)
        await self.upload(job, content)
        return await self.mark(job)

    async def read(self, job: Job) -> Job:
        """The job as it stands."""
        found: Job = await self.ask("GET", f"/jobs/{job['id']}", 200)
        return found

    async def events(self, job: Job) -> list[Job]:
        """What happened to the job."""
        told: list[Job] = await self.ask("GET", f"/jobs/{job['id']}/events", 200)
        return told

    async def statuses(self, job: Job) -> list[str]:
        """The statuses the job went through."""
        return [each["data"]["to"] for each in await self.events(job) if each["kind"] == "moved"]

    async def until(self, job: Job, *statuses: str, seconds: float = 60) -> Job:
        """Reads the job until it has one of these statuses (ended, if none is given).

        A part of the service may be away meanwhile: then it must say so, with a 503.
        """
        wanted = statuses or ENDED
        end = time.monotonic() + seconds
        while True:
            answer = await self.api.get(f"/jobs/{job['id']}", params={"wait": 1 if wanted == ENDED else 0})
            assert answer.status_code in (200, 503), answer.text
            found: Job = answer.json()
            if answer.status_code == 200 and found["status"] in wanted:
                return found
            assert time.monotonic() < end, f"not {' or '.join(wanted)} after {seconds:g} s: {found}"
            await asyncio.sleep(POLL_SECONDS)

    async def until_written(self, job: Job) -> None:
        """Waits until a run of the job writes its output."""

        async def writes() -> bool:
            events = await self.events(job)
            assert events[-1]["data"].get("to") not in ENDED, f"it ended before anybody could disturb it: {events}"
            return events[-1]["data"].get("name") == "writing"

        await until(writes, "a run that writes")

    async def output(self, job: Job) -> bytes:
        """The output of a COMPLETED job."""
        url = (await self.ask("POST", f"/jobs/{job['id']}/download-url", 200, json={}))["download_url"]
        answer = await self.store.get(url)
        assert answer.status_code == 200, answer.text
        return answer.content

    async def finished(self, job: Job, *, seconds: float = 60) -> bytes:
        """Waits until the job has COMPLETED, exactly once -> its output."""
        job = await self.until(job, seconds=seconds)
        assert job["status"] == "COMPLETED", job
        assert (await self.statuses(job)).count("COMPLETED") == 1
        return await self.output(job)


def key_of(job: Job) -> str:
    """The key of the job's input."""
    return f"input/{job['id']}/{job['file_name']}"


@contextlib.asynccontextmanager
async def database_of(stack: Stack) -> AsyncIterator[Any]:
    """A connection to the stack's database."""
    connection = await asyncpg.connect(stack.postgres.url)
    try:
        yield connection
    finally:
        await connection.close()


@contextlib.asynccontextmanager
async def store_of(stack: Stack) -> AsyncIterator[Store]:
    """The stack's bucket."""
    store = Store(stack.settings)
    try:
        yield store
    finally:
        store.close()


async def until(is_so: Callable[[], Any], what: str, seconds: float = 30) -> None:
    """Waits until an async condition holds."""
    end = time.monotonic() + seconds
    while not await is_so():
        assert time.monotonic() < end, f"still not there after {seconds:g} s: {what}"
        await asyncio.sleep(POLL_SECONDS)


async def assert_left_tidy(stack: Stack, seconds: float = 30) -> None:
    """What every story ends with; sweep, which comes every three seconds, gets the time to take away what must go."""
    end = time.monotonic() + seconds
    async with database_of(stack) as database, store_of(stack) as store:
        while True:
            try:
                await assert_tidy(store, database.fetch)
                going = await database.fetchval(
                    "SELECT count(*) FROM object WHERE state = 'leaving' AND removed_at IS NULL"
                )
                assert not going, f"{going} objects are still to be removed"
            except AssertionError:
                if time.monotonic() > end:
                    raise
                await asyncio.sleep(0.2)
            else:
                return


def assert_nothing_of_the_inside(sentence: str, stack: Stack) -> None:
    """No word in a sentence for the caller may tell what filemill is made of, or where its parts are."""
    inside = [
        *("s3", "polars", "pyarrow", "minio", "seaweed", "postgres", "redis", "dramatiq", "msgspec", "struct"),
        *("traceback", "error:", "exception", "127.0.0.1", "localhost", ".py", "input/", "output/", "none", "$."),
        *(str(stack.home.folder), stack.settings.s3_key, str(stack.port)),
    ]
    found = [word for word in inside if word.lower() in sentence.lower()]
    assert not found, sentence
