"""The journey of a table: from registering to the finished file, and everything that can be wrong on the way."""

import asyncio
import gzip
import io
import secrets
import time
from uuid import uuid4

import httpx
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
import pytest

from filemill.local.stack import Stack
from tests.journeys.conftest import NewVisitor
from tests.journeys.tables import LONG, PEOPLE, bomb, endless_row, long_as_ndjson
from tests.journeys.visitor import Visitor, assert_left_tidy, assert_nothing_of_the_inside, key_of, step, store_of

pytestmark = pytest.mark.anyio

DOCUMENTED = {
    "id",
    "user_id",
    "file_name",
    "original_file_size_bytes",
    "status",
    "processing_steps",
    "created_at",
    "updated_at",
    "input_object_key",
    "output_object_key",
    "error_message",
}
PART = 5 * 2**20
"""The least size of every part but the last."""


async def test_nine_steps_from_registering_to_the_finished_file(any_stack: Stack) -> None:
    """Every request byte for byte as a client with curl would send it."""
    json_header = {"Content-Type": "application/json"}
    email = f"{secrets.token_hex(6)}@example.com"
    async with httpx.AsyncClient(base_url=f"{any_stack.url}/api/v1", timeout=60) as curl:
        # 1: an account
        answer = await curl.post(
            "/auth/register",
            content=f'{{\n "email": "{email}",\n "password": "devpassword"\n}}',
            headers=json_header,
        )
        assert answer.status_code == 201
        assert set(answer.json()) == {"id", "email"}
        account = answer.json()["id"]

        # 2: a token, by a form whose username is the e-mail
        answer = await curl.post(
            "/auth/login",
            content=f"username={email}&password=devpassword",
            headers={"Content-Type": "application/x-www-form-urlencoded"},
        )
        assert answer.status_code == 200
        assert set(answer.json()) == {"access_token", "token_type"}
        assert answer.json()["token_type"] == "bearer"
        headers = json_header | {"Authorization": f"Bearer {answer.json()['access_token']}"}

        # 3: a job
        steps = '[{"type": "filter", "params": {"column": "city", "operator": "eq", "value": "New York"}}]'
        answer = await curl.post(
            "/jobs",
            content='{"file_name": "sample_data.csv", "original_file_size_bytes": 10240,'
            f' "processing_steps": {steps}}}',
            headers=headers,
        )
        job = answer.json()
        assert answer.status_code == 201
        assert set(job) >= DOCUMENTED
        assert (job["user_id"], job["status"], job["file_name"]) == (account, "PENDING", "sample_data.csv")
        assert (job["input_object_key"], job["output_object_key"], job["error_message"]) == (None, None, None)
        here = f"/jobs/{job['id']}"

        # 4: where to upload
        answer = await curl.post(f"{here}/upload-url", content="{}", headers=headers)
        assert answer.status_code == 200
        upload_url = answer.json()["upload_url"]
        key = f"input/{job['id']}/sample_data.csv"
        assert httpx.URL(upload_url).path.endswith(f"/{key}")

        # 5: the file, to the store itself
        answer = await curl.put(upload_url, content=PEOPLE, headers={"Content-Type": "text/csv"})
        assert answer.status_code == 200

        # 6: it is there
        answer = await curl.post(f"{here}/mark-uploaded", content=f'{{\n "object_key": "{key}"\n}}', headers=headers)
        assert answer.status_code == 200
        assert (answer.json()["status"], answer.json()["input_object_key"]) == ("QUEUED", key)

        # 7: look again and again
        end = time.monotonic() + 60
        while (job := (await curl.get(here, headers=headers)).json())["status"] in ("QUEUED", "RUNNING"):
            assert time.monotonic() < end, job
            await asyncio.sleep(0.05)
        assert job["status"] == "COMPLETED", job
        assert job["output_object_key"] == f"output/{job['id']}/sample_data_processed.csv"

        # 8: where to download
        answer = await curl.post(f"{here}/download-url", content="{}", headers=headers)
        assert answer.status_code == 200
        download_url = answer.json()["download_url"]

        # 9: the finished file, from the store itself
        answer = await curl.get(download_url)
        assert answer.status_code == 200
        assert answer.headers["content-disposition"].endswith("filename=sample_data_processed.csv")
        assert answer.content == b"name,city,age\nAlice,New York,30\nCharlie,New York,35\n"
    await assert_left_tidy(any_stack)


