"""Health for whoever operates the service, and documentation that needs no network."""

import re

import msgspec
import pytest

from filemill import connections
from filemill.jobs.rows import workers
from filemill.jobs.rows.workers import WorkerRow
from filemill.storage.intake import Intake

pytestmark = pytest.mark.anyio


@pytest.fixture
async def no_worker(app):
    await connections.execute("DELETE FROM worker")
    yield
    await connections.execute("DELETE FROM worker")


def worker(name: str, sandbox: str = "networked") -> WorkerRow:
    return WorkerRow(name, "host", "tables", 2, {"polars": "1"}, sandbox, None)


async def test_a_process_that_answers_is_alive(client):
    answer = await client.get("/health/live")

    assert (answer.status_code, answer.json()) == (200, {"status": "alive"})


async def test_without_a_worker_the_service_is_not_ready(client, no_worker, settings):
    answer = await client.get("/health/ready")

    assert answer.status_code == 503
    assert answer.json() == {
        "status": "not ready",
        "parts": {
            "database": "ok",
            "store": "ok",
            "queue": "ok",
            "worker": "away",
            "scanner": "ok" if settings.clamd else "none",
            "disk": "ok",
        },
        "lanes": [],
    }


async def test_with_a_worker_it_is_and_names_the_open_lanes(client, no_worker):
    await workers.beat(worker("w1"))
    await workers.beat(worker("w2"))

    answer = await client.get("/health/ready")

    assert answer.status_code == 200
    assert answer.json()["status"] == "ready"
    assert answer.json()["lanes"] == [
        {"lane": "tables", "workers": 2, "slots": 4, "sandbox": "networked", "strict": True}
    ]


@pytest.mark.usefixtures("no_worker")
@pytest.mark.parametrize("case", [("", "none"), ("tcp://127.0.0.1:1", "away")])
async def test_a_scanner_that_does_not_answer_is_told_and_the_service_stays_ready(
    app, client, settings, monkeypatch, case
):
    address, told = case
    monkeypatch.setattr(
        app.state, "intake", Intake(msgspec.structs.replace(settings, clamd=address), app.state.store), raising=False
    )
    await workers.beat(worker("w1"))

    answer = await client.get("/health/ready")

    assert answer.status_code == 200
    assert answer.json()["parts"]["scanner"] == told


async def test_a_weak_sandbox_is_told(client, no_worker):
    await workers.beat(worker("w1"))
    await workers.beat(worker("w2", sandbox="weak"))

    (lane,) = (await client.get("/health/ready")).json()["lanes"]

    assert (lane["sandbox"], lane["strict"]) == ("networked, weak", False)


async def test_a_worker_not_seen_for_a_while_counts_no_more(client, no_worker):
    await workers.beat(worker("w1"))
    await connections.execute("UPDATE worker SET seen_at = now() - interval '5 minutes'")

    assert (await client.get("/health/ready")).status_code == 503


async def test_without_a_database_it_says_so(client):
    pool, connections.DB.pool = connections.DB.pool, None
    try:
        answer = await client.get("/health/ready")
    finally:
        connections.DB.pool = pool

    assert answer.status_code == 503
    assert answer.json()["parts"]["database"] == "away"


@pytest.mark.parametrize("page", ["/docs", "/redoc"])
async def test_the_pages_load_nothing_from_elsewhere(client, page):
    answer = await client.get(page)

    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/html")
    assert "script-src 'self';" in answer.headers["content-security-policy"]
    assert "connect-src 'self';" in answer.headers["content-security-policy"]
    loaded = re.findall(r'(?:src|href|spec-url)="([^"]+)"', answer.text)
    assert len(loaded) > 2
    assert "<script>" not in answer.text
    for address in loaded:
        assert address.startswith("/")
        file = await client.get(address)
        assert file.status_code == 200
        assert len(file.content) > 100


@pytest.mark.parametrize("name", ["swagger-ui-bundle.js", "redoc.standalone.js"])
async def test_their_programs_ask_no_network_for_delivery(client, name):
    assert not re.findall(r"https?://cdn\.[^\"]+", (await client.get(f"/docs/assets/{name}")).text)


