"""Given every command of the compose file, started without containers: the service walks, and nginx is its front."""

import http.client
import json
import re
import socket
from uuid import uuid4

import asyncpg
import httpx
import pytest

from filemill.local import clamd, object_store
from filemill.local.process import LOOPBACK
from tests.compose import outside, walk
from tests.compose.outside import Outside
from tests.fixtures.heads import EICAR


@pytest.fixture(scope="module")
def service():
    if outside.program() is None:
        pytest.skip("nginx is not installed (apt-get install nginx-light)")
    if not object_store.is_there("minio"):
        pytest.skip("minio is not installed (make minio builds MinIO where Go is there)")
    if not clamd.is_there():
        pytest.skip("clamd is not installed (filemill install puts it there)")
    running = Outside()
    try:
        running.start()
        yield running
    finally:
        running.stop()


@pytest.fixture
def client(service):
    with httpx.Client(base_url=service.url, timeout=40) as client:
        yield client


@pytest.fixture(scope="module")
def token(service):
    email = an_email()
    with httpx.Client(base_url=f"{service.url}/api/v1") as api:
        api.post("/auth/register", json={"email": email, "password": walk.PASSWORD})
        return api.post("/auth/login", data={"username": email, "password": walk.PASSWORD}).json()["access_token"]


@pytest.fixture
def upload_url(service, token):
    """Where a file of at most 64 MiB may be put."""
    with httpx.Client(base_url=f"{service.url}/api/v1", headers={"Authorization": f"Bearer {token}"}) as api:
        announced = {"file_name": "big.csv", "original_file_size_bytes": 64 * 2**20, "processing_steps": []}
        job = api.post("/jobs", json=announced).json()["id"]
        return api.post(f"/jobs/{job}/upload-url", json={}).json()["upload_url"]


def an_email():
    return f"{uuid4().hex}@example.com"


def test_the_nine_steps_lead_through_nginx(service):
    job = walk.nine_steps(service.url, an_email())

    assert job["output_object_key"] == f"output/{job['id']}/sample_processed.csv"


def test_a_file_that_is_sent_is_scanned(client, service):
    with walk.visitor(service.url) as guest:
        _, clean = walk.sent(guest, b"harmless", "a.txt")
        _, infected = walk.sent(guest, b"not " + EICAR, "a.txt")

    assert client.get("/health/ready").json()["parts"]["scanner"] == "ok"
    assert clean.status_code == 200, clean.text
    assert infected.status_code == 400
    assert infected.json()["data"]["error"] == "VirusDetectedError"


@pytest.mark.anyio
async def test_the_app_is_no_superuser_and_nobody_comes_in_without_a_password(service):
    environ = service._environment("api")
    app = environ["FILEMILL_DATABASE_URL"]
    connection = await asyncpg.connect(app)
    try:
        assert not await connection.fetchval("SELECT rolsuper FROM pg_roles WHERE rolname = current_user")
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute("CREATE TABLE mine (n int)")
    finally:
        await connection.close()
    password = service.environ["FILEMILL_POSTGRES_APP_PASSWORD"]
    for url, refusal in (
        (app.replace(password, "guess"), asyncpg.InvalidPasswordError),
        (app.replace("/filemill?", "/postgres?"), asyncpg.InvalidAuthorizationSpecificationError),
        (app.replace("filemill_app", "postgres"), asyncpg.InvalidAuthorizationSpecificationError),
    ):
        with pytest.raises(refusal):
            await asyncpg.connect(url)


def test_what_ends_may_run_again(service):
    """Given a second `docker compose up`: migrate and minio-init change nothing, and the service walks on."""
    assert "up to date" in service.run_once("migrate")
    assert "The bucket filemill is there." in service.run_once("minio-init")

    walk.nine_steps(service.url, an_email())


def test_a_waiting_request_is_waited_for(client, token, service):
    """A request may wait as long as it likes to ask for, and is not cut off by nginx."""
    headers = {"Authorization": f"Bearer {token}"}
    announced = {"file_name": "a.csv", "original_file_size_bytes": 1, "processing_steps": []}
    job = client.post("/api/v1/jobs", json=announced, headers=headers).json()["id"]

    told = client.get(f"/api/v1/jobs/{job}", params={"wait": 2}, headers=headers)

    assert told.status_code == 200
    assert told.elapsed.total_seconds() >= 2
    seconds = int(re.search(r"location / \{.*?proxy_read_timeout (\d+)s", nginx_conf(), re.DOTALL)[1])
    assert seconds > 30


