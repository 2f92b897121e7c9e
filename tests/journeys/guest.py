"""Somebody without an account, as a page in a browser: what he may do in a session, over HTTP alone."""

import random
from uuid import uuid4

import httpx

from tests.journeys.tables import PEOPLE
from tests.journeys.visitor import until

UNLIMITED = {f"FILEMILL_{what}_PER_MINUTE": "10000" for what in ("SESSIONS", "UPLOADS", "CONVERSIONS", "DOWNLOADS")}
"""Settings with which an address may do as much as it likes."""


class Guest:
    """Somebody without an account, as a page in a browser; each comes from an address of his own."""

    def __init__(self, url: str) -> None:
        address = f"127.1.{random.randint(0, 255)}.{random.randint(1, 254)}"
        self.http = httpx.AsyncClient(
            base_url=url, timeout=90, transport=httpx.AsyncHTTPTransport(local_address=address)
        )

    async def begin(self) -> None:
        answer = await self.http.get("/session/init")
        # As browsers do on localhost, and httpx does not: a Secure cookie without TLS.
        self.http.headers["Cookie"] = answer.headers["set-cookie"].partition(";")[0]
        self.http.headers["X-CSRF-Token"] = answer.json()["data"]["csrf_token"]

    async def ask(self, method: str, path: str, **more) -> dict:
        answer = await self.http.request(method, path, **more)
        assert answer.status_code == 200, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json()["data"]

    async def upload(self, content: bytes = PEOPLE, name: str = "people.csv") -> str:
        job_id = str(uuid4())
        await self.ask("POST", "/upload", data={"job_id": job_id}, files={"file": (name, content)})
        return job_id

    async def convert(self, job_id: str, target: str) -> str:
        asked = {"job_id": job_id, "target_format": target}
        return (await self.ask("POST", "/convert", json=asked))["task_id"]

    async def status(self, job_id: str) -> dict:
        return await self.ask("GET", "/job_status", params={"job_id": job_id})

    async def ended(self, job_id: str) -> dict:
        async def has_ended() -> bool:
            return (await self.status(job_id))["status"] != "processing"

        await until(has_ended, "the end of a conversion", 60)
        return await self.status(job_id)

    async def download(self, job_id: str) -> httpx.Response:
        token = (await self.ask("POST", "/download_token", json={"job_id": job_id}))["download_token"]
        return await self.http.get("/download", params={"token": token})

    async def close(self) -> None:
        assert await self.ask("POST", "/session/close") == {"message": "Session closed and cleaned up."}