async def test_the_document_says_what_each_answer_and_value_is(client):
    document = (await client.get("/schema/openapi.json")).json()

    for operations in document["paths"].values():
        for operation in operations.values():
            for answer in operation["responses"].values():
                assert not re.search("URL follows|document follows|nothing follows", answer["description"])
    new_job = document["paths"]["/api/v1/jobs"]["post"]["responses"]
    said = [new_job[status]["content"]["application/json"]["examples"] for status in ("400", "401", "422", "429")]
    assert len({str(examples) for examples in said}) == len(said), "each answer has a sentence of its own"
    assert "password" in document["paths"]["/api/v1/auth/register"]["post"]["responses"]["400"]["description"]
    password = document["components"]["schemas"]["NewAccount"]["properties"]["password"]
    assert (password["minLength"], password["maxLength"]) == (8, 200)
    (key,) = document["paths"]["/api/v1/jobs"]["post"]["parameters"]
    assert key["name"] == "Idempotency-Key"
    assert (key["schema"]["type"], key["schema"]["pattern"]) == ("string", "^[!-~]{1,255}$")


@pytest.mark.parametrize("name", ["", "LICENSE.redoc", "..%2fdocs.py", "docs.py", "%2e%2e/docs.py"])
async def test_only_the_listed_files_are_handed_out(client, name):
    assert (await client.get(f"/docs/assets/{name}")).status_code == 404


async def test_the_document_is_there_as_json_and_yaml(client):
    as_json, as_yaml = await client.get("/schema/openapi.json"), await client.get("/swagger.yaml")

    document = as_json.json()
    assert document["openapi"].startswith("3.1")
    assert as_json.headers["content-type"] == "application/json"
    assert msgspec.yaml.decode(as_yaml.content) == document


@pytest.mark.parametrize(
    ("path", "status", "shown"),
    [
        ("/api/v1/jobs", "201", {"status": "PENDING", "input_object_key": None, "progress": 0.0}),
        ("/api/v1/jobs/{job_id}/mark-uploaded", "200", {"status": "QUEUED", "output_object_key": None}),
        ("/api/v1/jobs/{job_id}/cancel", "200", {"status": "CANCELLED", "started_at": None}),
    ],
)
async def test_an_answer_that_a_fresh_job_gives_is_not_shown_with_one_that_is_done(client, path, status, shown):
    document = (await client.get("/schema/openapi.json")).json()
    answer = document["paths"][path]["post"]["responses"][status]["content"]["application/json"]
    example = answer["examples"]["answer"]["value"]
    assert example | shown == example
    assert set(example) == set(document["components"]["schemas"]["JobReply"]["properties"])


async def test_the_document_has_security_tags_and_examples(client):
    document = (await client.get("/schema/openapi.json")).json()

    schemes = document["components"]["securitySchemes"]
    assert schemes["bearer"]["scheme"] == "bearer"
    assert schemes["oauth2"]["flows"]["password"]["tokenUrl"] == "/api/v1/auth/login"
    assert document["paths"]["/api/v1/jobs"]["post"]["security"] == [{"bearer": []}, {"oauth2": []}, {"session": []}]
    assert "security" not in document["paths"]["/api/v1/auth/login"]["post"]
    login = document["paths"]["/api/v1/auth/login"]["post"]["requestBody"]
    assert list(login["content"]) == ["application/x-www-form-urlencoded"]
    schemas = document["components"]["schemas"]
    assert schemas["FilterStep"]["examples"][0]["type"] == "filter"
    for name in (
        "NewJob",
        "JobReply",
        "NewAccount",
        "Token",
        "SelectStep",
        "RenameStep",
        "LimitStep",
        "ConvertFormatStep",
    ):
        assert schemas[name]["examples"], name
        assert "Example:" not in schemas[name]["description"]
    for path, operations in document["paths"].items():
        for operation in operations.values():
            assert operation["summary"], path
            assert operation["tags"], path