async def test_one_table_through_every_step_and_format(any_stack: Stack, new_visitor: NewVisitor) -> None:
    ann = await new_visitor(any_stack)
    # given a pipeline of every kind of step, once for each format
    steps = [
        step("filter", any=[{"column": "city", "operator": "eq", "value": "New York"}, NAMED_BOB]),
        step("filter", column="age", operator="gt", value=26),
        step("rename", columns={"age": "years"}),
        step("select", columns=["name", "years"]),
        step("limit", n=2),
    ]
    jobs = {
        kind: await ann.queue(PEOPLE, [*steps, step("convert_format", to_format=kind)])
        for kind in ("csv", "tsv", "ndjson", "parquet", "csv.gz", "ndjson.gz")
    }
    # when they are done
    made = {kind: await ann.finished(job) for kind, job in jobs.items()}
    # then every one says the same
    assert made["csv"] == b"name,years\nAlice,30\nCharlie,35\n"
    assert made["tsv"] == b"name\tyears\nAlice\t30\nCharlie\t35\n"
    assert made["ndjson"] == b'{"name":"Alice","years":30}\n{"name":"Charlie","years":35}\n'
    assert gzip.decompress(made["csv.gz"]) == made["csv"]
    assert gzip.decompress(made["ndjson.gz"]) == made["ndjson"]
    table = pa.parquet.read_table(io.BytesIO(made["parquet"]))
    assert table.to_pydict() == {"name": ["Alice", "Charlie"], "years": [30, 35]}
    assert table.schema.field("years").type == pa.int64()
    # and what came out can go in again
    again = await ann.queue(made["parquet"], [step("convert_format", to_format="csv")], "years.parquet")
    assert await ann.finished(again) == made["csv"]
    again = await ann.queue(made["ndjson.gz"], [step("convert_format", to_format="csv")], "years.ndjson.gz")
    assert await ann.finished(again) == made["csv"]
    await assert_left_tidy(any_stack)


NAMED_BOB = {"column": "name", "operator": "starts_with", "value": "Bo"}


async def test_a_large_file_goes_up_in_parts_after_a_lost_connection(any_stack: Stack, new_visitor: NewVisitor) -> None:
    ann = await new_visitor(any_stack)
    lines = [f"{n},{n * n}\n" for n in range(700_000)]
    content = b"n,square\n" + "".join(lines).encode()
    parts = [content[at : at + PART] for at in range(0, len(content), PART)]
    assert len(parts) > 1
    job = await ann.make(content, [step("convert_format", to_format="parquet")], "squares.csv")
    multipart = f"/jobs/{job['id']}/multipart"
    # given an upload that was begun and thrown away, and one more of which only the last part has arrived
    await ann.ask("POST", multipart, 200, json={})
    await ann.ask("DELETE", multipart, 204)
    upload_id = (await ann.ask("POST", multipart, 200))["upload_id"]
    await put_parts(ann, job, parts, [len(parts)])
    # when the client comes back, then it goes on where it stopped
    assert (await ann.ask("POST", multipart, 200, json={}))["upload_id"] == upload_id
    there = (await ann.ask("GET", multipart, 200))["parts"]
    assert [(part["part_number"], part["size"]) for part in there] == [(len(parts), len(parts[-1]))]
    tags = await put_parts(ann, job, parts, list(range(1, len(parts))))
    tags |= {there[0]["part_number"]: there[0]["etag"]}
    done = [{"part_number": number, "etag": tags[number]} for number in sorted(tags)]
    # and before the parts are put together there is nothing to be marked
    refused = await ann.api.post(f"/jobs/{job['id']}/mark-uploaded", json={"object_key": key_of(job)})
    assert refused.status_code == 400
    assert (await ann.ask("POST", f"{multipart}/complete", 200, json={"parts": done}))["status"] == "PENDING"
    assert (await ann.mark(job))["input_size_bytes"] == len(content)
    table = pa.parquet.read_table(io.BytesIO(await ann.finished(job)))
    assert table.num_rows == len(lines)
    assert table.column("square").to_pylist() == [n * n for n in range(len(lines))]
    await assert_left_tidy(any_stack)


