"""The ways of callers, at any address that a filemill answers at, the store behind the same address.

The nine steps of data-jobs; a visitor who sends a file, has it converted and takes it home.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit
from uuid import uuid4

import httpx

TABLE = b"name,city,age\nAlice,New York,30\nBob,London,25\nCharlie,New York,35\n"
FOUND = b"name,city,age\nAlice,New York,30\nCharlie,New York,35\n"
PASSWORD = "devpassword"
ENDED = {"COMPLETED", "FAILED", "CANCELLED"}
CONVERSION_SECONDS = 90


def nine_steps(url: str, email: str) -> dict[str, object]:
    """Walks them, checking each answer -> the job at its end."""
    with httpx.Client(base_url=f"{url}/api/v1", timeout=60) as api:
        made = api.post("/auth/register", json={"email": email, "password": PASSWORD})
        assert made.status_code == 201, made.text

        entered = api.post("/auth/login", data={"username": email, "password": PASSWORD})
        assert entered.status_code == 200, entered.text
        api.headers["Authorization"] = f"Bearer {entered.json()['access_token']}"

        steps = [{"type": "filter", "params": {"column": "city", "operator": "eq", "value": "New York"}}]
        begun = api.post(
            "/jobs",
            json={"file_name": "sample.csv", "original_file_size_bytes": 10_240, "processing_steps": steps},
        )
        assert begun.status_code == 201, begun.text
        job = f"/jobs/{begun.json()['id']}"

        upload_url = api.post(f"{job}/upload-url", json={}).json()["upload_url"]
        assert urlsplit(upload_url).netloc == urlsplit(url).netloc, "one address for everything"
        put = httpx.put(upload_url, content=TABLE, headers={"Content-Type": "text/csv"})
        assert put.status_code == 200, put.text

        key = urlsplit(upload_url).path.removeprefix("/filemill/")
        marked = api.post(f"{job}/mark-uploaded", json={"object_key": key})
        assert marked.status_code == 200, marked.text

        ended = api.get(job, params={"wait": 30}).json()
        assert ended["status"] == "COMPLETED", ended

        download_url = api.post(f"{job}/download-url", json={}).json()["download_url"]
        got = httpx.get(download_url)
        assert got.status_code == 200, got.text
        assert got.content == FOUND
        assert "attachment" in got.headers["Content-Disposition"]
        return ended


@contextmanager
def visitor(url: str) -> Iterator[httpx.Client]:
    """Somebody without an account who has begun a session, as a page does it."""
    with httpx.Client(base_url=url, timeout=60) as guest:
        begun = guest.get("/session/init")
        # A browser's cookie on localhost: httpx keeps one that is Secure for TLS.
        guest.headers["Cookie"] = begun.headers["Set-Cookie"].partition(";")[0]
        guest.headers["X-CSRF-Token"] = begun.json()["data"]["csrf_token"]
        yield guest


def sent(guest: httpx.Client, content: bytes, file_name: str) -> tuple[str, httpx.Response]:
    """Sends a file to be converted -> its id, and the answer."""
    job_id = str(uuid4())
    return job_id, guest.post("/upload", files={"file": (file_name, content)}, data={"job_id": job_id})


def token_of(guest: httpx.Client, job_id: str, target: str) -> str:
    """Has a file that was sent converted, and waits for it -> the token for its download."""
    asked = guest.post("/convert", json={"job_id": job_id, "target_format": target})
    assert asked.status_code == 200, asked.text
    deadline = time.monotonic() + CONVERSION_SECONDS
    while (told := _state(guest, job_id))["status"] == "processing":
        assert time.monotonic() < deadline, told
        time.sleep(0.2)
    assert told["status"] == "completed", told
    return str(guest.post("/download_token", json={"job_id": job_id}).json()["data"]["download_token"])


def converted(url: str, content: bytes, file_name: str, target: str) -> bytes:
    """A visitor's whole way, checking each answer -> the file that was made."""
    with visitor(url) as guest:
        job_id, answer = sent(guest, content, file_name)
        assert answer.status_code == 200, answer.text
        got = guest.get("/download", params={"token": token_of(guest, job_id, target)})
        assert got.status_code == 200, got.text
        assert guest.post("/session/close").status_code == 200
        return got.content


def _state(guest: httpx.Client, job_id: str) -> dict[str, object]:
    answer = guest.get("/job_status", params={"job_id": job_id})
    assert answer.status_code == 200, answer.text
    told: dict[str, object] = answer.json()["data"]
    return told
