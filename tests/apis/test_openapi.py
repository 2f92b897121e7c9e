"""The OpenAPI document against the API as it runs: no 500, and no answer that the document does not announce."""

import itertools
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from uuid import UUID, uuid4

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase
from hypothesis import settings as bounded
from schemathesis.schemas import BaseSchema
from schemathesis.specs.openapi.checks import negative_data_rejection, positive_data_acceptance

from filemill.app import create_app
from filemill.local.ports import free_port
from filemill.pipelines import steps
from filemill.pipelines.steps import STEPS
from filemill.settings import Settings
from tests.fixtures.visitors import PASSWORD, an_email

pytestmark = pytest.mark.usefixtures("anyio_backend")

EXAMPLES = 15
# It wants every well-formed request to succeed; here a job's status or an impossible value may refuse it.
WANTS_SUCCESS = positive_data_acceptance
# It takes the cookie away from a request, or breaks it; within a session that is ours to set.
WANTS_REFUSAL = negative_data_rejection
START_SECONDS = 30
UNLIMITED = {f"FILEMILL_{what}_PER_MINUTE": "100000" for what in ("SESSIONS", "UPLOADS", "CONVERSIONS", "DOWNLOADS")}
JOB = {"file_name": "sample.csv", "original_file_size_bytes": 10, "processing_steps": []}


@pytest.fixture(scope="module")
def base_url(environ: dict[str, str]) -> Iterator[str]:
    """The API and a worker, which makes the plans, as processes of their own."""
    port = free_port()
    api = _start(environ | UNLIMITED, "filemill.cli", "api", "--port", str(port))
    worker = _start(environ, "workers", "tables")
    try:
        url = f"http://127.0.0.1:{port}"
        _wait_until_ready(url)
        yield url
    finally:
        for one in (api, worker):
            one.terminate()
        for one in (api, worker):
            one.wait(15)


def _start(environ: dict[str, str], *command: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", *command],
        env={**os.environ, **environ},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def _wait_until_ready(url: str) -> None:
    until = time.monotonic() + START_SECONDS
    while True:
        try:
            if httpx.get(f"{url}/health/ready").status_code == 200:
                return
        except httpx.TransportError:
            pass
        assert time.monotonic() < until, "the API or the worker did not start"
        time.sleep(0.05)


@pytest.fixture(scope="module")
def member(base_url: str) -> Iterator[httpx.Client]:
    """Somebody who has signed in."""
    with httpx.Client(base_url=f"{base_url}/api/v1") as client:
        form = {"username": an_email(), "password": PASSWORD}
        client.post("/auth/register", json={"email": form["username"], "password": PASSWORD})
        token = client.post("/auth/login", data=form).json()["access_token"]
        client.headers["Authorization"] = f"Bearer {token}"
        yield client


@pytest.fixture
def session(base_url: str) -> dict[str, str]:
    """The headers of somebody with a session."""
    begun = httpx.get(f"{base_url}/session/init")
    cookie = begun.headers["set-cookie"].partition(";")[0]
    return {"Cookie": cookie, "X-CSRF-Token": begun.json()["data"]["csrf_token"]}


@pytest.fixture
def uploaded(base_url: str, session: dict[str, str]) -> str:
    """The job_id of a file that the session has uploaded."""
    job_id = str(uuid4())
    form = {"data": {"job_id": job_id}, "files": {"file": ("people.csv", b"name\nAda\n")}}
    assert httpx.post(f"{base_url}/upload", headers=session, **form).status_code == 200
    return job_id


def _document() -> BaseSchema:
    """The document as the API writes it; no server is needed for that."""
    nowhere = "http://127.0.0.1:1"
    app = create_app(
        Settings(
            database_url="postgresql://nowhere",
            redis_url="redis://nowhere",
            s3_url=nowhere,
            s3_public_url=nowhere,
            s3_key="key",
            s3_secret="secret",
            s3_sandbox_key="key",
            s3_sandbox_secret="secret",
            secret="s" * 32,
        )
    )
    return schemathesis.openapi.from_dict(app.state.openapi.document)


api = _document()
_calls = itertools.count()


def _is_job_id(value: object) -> bool:
    try:
        UUID(str(value))
    except ValueError:
        return False
    return True


def _with_a_job_of_the_members(case: schemathesis.Case, member: httpx.Client) -> None:
    """Made-up ids are of no job: every other time a well-formed one becomes that of a job of the member's."""
    if _is_job_id(case.path_parameters.get("job_id")) and next(_calls) % 2:
        made = member.post("/jobs", json=JOB)
        if made.status_code == 429:
            for job in member.get("/jobs?limit=1000").json():
                member.delete(f"/jobs/{job['id']}")
            made = member.post("/jobs", json=JOB)
        if (case.query or {}).get("wait"):  # an ended job does not let anybody wait
            member.post(f"/jobs/{made.json()['id']}/cancel")
        case.path_parameters["job_id"] = made.json()["id"]


def _with_a_file_of_the_sessions(case: schemathesis.Case, job_id: str) -> None:
    """Every other time the file that is meant is one that is there."""
    for place in (case.query, case.body):
        if isinstance(place, dict) and _is_job_id(place.get("job_id")) and case.path != "/upload" and next(_calls) % 2:
            place["job_id"] = job_id
            if isinstance(place.get("target_format"), str):
                place["target_format"] = "xlsx"


def _headers(case: schemathesis.Case, member: httpx.Client, session: dict[str, str]) -> dict[str, str]:
    """Whoever asks: a member, or somebody with a session, unless it is tried what comes of a missing cookie."""
    if case.path.startswith("/api/"):
        return {"Authorization": member.headers["Authorization"]}
    if "session_id" not in (case.cookies or {}):
        return {}
    case.cookies = {}
    return session


@api.parametrize()
@bounded(
    max_examples=EXAMPLES,
    derandomize=True,
    database=None,
    deadline=None,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=list(HealthCheck),
)
def test_no_answer_is_outside_the_document(
    case: schemathesis.Case, member: httpx.Client, session: dict[str, str], uploaded: str, base_url: str
) -> None:
    _with_a_job_of_the_members(case, member)
    _with_a_file_of_the_sessions(case, uploaded)

    case.call_and_validate(
        base_url=base_url,
        timeout=60,
        headers=_headers(case, member, session),
        excluded_checks=[WANTS_SUCCESS, *([] if case.path.startswith("/api/") else [WANTS_REFUSAL])],
    )


@pytest.mark.parametrize("name", STEPS)
def test_every_step_is_told_with_an_example(name: str) -> None:
    told = api.raw_schema["components"]["schemas"][f"{STEPS[name].__name__}Step"]
    assert told["description"].startswith((STEPS[name].__doc__ or "").splitlines()[0])
    (example,) = told["examples"]
    assert (example["type"], len(steps.decode(json.dumps([example]).encode()))) == (name, 1)
