"""What the stories of the conversion API share: a visitor with a session, and a worker that a test plays."""

from uuid import UUID, uuid4

import httpx

from filemill import connections
from filemill.apis.conversion import on_completed
from filemill.jobs import commands, context
from filemill.jobs.rows import claims, files, jobs, transitions, workers
from filemill.jobs.rows.workers import WorkerRow
from filemill.pipelines import formats
from filemill.storage import objects
from filemill.storage import queries as rows

CSV = b"name,city\nAda,Rome\nBob,Oslo\n"
WORKER = ("tables", "worker of a test", "engine 1")


def refusal(answer: httpx.Response) -> tuple[int, str]:
    """(status, name) of an error, whose form is checked."""
    body = answer.json()
    assert set(body) == {"success", "data"}
    assert body["success"] is False
    assert set(body["data"]) == {"error", "message"}
    return answer.status_code, body["data"]["error"]


def told(answer: httpx.Response) -> dict:
    """The data of a success, whose form is checked."""
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert set(body) == {"success", "data"}
    assert body["success"] is True
    return body["data"]


class Visitor:
    """Somebody with a session."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self.client = client
        self.csrf = ""

    async def begin(self) -> "Visitor":
        answer = await self.client.get("/session/init")
        self.client.headers["Cookie"] = answer.headers["set-cookie"].partition(";")[0]
        self.csrf = self.client.headers["X-CSRF-Token"] = told(answer)["csrf_token"]
        return self

    @property
    def session_id(self) -> str:
        return self.client.headers["Cookie"].partition("=")[2]

    async def send(self, job_id=None, content=CSV, name="people.csv", **more) -> httpx.Response:
        """Uploads; the answer."""
        fields = {"job_id": str(job_id or uuid4())} if job_id != "" else {}
        return await self.client.post("/upload", data=fields, files={"file": (name, content)}, **more)

    async def upload(self, **more) -> str:
        """Uploads -> the job_id."""
        return told(await self.send(**more))["job_id"]

    async def ask(self, job_id: str, target: str = "xlsx") -> httpx.Response:
        return await self.client.post("/convert", json={"job_id": job_id, "target_format": target})

    async def convert(self, job_id: str, target: str = "xlsx") -> str:
        """-> the task_id"""
        return told(await self.ask(job_id, target))["task_id"]

    async def status(self, job_id: str) -> dict:
        return told(await self.client.get("/job_status", params={"job_id": job_id}))

    async def progress(self, job_id: str) -> dict:
        return told(await self.client.get("/job_progress", params={"job_id": job_id}))

    async def token(self, job_id: str) -> str:
        return told(await self.client.post("/download_token", json={"job_id": job_id}))["download_token"]

    async def converted(self, result: bytes = b"result", **more) -> str:
        """A file that was converted -> the job_id."""
        job_id = await self.upload(**more)
        await finish(await self.convert(job_id), result)
        return job_id


async def open_lane() -> None:
    """A worker for tables says that it is alive."""
    await workers.beat(WorkerRow("a test", "here", "tables", 2, {}, "networked", None))


async def claim(task: str) -> claims.Claimed:
    """Takes this job, and any before it."""
    while (claimed := await claims.claim(*WORKER)) is not None:
        if str(claimed.id) == task:
            return claimed
    raise AssertionError("the job does not wait")


async def finish(task: str, result: bytes = b"result") -> None:
    """Carries a job out as a worker would: claim, outputs, finish."""
    claimed = await claim(task)
    job = await jobs.get(UUID(task))
    name = formats.output_name(job.file_name, formats.FORMATS["xlsx"])
    key = objects.output_key(job.id, claimed.fence, name)
    object_id = await rows.expect(key, job.owner, job.id, 60, fence=claimed.fence)
    store = context.get().store
    await store.put(key, result)
    stat = await store.stat(key)
    async with connections.transaction():
        assert await transitions.finish(claimed.id, claimed.fence, b"{}")
        assert await rows.store(object_id, size=stat.size, etag=stat.etag, media_type="application/vnd.test")
        await files.name_output(job.id, "output", name, object_id)
        await commands.settle([job.id])
        await on_completed.converted(job.id)


async def fail(task: str, message: str = "The file is damaged.") -> None:
    """The job goes wrong."""
    claimed = await claim(task)
    async with connections.transaction():
        assert await transitions.fail(claimed.id, claimed.fence, "bad_file", message, "caller")
        await commands.settle([claimed.id])