def test_nobody_hears_which_version_it_is(client):
    for path in ("/health/live", "/filemill/input/x", "/nothing"):
        answer = client.get(path)
        assert answer.headers["Server"] == "nginx", path
        assert "X-Powered-By" not in answer.headers
        assert not re.search(r"nginx/\d", answer.text)


def test_an_answer_keeps_the_apis_headers(client):
    answer = client.get("/health/live", headers={"X-Request-ID": "a-caller-s-own"})

    assert answer.headers["X-Request-ID"] == "a-caller-s-own"
    assert answer.headers.get_list("X-Content-Type-Options") == ["nosniff"]


def test_one_request_id_is_in_both_logs(client, service):
    answer = client.get("/health/live")

    request_id = answer.headers["X-Request-ID"]
    assert eventually_in(service, "nginx", request_id)["path"] == "/health/live"
    assert eventually_in(service, "api", request_id)["path"] == "/health/live"


def test_the_api_sees_the_callers_address_and_not_what_a_caller_makes_up(service):
    transport = httpx.HTTPTransport(local_address="127.0.0.77")
    with httpx.Client(transport=transport, base_url=service.url) as client:
        answer = client.get("/health/live", headers={"X-Forwarded-For": "203.0.113.9"})

    assert eventually_in(service, "api", answer.headers["X-Request-ID"])["client"] == "127.0.0.77"


def test_a_body_that_only_the_api_finds_too_large_gets_the_apis_answer(client, token):
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}

    answer = client.post("/api/v1/jobs", content=b" " * (2**20 + 1), headers=headers)

    assert answer.status_code == 413
    assert re.fullmatch(r"The body is larger than the \d+ bytes this address takes\.", answer.json()["detail"])


@pytest.mark.parametrize("path", ["/api/v1/jobs", "/elsewhere"])
def test_a_body_that_nginx_finds_too_large_gets_the_dialect_of_the_api(service, path):
    """The refusal comes before the body is read, in the words of the API, with the headers of every answer."""
    head = f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 99999999\r\n\r\n"
    with socket.create_connection((LOOPBACK, service.ports["nginx"]), timeout=10) as connection:
        connection.sendall(head.encode())
        answer = read_answer(connection)

    assert answer.startswith("HTTP/1.1 413 ")
    assert "\r\nX-Request-ID: " in answer
    assert "\r\nX-Content-Type-Options: nosniff" in answer
    assert "\r\nContent-Type: application/json" in answer
    told = json.loads(answer.split("\r\n\r\n", 1)[1])
    sentence = "The body is larger than this address takes."
    if path.startswith("/api/v1"):
        assert told == {"detail": sentence}
    else:
        assert told == {"success": False, "data": {"error": "ValidationError", "message": sentence}}


def test_a_file_is_converted_through_nginx(service):
    """From the session to the download, which nginx fetches from the store; once per token."""
    with walk.visitor(service.url) as guest:
        # given a session and a file in it
        job_id, sent = walk.sent(guest, b"a\n1\n", "Städte.csv")
        assert sent.json() == {"success": True, "data": {"job_id": job_id, "status": "uploaded"}}
        # when it is converted
        token = walk.token_of(guest, job_id, "ndjson")
        # then it can be had once
        head = guest.head("/download", params={"token": token})
        answer = guest.get("/download", params={"token": token}, headers={"Range": "bytes=0-1"})
        assert answer.status_code == 200
        assert answer.content == b'{"a":1}\n'
        assert head.headers["Content-Length"] == answer.headers["Content-Length"] == "8"
        assert answer.headers["Content-Disposition"] == (
            "attachment; filename*=UTF-8''St%C3%A4dte.ndjson; filename=Stadte.ndjson"
        )
        assert answer.headers["Content-Type"] == "application/x-ndjson"
        assert answer.headers.get_list("X-Content-Type-Options") == ["nosniff"]
        assert len(answer.headers.get_list("X-Request-ID")) == 1
        assert not {"x-accel-redirect", "x-filemill-object", "etag", "last-modified"} & set(answer.headers)
        assert not [name for name in answer.headers if name.startswith("x-amz")]
        again = guest.get("/download", params={"token": token})
        assert (again.status_code, again.json()["data"]["error"]) == (403, "ForbiddenError")
        # and nothing is left of it
        assert guest.post("/session/close").status_code == 200
        assert guest.get("/job_status", params={"job_id": job_id}).status_code == 401