async def put_parts(visitor: Visitor, job: dict[str, str], parts: list[bytes], numbers: list[int]) -> dict[int, str]:
    """PUTs these parts (counted from 1) where the API says -> their etags."""
    path = f"/jobs/{job['id']}/multipart/parts"
    signed = (await visitor.ask("POST", path, 200, json={"part_numbers": numbers}))["parts"]
    tags = {}
    for one in signed:
        answer = await visitor.store.put(one["url"], content=parts[one["part_number"] - 1])
        assert answer.status_code == 200, answer.text
        tags[one["part_number"]] = answer.headers["etag"]
    return tags


async def test_waiting_cancelling_retrying_and_deleting(any_stack: Stack, new_visitor: NewVisitor) -> None:
    ann = await new_visitor(any_stack)
    # given a job at work
    job = await ann.queue(LONG, [step("convert_format", to_format="ndjson.gz")], "long.csv")
    await ann.until_written(job)
    refused = await ann.ask("DELETE", f"/jobs/{job['id']}", 400)
    assert "cancel it first" in refused["detail"]
    # when it is cancelled while somebody waits for it
    waiting = asyncio.create_task(ann.ask("GET", f"/jobs/{job['id']}?wait=30", 200))
    await ann.ask("POST", f"/jobs/{job['id']}/cancel", 200, json={})
    # then he hears of it at once, and nothing but the input is left
    assert (await asyncio.wait_for(waiting, 15))["status"] == "CANCELLED"
    async with store_of(any_stack) as store:
        assert [key for key in await store.keys() if job["id"] in key] == [key_of(job)]
    # when it is tried again, then it is done
    assert (await ann.ask("POST", f"/jobs/{job['id']}/retry", 200, json={}))["status"] == "QUEUED"
    assert gzip.decompress(await ann.finished(job)) == long_as_ndjson()
    assert await ann.statuses(job) == [
        *("PENDING", "QUEUED", "RUNNING", "CANCELLATION_REQUESTED", "CANCELLED"),
        *("QUEUED", "RUNNING", "COMPLETED"),
    ]
    # what is done cannot be cancelled nor tried again
    for verb in ("cancel", "retry", "mark-uploaded", "upload-url"):
        body = {"object_key": key_of(job)} if verb == "mark-uploaded" else {}
        assert "COMPLETED" in (await ann.ask("POST", f"/jobs/{job['id']}/{verb}", 400, json=body))["detail"]
    # when it is deleted, then also a URL given before leads nowhere
    url = (await ann.ask("POST", f"/jobs/{job['id']}/download-url", 200))["download_url"]
    await ann.ask("DELETE", f"/jobs/{job['id']}", 204)
    assert (await ann.store.get(url)).status_code == 404
    await ann.ask("GET", f"/jobs/{job['id']}", 404)
    async with store_of(any_stack) as store:
        assert [key for key in await store.keys() if job["id"] in key] == []
    await assert_left_tidy(any_stack)


