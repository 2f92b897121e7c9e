"""Somebody without an account, who has files converted as the page does it: over HTTP, in a session."""

import time
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx

POLL_SECONDS = 0.05
READY_SECONDS = 120
LONGEST_SECONDS = 600
UNLIMITED = {f"{what}_PER_MINUTE": "100000" for what in ("SESSIONS", "UPLOADS", "CONVERSIONS", "DOWNLOADS")}
"""Settings with which an address may do as much as it likes: all guests come from one."""


class Guest:
    """A session, from its beginning on."""

    def __init__(self, url: str) -> None:
        self._http = httpx.Client(base_url=url, timeout=LONGEST_SECONDS)
        begun = self._http.get("/session/init")
        # As browsers do on localhost, and httpx does not: a Secure cookie without TLS.
        self._http.headers["Cookie"] = begun.headers["set-cookie"].partition(";")[0]
        self._http.headers["X-CSRF-Token"] = begun.json()["data"]["csrf_token"]

    def wait_for(self, source: str, target: str) -> None:
        """Waits until somebody can convert this. Raises RuntimeError where nobody comes."""
        until = time.monotonic() + READY_SECONDS
        while target not in self._ask("GET", "/convert/formats")["formats"].get(source, ()):
            if time.monotonic() > until:
                raise RuntimeError(f"Nobody here makes {target} of {source} (filemill doctor).")
            time.sleep(POLL_SECONDS)

    def convert(self, source: Path, target: Path) -> None:
        """Takes a file through: upload, conversion, download. Raises RuntimeError where that goes wrong."""
        job = {"job_id": str(uuid4())}
        with source.open("rb") as content:
            self._ask("POST", "/upload", data=job, files={"file": (source.name, content)})
        self._ask("POST", "/convert", json=job | {"target_format": target.suffix[1:]})
        while (told := self._ask("GET", "/job_status", params=job | {"wait": 30}))["status"] == "processing":
            pass
        if told["status"] != "completed":
            raise RuntimeError(f"{source.name}: {told['error_message']}")
        token = self._ask("POST", "/download_token", json=job)["download_token"]
        target.write_bytes(self._http.get("/download", params={"token": token}).raise_for_status().content)

    def _ask(self, method: str, path: str, **more: Any) -> Any:
        answer = self._http.request(method, path, **more)
        if answer.is_error:
            raise RuntimeError(f"{method} {path} answered {answer.status_code}: {answer.text}")
        return answer.json()["data"]