def test_a_table_becomes_a_workbook_and_a_document_a_pdf(client, service):
    """The way that `make compose-test` takes, where it is quick to see that it is one."""
    assert walk.converted(service.url, walk.TABLE, "sample.csv", "xlsx").startswith(b"PK")

    lanes = {lane["lane"] for lane in client.get("/health/ready").json()["lanes"]}
    if "documents" not in lanes:
        pytest.skip("no isolated sandbox can be made here (filemill doctor)")
    assert walk.converted(service.url, b"# Heading\n", "letter.md", "pdf").startswith(b"%PDF-")


@pytest.mark.parametrize(
    "path",
    ["/metrics", "/metrics/", "/metrics%2f", "//metrics", "/x/../metrics", "/%6detrics/", "/metrics/.", "/metrics/x"],
)
def test_metrics_stay_inside(client, path):
    # as it is written: httpx would tidy the path up
    connection = http.client.HTTPConnection(client.base_url.host, client.base_url.port, timeout=30)
    connection.request("GET", path)
    answer = connection.getresponse()
    told = answer.read()
    connection.close()

    assert answer.status == 404
    assert json.loads(told)["data"]["error"] == "ResourceNotFound"


def test_the_docs_page_comes_through(client):
    assert client.get("/docs", follow_redirects=True).status_code == 200


def test_an_upload_larger_than_any_buffer_goes_straight_to_the_store(upload_url, service):
    """48 MiB pass while nginx writes nothing down."""
    block = bytes(range(256)) * 4096

    def body():
        for number in range(48):
            yield block
            if number % 16 == 0:
                written = [entry for entry in (service.folder / "nginx-run").rglob("*") if entry.is_file()]
                assert [entry.name for entry in written] == ["nginx.pid"]

    put = httpx.put(upload_url, content=body(), headers={"Content-Length": str(48 * len(block))}, timeout=60)

    assert put.status_code == 200, put.text


def test_only_signed_requests_reach_the_store(client, upload_url):
    path = httpx.URL(upload_url).path

    assert client.get(path).status_code == 403
    assert client.get("/filemill/").status_code == 404, "the bucket itself is no address"
    assert client.get("/filemill/?list-type=2").status_code == 404
    assert client.get("/minio/admin/v3/info").status_code == 404
    assert httpx.delete(upload_url).status_code == 403
    assert httpx.post(upload_url, content=b"x").status_code == 403
    forged = re.sub("X-Amz-Signature=[0-9a-f]+", "X-Amz-Signature=" + "0" * 64, upload_url)
    refused = httpx.put(forged, content=b"x")
    assert refused.status_code == 403
    assert "SignatureDoesNotMatch" in refused.text, "the store itself says no"


def test_a_file_name_of_any_language_keeps_its_signature(client, token):
    headers = {"Authorization": f"Bearer {token}"}
    announced = {"file_name": "Städte + Länder %41 (中).csv", "original_file_size_bytes": 99, "processing_steps": []}
    job = client.post("/api/v1/jobs", json=announced, headers=headers).json()["id"]
    url = client.post(f"/api/v1/jobs/{job}/upload-url", json={}, headers=headers).json()["upload_url"]

    assert httpx.put(url, content=walk.TABLE).status_code == 200
    key = f"input/{job}/{announced['file_name']}"
    marked = client.post(f"/api/v1/jobs/{job}/mark-uploaded", json={"object_key": key}, headers=headers)
    assert marked.status_code == 200, marked.text


def test_secrets_of_urls_stay_out_of_the_logs(upload_url, service):
    httpx.put(upload_url, content=b"a\n1\n")

    line = eventually_in(service, "nginx", httpx.URL(upload_url).path)
    assert line["status"] == 200
    signature = re.search("X-Amz-Signature=([0-9a-f]+)", upload_url)[1]
    assert all(signature not in service.log(name) for name in ("nginx", "api", "minio", "worker-tables"))


def test_web_pages_of_elsewhere_are_not_let_in(upload_url):
    asked = {"Origin": "https://evil.example", "Access-Control-Request-Method": "PUT"}

    answer = httpx.options(upload_url, headers=asked)

    assert "Access-Control-Allow-Origin" not in answer.headers


def nginx_conf():
    return (outside.ROOT / "nginx/nginx.conf").read_text()


def eventually_in(service, name, words):
    """The JSON line of a service's log that holds these words, awaited for a moment."""

    def line():
        return next((line for line in service.log(name).splitlines() if words in line and line.startswith("{")), None)

    service.running[name].wait_until(lambda: line() is not None, 5)
    return json.loads(line())


def read_answer(connection):
    received = b""
    while b"\r\n\r\n" not in received or not received.rstrip().endswith(b"}"):
        chunk = connection.recv(4096)
        assert chunk, received
        received += chunk
    return received.decode()