async def test_the_same_request_twice_makes_one_job(any_stack: Stack, new_visitor: NewVisitor) -> None:
    ann, ben = await new_visitor(any_stack), await new_visitor(any_stack)
    body = {"file_name": "a.csv", "original_file_size_bytes": 5, "processing_steps": []}
    key = {"Idempotency-Key": "order-4711"}
    first = await ann.ask("POST", "/jobs", 201, json=body, headers=key)
    assert (await ann.ask("POST", "/jobs", 201, json=body, headers=key))["id"] == first["id"]
    refused = await ann.ask("POST", "/jobs", 422, json=body | {"file_name": "b.csv"}, headers=key)
    assert "Idempotency-Key" in refused["detail"]
    # another user's key is another key
    assert (await ben.ask("POST", "/jobs", 201, json=body, headers=key))["id"] != first["id"]
    assert [job["id"] for job in await ann.ask("GET", "/jobs", 200)] == [first["id"]]
    await assert_left_tidy(any_stack)


async def test_nobody_else_gets_at_a_job(any_stack: Stack, new_visitor: NewVisitor) -> None:
    ann, ben = await new_visitor(any_stack), await new_visitor(any_stack)
    job = await ann.queue(PEOPLE)
    await ann.finished(job)
    before = await ann.read(job)
    mark = {"object_key": key_of(job)}
    part = {"parts": [{"part_number": 1, "etag": "0" * 32}]}
    requests = [
        *(("GET", path, None) for path in ("", "?wait=1", "/events", "/multipart")),
        *(("POST", f"/{verb}", {}) for verb in ("upload-url", "download-url", "cancel", "retry", "multipart")),
        ("POST", "/mark-uploaded", mark),
        ("POST", "/multipart/parts", {"part_numbers": [1]}),
        ("POST", "/multipart/complete", part),
        ("DELETE", "/multipart", None),
        ("DELETE", "", None),
    ]
    async with httpx.AsyncClient(base_url=ann.api.base_url) as nobody:
        for method, path, body in requests:
            sent = {} if body is None else {"json": body}
            answer = await ben.ask(method, f"/jobs/{job['id']}{path}", 403, **sent)
            assert set(answer) == {"detail"}
            await ben.ask(method, f"/jobs/{uuid4()}{path}", 404, **sent)
            await ben.ask(method, f"/jobs/no-id{path}", 404, **sent)
            assert (await nobody.request(method, f"/jobs/{job['id']}{path}", **sent)).status_code == 401
    assert await ben.ask("GET", "/jobs", 200) == []
    assert await ann.read(job) == before
    await assert_left_tidy(any_stack)


async def test_what_cannot_be_marked_leaves_the_job_pending(any_stack: Stack, new_visitor: NewVisitor) -> None:
    ann, ben = await new_visitor(any_stack), await new_visitor(any_stack)
    theirs = await ben.make(PEOPLE)
    await ben.upload(theirs, PEOPLE)
    other = await ann.make(PEOPLE)
    await ann.upload(other, PEOPLE)
    job = await ann.make(PEOPLE, size=20)
    mark = f"/jobs/{job['id']}/mark-uploaded"

    async def refused(key: str) -> str:
        detail: str = (await ann.ask("POST", mark, 400, json={"object_key": key}))["detail"]
        assert (await ann.read(job))["status"] == "PENDING"
        return detail

    # before there is anything
    assert "upload" in await refused(key_of(job))
    await ann.upload(job, PEOPLE)
    # a key that is another job's, another user's, or nobody's
    for key in (key_of(other), key_of(theirs), f"/{key_of(job)}", f"filemill/{key_of(job)}", "", "input"):
        assert "object_key" in await refused(key)
    # larger than announced
    detail = await refused(key_of(job))
    assert str(len(PEOPLE)) in detail
    assert "20" in detail
    # the others' jobs are as they were, and go on
    assert (await ben.mark(theirs))["status"] == "QUEUED"
    assert (await ann.mark(other))["status"] == "QUEUED"
    for visitor, each in ((ben, theirs), (ann, other)):
        assert await visitor.finished(each) == PEOPLE
    await ann.ask("DELETE", f"/jobs/{job['id']}", 204)
    await assert_left_tidy(any_stack)


