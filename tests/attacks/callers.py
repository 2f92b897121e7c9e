"""Callers as the attacks need them: members and visitors, each from an address of its own on loopback."""

import random
import secrets
import time
from typing import Any
from uuid import uuid4

import httpx

from tests.attacks.target import Target

PASSWORD = "correct horse battery"
ENDED = ("COMPLETED", "FAILED", "CANCELLED")
SECONDS = 60


def any_address() -> str:
    """An address of loopback that hardly anybody else has: to the API another caller."""
    return f"127.{random.randint(1, 250)}.{random.randint(1, 250)}.{random.randint(2, 250)}"


def connect(target: Target, address: str | None = None) -> httpx.Client:
    """Somebody without credentials, who calls from this address, or from any."""
    transport = httpx.HTTPTransport(local_address=address or any_address(), verify=False)
    return httpx.Client(base_url=target.url, transport=transport, timeout=SECONDS)


class Member:
    """Somebody who has registered and signed in at data-jobs; `http` sends the token along."""

    def __init__(self, target: Target, address: str | None = None) -> None:
        self.http = connect(target, address)
        self.store = httpx.Client(timeout=SECONDS)
        self.email = f"{secrets.token_hex(8)}@example.com"
        self.ask("POST", "/auth/register", json={"email": self.email, "password": PASSWORD})
        told = self.ask("POST", "/auth/login", data={"username": self.email, "password": PASSWORD})
        self.token: str = told["access_token"]
        self.http.headers["Authorization"] = f"Bearer {self.token}"

    def request(self, method: str, path: str, **more: Any) -> httpx.Response:
        """One request below /api/v1 -> whatever was answered."""
        return self.http.request(method, f"/api/v1{path}", **more)

    def ask(self, method: str, path: str, **more: Any) -> Any:
        """One request that must succeed -> its answer, decoded."""
        answer = self.request(method, path, **more)
        assert answer.is_success, f"{method} {path}: {answer.status_code} {answer.text[:300]}"
        return answer.json() if answer.content else None

    def make(self, *steps: Any, name: str = "a.csv", size: int = 1 << 20, **more: Any) -> dict[str, Any]:
        """A PENDING job."""
        body = {"file_name": name, "original_file_size_bytes": size, "processing_steps": steps, **more}
        made: dict[str, Any] = self.ask("POST", "/jobs", json=body)
        return made

    def upload_url(self, job: str, name: str = "input") -> str:
        """Where an input of the job is to be PUT."""
        url: str = self.ask("POST", f"/jobs/{job}/upload-url", json={"input": name})["upload_url"]
        return url

    def put(self, url: str, content: bytes) -> int:
        """PUTs bytes to a signed URL -> the store's status."""
        return self.store.put(url, content=content).status_code

    def mark(self, job: str, key: str) -> httpx.Response:
        """Says that an input is there."""
        return self.request("POST", f"/jobs/{job}/mark-uploaded", json={"object_key": key})

    def run(self, content: bytes, *steps: Any, name: str = "a.csv", seconds: float = SECONDS) -> dict[str, Any]:
        """Takes one table through -> the job as it has ended."""
        job = self.make(*steps, name=name, size=max(len(content), 1))["id"]
        assert self.put(self.upload_url(job), content) == 200
        marked = self.mark(job, f"input/{job}/{name}")
        assert marked.status_code == 200, marked.text
        return self.ended(job, seconds)

    def ended(self, job: str, seconds: float = SECONDS) -> dict[str, Any]:
        """Waits until the job has ended -> the job. Raises AssertionError where it does not."""
        until = time.monotonic() + seconds
        while True:
            told: dict[str, Any] = self.ask("GET", f"/jobs/{job}", params={"wait": 5})
            if told["status"] in ENDED:
                return told
            assert time.monotonic() < until, f"not ended after {seconds:g} s: {told['status']}"

    def output(self, job: str) -> bytes:
        """The output of a COMPLETED job."""
        answer = self.store.get(self.ask("POST", f"/jobs/{job}/download-url", json={})["download_url"])
        assert answer.status_code == 200, answer.text
        return answer.content

    def close(self) -> None:
        """Hangs up."""
        self.http.close()
        self.store.close()


class Visitor:
    """Somebody without an account, in a session of conversion-sessions."""

    def __init__(self, target: Target, address: str | None = None) -> None:
        self.http = connect(target, address)
        begun = self.http.get("/session/init")
        assert begun.status_code == 200, begun.text
        # As browsers do on localhost, and httpx does not: a Secure cookie without TLS.
        self.http.headers["Cookie"] = begun.headers["set-cookie"].partition(";")[0]
        self.http.headers["X-CSRF-Token"] = begun.json()["data"]["csrf_token"]

    def upload(self, name: str, content: bytes) -> tuple[str, httpx.Response]:
        """Uploads a file -> the id the visitor chose, and the answer."""
        job = str(uuid4())
        return job, self.http.post("/upload", data={"job_id": job}, files={"file": (name, content)})

    def convert(self, job: str, target_format: str) -> httpx.Response:
        """Asks for a conversion."""
        return self.http.post("/convert", json={"job_id": job, "target_format": target_format})

    def status(self, job: str, wait: int = 0) -> dict[str, Any]:
        """How far the file is."""
        answer = self.http.get("/job_status", params={"job_id": job, "wait": wait})
        assert answer.status_code == 200, answer.text
        told: dict[str, Any] = answer.json()["data"]
        return told

    def go(self, name: str, content: bytes, target_format: str, seconds: float = 2 * SECONDS) -> dict[str, Any]:
        """Uploads, converts, waits -> the last status. Raises AssertionError where one of these is refused."""
        job, answer = self.upload(name, content)
        assert answer.status_code == 200, answer.text
        asked = self.convert(job, target_format)
        assert asked.status_code == 200, asked.text
        until = time.monotonic() + seconds
        while (told := self.status(job, wait=5))["status"] == "processing":
            assert time.monotonic() < until, f"{name}: not ended after {seconds:g} s"
        return told | {"job_id": job}

    def download(self, job: str) -> bytes:
        """The result of a completed conversion."""
        token = self.http.post("/download_token", json={"job_id": job}).json()["data"]["download_token"]
        answer = self.http.get("/download", params={"token": token})
        assert answer.status_code == 200, answer.text
        return answer.content

    def leave(self) -> None:
        """Closes the session with all that it owns, and hangs up."""
        self.http.post("/session/close", json={})
        self.http.close()
