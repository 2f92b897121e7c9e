"""Fixtures for what APIs share: an API in a process of its own that takes files in, as the real server runs it."""

import asyncio
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import psutil
import pytest

from tests.fixtures.served import ServedProgram


class Taking:
    """The running process. `owner` is an account whose files it takes."""

    def __init__(self, environ: dict[str, str], log: Path, most_bytes: int) -> None:
        self._program = ServedProgram("taking", most_bytes, log=log, environ=environ)
        self.url = f"http://127.0.0.1:{self._program.port}"
        self.owner = uuid.UUID(int=0)
        self.database_url = environ["FILEMILL_DATABASE_URL"]

    async def begin(self) -> None:
        """Returns once it answers, and makes an account, new each time."""
        self.owner = uuid.uuid4()
        await asyncio.to_thread(self._program.wait)
        await self.run(
            "INSERT INTO account (id, email, role, token_version, created_at) VALUES ($1, $2, 'user', 0, now())",
            self.owner,
            f"{self.owner}@example.com",
        )

    async def run(self, sql: str, *args: object) -> list[Any]:
        """Runs a statement on its database -> the rows."""
        connection = await asyncpg.connect(self.database_url)
        try:
            return list(await connection.fetch(sql, *args))
        finally:
            await connection.close()

    async def rows(self) -> list[Any]:
        """The rows of all files that the owner has sent."""
        return await self.run("SELECT * FROM object WHERE owner = $1 ORDER BY created_at", self.owner)

    async def send(self, content: bytes, name: str = "mine.txt", **fields: str) -> httpx.Response:
        """Sends a file as a form."""
        headers = {"X-Owner": str(self.owner)}
        async with httpx.AsyncClient(base_url=self.url, timeout=120, headers=headers) as client:
            return await client.post("/take", files={"file": (name, content)}, data=fields)

    @property
    def worker(self) -> psutil.Process:
        """The process that answers."""
        return self._program.process

    def peak(self) -> int:
        """The most memory it ever had, in bytes."""
        lines = Path(f"/proc/{self.worker.pid}/status").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) * 1024

    def kill(self) -> None:
        """Kills it as a crash would."""
        self._program.kill()

    def stop(self) -> None:
        """Ends it."""
        self._program.stop()


@pytest.fixture(scope="module")
def taking_with(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Taking]]:
    """Starts such processes: `taking_with(environ, most_bytes=...)`."""
    started: list[Taking] = []
    folder = tmp_path_factory.mktemp("taking")

    def start(environ: dict[str, str], most_bytes: int = 100 * 2**20) -> Taking:
        started.append(Taking(environ, folder / f"taking-{len(started)}.log", most_bytes))
        return started[-1]

    yield start
    for one in started:
        one.stop()