AS_CSV = [step("convert_format", to_format="csv")]
PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x06\x00\x00\x00\x1f\x15\xc4\x89"


@pytest.mark.parametrize(
    ("name", "content", "named"),
    [
        ("empty.csv", b"", "empty"),
        ("picture.csv", PNG, "image/png"),
        ("table.parquet", PEOPLE, "parquet"),
        ("table.csv.gz", PEOPLE, "csv.gz"),
        ("book.tsv", b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj", "application/pdf"),
        ("table.ndjson", gzip.compress(b'{"a": 1}\n', mtime=0), "ndjson"),
    ],
    ids=["empty", "a picture", "text for parquet", "text for gzip", "a book", "gzip for text"],
)
async def test_a_file_that_is_not_what_its_name_says_is_refused(
    stack: Stack, new_visitor: NewVisitor, name: str, content: bytes, named: str
) -> None:
    ann = await new_visitor(stack)
    job = await ann.make(content, AS_CSV, name)
    await ann.upload(job, content)
    refused = await ann.ask("POST", f"/jobs/{job['id']}/mark-uploaded", 400, json={"object_key": key_of(job)})
    assert named in refused["detail"]
    assert_nothing_of_the_inside(refused["detail"], stack)
    assert (await ann.read(job))["status"] == "PENDING"
    await ann.ask("DELETE", f"/jobs/{job['id']}", 204)
    await assert_left_tidy(stack)


def parquet(table: bytes) -> bytes:
    """A csv as parquet."""
    made = io.BytesIO()
    pa.parquet.write_table(pa.csv.read_csv(io.BytesIO(table)), made)
    return made.getvalue()


GREATER = step("filter", column="age", operator="gt", value="old")
AGES = [{"column": "age", "operator": "ge", "value": 1}, {"column": "height", "operator": "lt", "value": 2}]

DAMAGED = {
    "a quote that is never closed": ("people.csv", PEOPLE + b'Dora,"Ro', AS_CSV, "bad_file", ("people.csv", "row 4")),
    "a row cut off": ("people.csv", PEOPLE + b"Dora,", AS_CSV, "bad_file", ("row 4",)),
    "a row too long": ("people.csv", PEOPLE + b"Dora,Rome,30,1\n", AS_CSV, "bad_file", ("row 4",)),
    "an encoding that cannot be told": (
        "people.csv",
        PEOPLE + "Пётр Ильич,Москва,30\n".encode("cp1251"),
        AS_CSV,
        "bad_file",
        ("people.csv", "encoding"),
    ),
    "half a UTF-16": ("people.csv", PEOPLE.decode().encode("utf-16")[:-1], AS_CSV, "bad_file", ("row 3", "encoding")),
    "a web page": ("people.csv", b"<!DOCTYPE html><p>Not found", AS_CSV, "bad_file", ("HTML",)),
    "blanks": ("people.csv", b" \n\n\n", AS_CSV, "bad_file", ("empty",)),
    "a name twice": ("people.csv", b"a,a\n1,2\n", AS_CSV, "bad_file", ("'a'", "twice")),
    "a line that is no JSON": ("people.ndjson", b'{"a":1}\n{"a":\n', AS_CSV, "bad_file", ("row 2",)),
    "half a parquet": ("people.parquet", parquet(PEOPLE)[:-9], AS_CSV, "bad_file", ("people.parquet",)),
    "half a gzip": ("people.csv.gz", gzip.compress(PEOPLE)[:-9], AS_CSV, "bad_file", ("people.csv.gz", "not whole")),
    "a damaged gzip": ("people.csv.gz", b"\x1f\x8b" + b"\xff" * 99, AS_CSV, "bad_file", ("people.csv.gz",)),
    "an endless row": ("endless.csv.gz", endless_row(), AS_CSV, "bad_file", ("row 1",)),
    "an unknown column": ("people.csv", PEOPLE, [step("select", columns=["nmae"])], "unknown_column", ("'nmae'", "1")),
    "one lost on the way": (
        "people.csv",
        PEOPLE,
        [step("select", columns=["name"]), step("filter", column="age", operator="gt", value=1)],
        "unknown_column",
        ("'age'", "2"),
    ),
    "deep inside": ("people.csv", PEOPLE, [step("filter", all=AGES)], "unknown_column", ("'height'",)),
    "text for a number": ("people.csv", PEOPLE, [GREATER], "bad_value", ("'age'", "'old'")),
    "a number for text": (
        "people.csv",
        PEOPLE,
        [step("filter", column="city", operator="gt", value=5)],
        "bad_value",
        ("'city'", "New York"),
    ),
    "a late misfit": (
        "numbers.csv",
        b"n\n" + b"1\n" * 12_000 + b"many\n",
        [step("convert_format", to_format="parquet")],
        "bad_value",
        ("row 12001", "'n'", "'many'"),
    ),
}


@pytest.mark.parametrize("what", DAMAGED)
async def test_a_job_that_cannot_be_done_says_why(stack: Stack, new_visitor: NewVisitor, what: str) -> None:
    name, content, steps, code, named = DAMAGED[what]
    ann = await new_visitor(stack)
    job = await ann.until(await ann.queue(content, steps, name))
    assert (job["status"], job["error_code"], job["at_fault"]) == ("FAILED", code, "caller"), job
    for word in named:
        assert word in job["error_message"]
    assert_nothing_of_the_inside(job["error_message"], stack)
    assert job["output_object_key"] is None
    # when it is tried again, then it fails in the same words
    await ann.ask("POST", f"/jobs/{job['id']}/retry", 200)
    assert (await ann.until(job))["error_message"] == job["error_message"]
    await assert_left_tidy(stack)


async def test_a_bomb_is_stopped(stack: Stack, new_visitor: NewVisitor) -> None:
    ann = await new_visitor(stack)
    job = await ann.until(await ann.queue(bomb(), AS_CSV, "bomb.csv.gz"))
    assert (job["status"], job["at_fault"]) == ("FAILED", "caller"), job
    # whichever limit it meets first is named: that of its size, or that of the memory
    named = {"bad_file": "200 times", "too_much_memory": "MB of memory"}[job["error_code"]]
    assert named in job["error_message"]
    assert_nothing_of_the_inside(job["error_message"], stack)
    await assert_left_tidy(stack)


@pytest.mark.parametrize(
    ("status", "steps", "named"),
    [
        (400, [step("filter", column="a", operator="like", value=1)], "operator"),
        (400, [step("filter", column="a")], "operator"),
        (400, [step("sharpen")], "sharpen"),
        (400, [step("limit", n="2")], "n"),
        (422, [step("filter", column="a", operator="between", value=[1])], "step 1"),
        (422, [step("filter", column="a", operator="in", value=1)], "step 1"),
        (422, [step("limit", n=1), step("limit", n=-1)], "step 2"),
        (422, [step("convert_format", to_format="exe")], "exe"),
        (422, [step("convert_format", to_format="csv"), step("limit", n=1)], "step 1"),
    ],
)
async def test_steps_that_cannot_be_are_refused_with_the_job(
    stack: Stack, new_visitor: NewVisitor, status: int, steps: list[object], named: str
) -> None:
    ann = await new_visitor(stack)
    body = {"file_name": "a.csv", "original_file_size_bytes": 5, "processing_steps": steps}
    detail = (await ann.ask("POST", "/jobs", status, json=body))["detail"]
    assert named in detail
    assert_nothing_of_the_inside(detail, stack)
    assert await ann.ask("GET", "/jobs", 200) == []
