"""A stack that stands for one benchmark, and somebody signed in who uses it over HTTP."""

import contextlib
import os
import secrets
import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx

from benchmarks.report import Options
from filemill.local import stack
from filemill.local.stack import Stack

UPLOAD_SECONDS = 600
WAIT_SECONDS = 30
_CHUNK = 1 << 20
_ENDED = ("COMPLETED", "FAILED", "CANCELLED")


@contextlib.contextmanager
def running_stack(options: Options, **settings: str) -> Iterator[Stack]:
    """A whole stack in a folder of its own, with these FILEMILL_* settings; nothing of it is left afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="filemill-bench-"))
    before = dict(os.environ)
    os.environ.update({f"FILEMILL_{name}": value for name, value in settings.items()})
    try:
        running = stack.open_stack(folder, store=options.store)
        try:
            running.start()
            yield running
        finally:
            running.stop()
            running.home.close()
    finally:
        for name in settings:
            os.environ.pop(f"FILEMILL_{name}")
        os.environ.update(before)
        shutil.rmtree(folder, ignore_errors=True)


class Visitor:
    """Somebody who has registered and signed in."""

    def __init__(self, url: str) -> None:
        self._api = httpx.Client(base_url=f"{url}/api/v1", timeout=WAIT_SECONDS * 2)
        self._store = httpx.Client(timeout=UPLOAD_SECONDS)
        person = {"email": f"{secrets.token_hex(8)}@example.com", "password": secrets.token_urlsafe(12)}
        self.ask("POST", "/auth/register", json=person)
        form = {"username": person["email"], "password": person["password"]}
        self.token: str = self.ask("POST", "/auth/login", data=form)["access_token"]
        self._api.headers["Authorization"] = f"Bearer {self.token}"

    def ask(self, method: str, path: str, **more: Any) -> Any:
        """One request to the API -> its answer, decoded. Raises RuntimeError for a refusal."""
        answer = self._api.request(method, path, **more)
        if answer.is_error:
            raise RuntimeError(f"{method} {path} answered {answer.status_code}: {answer.text}")
        return answer.json() if answer.content else None

    def upload(
        self, file: bytes | Path, steps: list[dict[str, Any]], others: Mapping[str, Path] | None = None
    ) -> "Uploaded":
        """A job whose inputs lie in the store, the main one not marked as uploaded yet; `others` are extra inputs."""
        size = len(file) if isinstance(file, bytes) else file.stat().st_size
        name = "table.csv" if isinstance(file, bytes) else file.name
        new_job: dict[str, Any] = {"file_name": name, "original_file_size_bytes": size, "processing_steps": steps}
        if others:
            new_job["extra_inputs"] = [
                {"name": other, "file_name": path.name, "original_file_size_bytes": path.stat().st_size}
                for other, path in others.items()
            ]
        job = self.ask("POST", "/jobs", json=new_job)["id"]
        for other, path in (others or {}).items():
            Uploaded(self, job, self._put(job, path, {"input": other})).mark()
        return Uploaded(self, job, self._put(job, file, {}))

    def _put(self, job: str, file: bytes | Path, which: dict[str, str]) -> str:
        """Uploads one input -> its key."""
        url = self.ask("POST", f"/jobs/{job}/upload-url", json=which)["upload_url"]
        size = len(file) if isinstance(file, bytes) else file.stat().st_size
        content = file if isinstance(file, bytes) else _pieces(file)
        self._store.put(url, content=content, headers={"Content-Length": str(size)}).raise_for_status()
        return httpx.URL(url).path.split("/", 2)[2]

    def download(self, job: str, target: Path) -> None:
        """Fetches the output of a job into a file."""
        url = self.ask("POST", f"/jobs/{job}/download-url", json={})["download_url"]
        with self._store.stream("GET", url) as answer, open(target, "wb") as file:
            answer.raise_for_status()
            file.writelines(answer.iter_bytes(_CHUNK))


class Uploaded:
    """A job whose input lies in the store."""

    def __init__(self, owner: Visitor, job: str, key: str) -> None:
        self.job = job
        self.key = key
        self._owner = owner

    def mark(self) -> None:
        """Marks the input as uploaded: the job is queued."""
        self._owner.ask("POST", f"/jobs/{self.job}/mark-uploaded", json={"object_key": self.key})

    def wait(self, seconds: float = 600) -> dict[str, Any]:
        """Waits until the job has COMPLETED -> the job. Raises RuntimeError where it ended otherwise."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            job: dict[str, Any] = self._owner.ask("GET", f"/jobs/{self.job}", params={"wait": WAIT_SECONDS})
            if job["status"] == "COMPLETED":
                return job
            if job["status"] in _ENDED:
                break
        raise RuntimeError(f"The job is {job['status']}: {job['error_message']}")

    def download(self, target: Path) -> None:
        """Fetches the output into a file."""
        self._owner.download(self.job, target)

    def delete(self) -> None:
        """Deletes the job and its files."""
        self._owner.ask("DELETE", f"/jobs/{self.job}")


def _pieces(path: Path) -> Iterator[bytes]:
    with open(path, "rb") as file:
        while piece := file.read(_CHUNK):
            yield piece
