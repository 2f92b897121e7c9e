"""Fixtures for the rules of jobs: everything at hand in this process, and stories told about one job."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any
from urllib.parse import unquote, urlsplit

import httpx
import pytest

from filemill import connections
from filemill.jobs import commands, context, queue, steps, uploads
from filemill.jobs.context import Context
from filemill.jobs.events import Listener
from filemill.jobs.job import Job
from filemill.jobs.options import Options
from filemill.jobs.queries import NewFile
from filemill.settings import Settings
from filemill.storage.s3 import Store

AS_IT_IS = b"[]"
TABLE = b"name,city\nAda,Rome\nBob,Oslo\n"

NewJob = Callable[..., Awaitable[Job]]


@pytest.fixture
async def at_hand(settings: Settings) -> AsyncIterator[Context]:
    """The context of a process that has no worker: nobody claims but the test."""
    await connections.open(settings.database_url)
    listener = Listener(settings.database_url)
    await listener.open()
    at_hand = Context(settings, Store(settings), listener)
    context.open(at_hand)
    queue.open(settings.redis_url)
    await connections.execute("DELETE FROM job")
    await connections.execute("DELETE FROM object")
    await connections.execute("DELETE FROM worker")
    await connections.execute("DELETE FROM crashed_file")
    for key in await at_hand.store.keys():
        await at_hand.store.remove(key)
    yield at_hand
    queue.close()
    await listener.close()
    context.close()
    at_hand.store.close()
    await connections.close()


@pytest.fixture
async def owner(at_hand: Context) -> uuid.UUID:
    """An account."""
    return await new_account()


async def new_account() -> uuid.UUID:
    """One more account."""
    account = uuid.uuid4()
    await connections.execute(
        "INSERT INTO account (id, email, role, token_version, created_at) VALUES ($1, $2, 'user', 0, now())",
        account,
        f"{account}@example.com",
    )
    return account


async def create(owner: uuid.UUID, pipeline: bytes, *inputs: NewFile, **more: Any) -> Job:
    """Makes a PENDING job of a pipeline as it is sent."""
    return await commands.create(
        commands.NewJob(
            owner=owner, door="data", pipeline=steps.decode(pipeline), as_sent=pipeline, inputs=inputs, **more
        )
    )


@pytest.fixture
def new_job(at_hand: Context, owner: uuid.UUID) -> NewJob:
    """Makes a PENDING job."""

    async def make(
        by: uuid.UUID | None = None,
        name: str = "data.csv",
        size: int = 1000,
        extra: tuple[NewFile, ...] = (),
        collects: bool = False,
        **more: object,
    ) -> Job:
        options = Options(on_bad_rows="collect" if collects else "fail")
        return await create(by or owner, AS_IT_IS, NewFile("input", name, size), *extra, options=options, **more)

    return make


async def now(job: Job) -> Job:
    """A job as it stands."""
    return await commands.get(job.id, job.owner)


async def until(job: Job, what: Callable[[Job], bool], seconds: float = 20) -> Job:
    """A job as soon as it is as it shall be; within so many seconds."""
    for _ in range(int(seconds * 20)):
        if what(seen := await now(job)):
            return seen
        await asyncio.sleep(0.05)
    raise AssertionError(f"{await now(job)} after {seconds} s")


async def upload(job: Job, content: bytes = TABLE) -> str:
    """Uploads a job's input through its URL -> its key. Whoever signs has it marked afterwards."""
    url = await uploads.sign(job.id, job.owner)
    async with httpx.AsyncClient() as client:
        answer = await client.put(url, content=content)
    assert answer.status_code == 200, answer.text
    return f"input/{job.id}/{job.file_name}"


async def mark_all(job: Job, contents: dict[str, bytes]) -> Job:
    """Uploads and marks the inputs of a job, by name -> the job, QUEUED."""
    for name, content in contents.items():
        url = await uploads.sign(job.id, job.owner, name)
        async with httpx.AsyncClient() as client:
            assert (await client.put(url, content=content)).status_code == 200
        key = unquote(urlsplit(url).path).split("/", 2)[2]
        job = await uploads.mark(job.id, job.owner, key)
    return job


@pytest.fixture
def queued(new_job: NewJob) -> NewJob:
    """Makes a QUEUED job."""

    async def make(**kwargs: object) -> Job:
        job = await new_job(**kwargs)
        return await uploads.mark(job.id, job.owner, await upload(job))

    return make
