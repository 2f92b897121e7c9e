"""Making, listing, reading, cancelling, retrying and deleting jobs at the data API."""

import asyncio
import time
from uuid import UUID, uuid4

import msgspec
import pytest

from filemill import connections
from filemill.jobs.job import Status

pytestmark = pytest.mark.anyio

JOBS = "/api/v1/jobs"
FILTER = {"type": "filter", "params": {"column": "city", "operator": "eq", "value": "New York"}}
BODY = {"file_name": "sample_data.csv", "original_file_size_bytes": 10240, "processing_steps": [FILTER]}
DOCUMENT_KEYS = {
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
OUR_KEYS = {"progress", "phase", "input_size_bytes", "error_code", "at_fault", "started_at", "ended_at"}


def with_step(kind, params):
    return BODY | {"processing_steps": [{"type": kind, "params": params}]}


def with_filter(**params):
    return with_step("filter", params)


async def make(member, **changes):
    answer = await member.client.post(JOBS, json=BODY | changes)
    assert answer.status_code == 201, answer.text
    return answer.json()


WAY_TO = {
    "PENDING": [],
    "QUEUED": ["QUEUED"],
    "RUNNING": ["QUEUED", "RUNNING"],
    "CANCELLATION_REQUESTED": ["QUEUED", "RUNNING", "CANCELLATION_REQUESTED"],
    "COMPLETED": ["QUEUED", "RUNNING", "COMPLETED"],
    "FAILED": ["QUEUED", "RUNNING", "FAILED"],
    "CANCELLED": ["CANCELLED"],
}
"""The legal transitions by which a new job gets to a status; the database allows no other."""


async def bring(job, status):
    """Brings a new job to a status, as workers and sweep would have. No worker runs in these tests."""
    for step in WAY_TO[status]:
        more = {
            "lease_until": "now() + interval '1 minute'" if step in ("RUNNING", "CANCELLATION_REQUESTED") else "NULL"
        }
        more |= {"queued_at": "now()"} if step == "QUEUED" else {}
        if step == "FAILED":
            more |= {"error_code": "'bad_value'", "error_message": "'Row 3.'", "at_fault": "'caller'"}
        changes = "".join(f", {name} = {value}" for name, value in more.items())
        await connections.execute(f"UPDATE job SET status = $2{changes} WHERE id = $1", UUID(job["id"]), step)


# --- made -------------------------------------------------------------------------------------------------------------


async def test_a_new_job_is_pending_and_shows_every_key(member):
    answer = await member.client.post(JOBS, json=BODY)

    job = answer.json()
    assert answer.status_code == 201
    assert set(job) == DOCUMENT_KEYS | OUR_KEYS
    assert job["user_id"] == member.account
    assert job["status"] == "PENDING"
    assert {name: job[name] for name in BODY} == BODY
    for name in (
        "input_object_key",
        "output_object_key",
        "error_message",
        "input_size_bytes",
        "started_at",
        "ended_at",
    ):
        assert job[name] is None
    assert job["progress"] == 0
    assert UUID(job["id"])


async def test_times_have_milliseconds_and_z(member):
    job = await make(member)

    for name in ("created_at", "updated_at"):
        assert time.strptime(job[name][:19], "%Y-%m-%dT%H:%M:%S")
        assert job[name][19] == "."
        assert len(job[name]) == len("2023-10-27T10:00:00.000Z")
        assert job[name].endswith("Z")


async def test_steps_come_back_letter_for_letter(member):
    steps = '[ {"params":{"value":1.50,  "operator":"eq","column":"\\u00fc"},"type":"filter"}\n]'
    body = f'{{"file_name":"a.csv","original_file_size_bytes":1,"processing_steps":{steps}}}'

    made = await member.client.post(JOBS, content=body, headers={"Content-Type": "application/json"})
    read = await member.client.get(f"{JOBS}/{made.json()['id']}")

    assert made.status_code == 201
    for answer in (made, read):
        assert f'"processing_steps":{steps}' in answer.text


async def test_an_empty_list_of_steps_is_legal(member):
    assert (await make(member, processing_steps=[]))["processing_steps"] == []


async def test_the_last_of_two_equal_keys_counts(member):
    body = '{"file_name":"a.csv","file_name":"b.csv","original_file_size_bytes":1,"processing_steps":[]}'

    made = await member.client.post(JOBS, content=body, headers={"Content-Type": "application/json; charset=utf-8"})

    assert made.json()["file_name"] == "b.csv"


@pytest.mark.parametrize(
    "body",
    [
        {},
        [],
        None,
        "text",
        1,
        {name: value for name, value in BODY.items() if name != "file_name"},
        {name: value for name, value in BODY.items() if name != "original_file_size_bytes"},
        {name: value for name, value in BODY.items() if name != "processing_steps"},
        BODY | {"file_name": 1},
        BODY | {"file_name": None},
        BODY | {"original_file_size_bytes": "10240"},
        BODY | {"original_file_size_bytes": 10240.0},
        BODY | {"original_file_size_bytes": True},
        BODY | {"original_file_size_bytes": None},
        BODY | {"processing_steps": {}},
        BODY | {"processing_steps": None},
        BODY | {"processing_steps": ["filter"]},
        BODY | {"processing_steps": [{}]},
        BODY | {"processing_steps": [{"type": "filter"}]},
        BODY | {"processing_steps": [FILTER | {"more": 1}]},
        BODY | {"color": "red"},
        BODY | {"callback_url": "https://example.com"},
        with_step("explode", {}),
        with_step("aggregate", {"group_by": ["a"], "aggregations": {}}),
        with_step("aggregate", {"group_by": ["a"], "aggregations": [{"column": "b", "function": "mode", "name": "c"}]}),
        with_step("ocr", {}),
        with_step("select", {"columns": "a"}),
        with_step("select", {"columns": [1]}),
        with_step("select", {}),
        with_step("rename", {"columns": ["a"]}),
        with_step("limit", {"n": "5"}),
        with_step("limit", {"n": 1.5}),
        with_step("limit", {"n": True}),
        with_step("convert_format", {}),
        with_step("convert_format", {"to_format": 1}),
        with_step("convert_format", {"to_format": "csv", "delimiters": ";"}),
        with_filter(),
        with_filter(column="a"),
        with_filter(operator="eq", value=1),
        with_filter(column="a", operator="like", value="x"),
        with_filter(column="a", operator="eq", value={"x": 1}),
        with_filter(column="a", operator="eq", value=1, case=False),
        with_filter(column="a", operator="eq", value=1, all=[]),
        with_filter(column="a\0", operator="eq", value=1),
        with_filter(column="a", operator="eq", value="\0"),
        with_step("rename", {"columns": {"a": "b\0"}}),
    ],
)
async def test_a_body_of_a_wrong_shape_is_a_400(member, body):
    answer = await member.client.post(JOBS, json=body)

    assert answer.status_code == 400, answer.text
    assert set(answer.json()) == {"detail"}
    assert len(answer.json()["detail"]) > 5


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"nonsense",
        b"\xff\xfe",
        b'{"file_name": "\xff"}',
        b'\xef\xbb\xbf{"file_name":"a.csv","original_file_size_bytes":1,"processing_steps":[]}',
        b'{"file_name":"a\\ud800.csv","original_file_size_bytes":1,"processing_steps":[]}',
        b'{"file_name":"a.csv","original_file_size_bytes":NaN,"processing_steps":[]}',
        b'{"file_name":"a.csv","original_file_size_bytes":1e999,"processing_steps":[]}',
        b'{"file_name":"a.csv","original_file_size_bytes":1,"processing_steps":[]} {}',
        b"[" * 100_000,
        b'{"a":' * 15_000,
        b'{"file_name":"a.csv","original_file_size_bytes":1,"processing_steps":' + b"[" * 100_000,
        b'{"file_name":"a.csv","original_file_size_bytes":1,"processing_steps":[{"type":"filter","params":'
        + b'{"not":' * 15_000,
        b'{"file_name":"a.csv","original_file_size_bytes":1,"processing_steps":[],"x":' + b"[" * 100_000,
    ],
)
async def test_what_is_no_json_is_a_400(member, body):
    answer = await member.client.post(JOBS, content=body, headers={"Content-Type": "application/json"})

    assert answer.status_code == 400, answer.text
    assert set(answer.json()) == {"detail"}


@pytest.mark.parametrize(
    "body",
    [
        BODY | {"original_file_size_bytes": -1},
        BODY | {"original_file_size_bytes": 50 * 2**30 + 1},
        BODY | {"original_file_size_bytes": 10**30},
        *(
            BODY | {"file_name": name}
            for name in (
                "",
                "noextension",
                "a.docx",
                "a.exe",
                "a/b.csv",
                "a\\b.csv",
                "../a.csv",
                "..a.csv",
                "a\n.csv",
                "a\0.csv",
                "a\x7f.csv",
                "a\x85.csv",
                f"{'a' * 252}.csv",
                f"{'é' * 126}.csv",
            )
        ),
        BODY | {"processing_steps": [FILTER] * 101},
        with_step("select", {"columns": []}),
        with_step("select", {"columns": ["a", "a"]}),
        with_step("rename", {"columns": {}}),
        with_step("rename", {"columns": {"a": "c", "b": "c"}}),
        with_step("limit", {"n": -1}),
        with_step("limit", {"n": 2**64}),
        with_step("convert_format", {"to_format": "docx"}),
        with_step("aggregate", {"group_by": ["a"], "aggregations": []}),
        BODY | {"processing_steps": [{"type": "convert_format", "params": {"to_format": "csv"}}, FILTER]},
        with_filter(column="a", operator="eq"),
        with_filter(column="a", operator="between", value=1),
        with_filter(column="a", operator="between", value=[1]),
        with_filter(column="a", operator="in", value=1),
        with_filter(column="a", operator="eq", value=[1]),
        with_filter(column="a", operator="is_null", value=1),
        with_filter(column="a", operator="contains", value=1),
        with_filter(all=[]),
    ],
)
async def test_an_impossible_value_is_a_422(member, body):
    answer = await member.client.post(JOBS, json=body)

    assert answer.status_code == 422, answer.text
    assert set(answer.json()) == {"detail"}


@pytest.mark.parametrize(
    "name", ["a.CSV", "a.jsonl", "a.csv.gz", "ü ö.tsv", f"{'a' * 251}.csv", ".csv", "a..b.parquet"]
)
async def test_every_other_name_of_a_known_format_will_do(member, name):
    assert (await make(member, file_name=name))["file_name"] == name


@pytest.mark.parametrize("content_type", [None, "text/plain", "application/x-www-form-urlencoded", "text/json"])
async def test_json_must_be_sent_as_json(member, content_type):
    headers = {"Content-Type": content_type} if content_type else {}

    answer = await member.client.post(JOBS, content=msgspec.json.encode(BODY), headers=headers)

    assert answer.status_code == 415
    assert set(answer.json()) == {"detail"}


async def test_a_body_beyond_its_limit_is_a_413(member):
    big = BODY | {"processing_steps": [with_filter(column="x" * 2**20, operator="is_null")]}

    answer = await member.client.post(JOBS, json=big)

    assert answer.status_code == 413
    assert "131072 bytes" in answer.json()["detail"]


# --- idempotency ------------------------------------------------------------------------------------------------------


async def test_the_same_key_and_body_are_one_job_also_side_by_side(member):
    headers = {"Idempotency-Key": "order-1"}

    answers = await asyncio.gather(*(member.client.post(JOBS, json=BODY, headers=headers) for _ in range(8)))

    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert len((await member.client.get(JOBS)).json()) == 1


async def test_a_body_that_says_the_same_in_other_spacing_is_the_same(member):
    headers = {"Idempotency-Key": "k", "Content-Type": "application/json"}
    backwards = msgspec.json.format(msgspec.json.encode(dict(reversed(BODY.items()))))

    first = await member.client.post(JOBS, content=msgspec.json.encode(BODY), headers=headers)
    second = await member.client.post(JOBS, content=backwards, headers=headers)

    assert first.json()["id"] == second.json()["id"]


async def test_the_same_key_with_another_body_is_a_422(member):
    headers = {"Idempotency-Key": "order-1"}
    await member.client.post(JOBS, json=BODY, headers=headers)

    answer = await member.client.post(JOBS, json=BODY | {"file_name": "other.csv"}, headers=headers)

    assert answer.status_code == 422


async def test_keys_belong_to_their_account(member, stranger):
    headers = {"Idempotency-Key": "order-1"}

    mine = await member.client.post(JOBS, json=BODY, headers=headers)
    theirs = await stranger.client.post(JOBS, json=BODY | {"file_name": "b.csv"}, headers=headers)

    assert (mine.status_code, theirs.status_code) == (201, 201)


@pytest.mark.parametrize("key", ["", "a b", "x" * 256, "ü"])
async def test_a_key_that_is_none_is_a_422(member, key):
    answer = await member.client.post(JOBS, json=BODY, headers={"Idempotency-Key": key.encode()})

    assert answer.status_code == 422
    assert answer.json()["detail"].startswith("Idempotency-Key: ")


# --- listed and read --------------------------------------------------------------------------------------------------


async def test_jobs_are_listed_newest_first_and_by_pages(member, stranger):
    made = [(await make(member, file_name=f"{n}.csv"))["id"] for n in range(5)]
    await make(stranger)

    everything = (await member.client.get(JOBS)).json()
    page = (await member.client.get(JOBS, params={"skip": 1, "limit": 2})).json()

    assert [job["id"] for job in everything] == made[::-1]
    assert [job["id"] for job in page] == made[::-1][1:3]
    assert (await member.client.get(JOBS, params={"limit": 0})).json() == []
    assert (await member.client.get(JOBS, params={"skip": 2**63 - 1})).json() == []


@pytest.mark.parametrize(
    "query",
    [
        "limit=-1",
        "limit=1001",
        "limit=ten",
        "limit=1.5",
        "limit=",
        "skip=-1",
        f"skip={2**63}",
        "skip=x",
        f"skip={'9' * 5000}",
    ],
)
async def test_a_page_that_cannot_be_is_a_422(member, query):
    answer = await member.client.get(f"{JOBS}?{query}")

    assert answer.status_code == 422
    assert query.partition("=")[0] in answer.json()["detail"]


async def test_a_job_is_read_as_it_was_made(member):
    made = await make(member)

    assert (await member.client.get(f"{JOBS}/{made['id']}")).json() == made
    assert (await member.client.get(f"{JOBS}/{made['id']}/")).json() == made


async def test_waiting_ends_with_the_job(member):
    made = await make(member)
    waiting = asyncio.create_task(member.client.get(f"{JOBS}/{made['id']}?wait=30", timeout=40))
    await asyncio.sleep(0)

    started = time.monotonic()
    await member.client.post(f"{JOBS}/{made['id']}/cancel")
    answer = await waiting

    assert answer.json()["status"] == "CANCELLED"
    assert time.monotonic() - started < 5


async def test_waiting_ends_with_the_time(member):
    made = await make(member)

    answer = await member.client.get(f"{JOBS}/{made['id']}?wait=1")

    assert answer.json()["status"] == "PENDING"


@pytest.mark.parametrize("wait", ["-1", "31", "x", "1.5", ""])
async def test_a_wait_that_cannot_be_is_a_422(member, wait):
    made = await make(member)

    assert (await member.client.get(f"{JOBS}/{made['id']}?wait={wait}")).status_code == 422


# --- everything on one job: who may -----------------------------------------------------------------------------------

ON_A_JOB = [
    ("GET", "", None),
    ("DELETE", "", None),
    ("POST", "/upload-url", {}),
    ("POST", "/mark-uploaded", {"object_key": "x"}),
    ("POST", "/download-url", {}),
    ("POST", "/cancel", {}),
    ("POST", "/retry", {}),
    ("GET", "/events", None),
    ("POST", "/multipart", {}),
    ("GET", "/multipart", None),
    ("DELETE", "/multipart", None),
    ("POST", "/multipart/parts", {"part_numbers": [1]}),
    ("POST", "/multipart/complete", {"parts": [{"part_number": 1, "etag": "x"}]}),
]


@pytest.mark.parametrize(("method", "path", "body"), ON_A_JOB)
async def test_who_may_do_it(client, member, stranger, method, path, body):  # noqa: PLR0917
    job = await make(member)
    address = f"{JOBS}/{job['id']}{path}"

    assert (await client.request(method, address, json=body)).status_code == 401
    assert (await stranger.client.request(method, address, json=body)).status_code == 403
    assert (await member.client.request(method, f"{JOBS}/{uuid4()}{path}", json=body)).status_code == 404
    spelled_otherwise = (job["id"].replace("-", ""), f"{job['id']}-", f"urn:uuid:{job['id']}", f"%7B{job['id']}%7D")
    for malformed in ("x", "1", f"{job['id']}0", "..%2f", "%00", "ü", *spelled_otherwise):
        answer = await member.client.request(method, f"{JOBS}/{malformed}{path}", json=body)
        assert answer.status_code == 404
        assert set(answer.json()) == {"detail"}


@pytest.mark.parametrize(("method", "path", "body"), ON_A_JOB)
async def test_who_is_asking_comes_before_what_is_sent(client, member, method, path, body):
    job = await make(member)

    answer = await client.request(method, f"{JOBS}/{job['id']}{path}", content=b"nonsense" * 1000)

    assert answer.status_code == 401


async def test_lists_and_new_jobs_need_a_token_too(client):
    assert (await client.get(JOBS)).status_code == 401
    assert (await client.post(JOBS, content=b"nonsense")).status_code == 401


@pytest.mark.parametrize("verb", ["upload-url", "cancel", "download-url", "retry", "multipart"])
@pytest.mark.parametrize("body", [b"[]", b"null", b'{"input":"x"}', b"{", b"0"])
async def test_where_an_empty_object_is_due_anything_else_is_a_400(member, verb, body):
    job = await make(member)

    answer = await member.client.post(
        f"{JOBS}/{job['id']}/{verb}", content=body, headers={"Content-Type": "application/json"}
    )

    assert answer.status_code == 400


@pytest.mark.parametrize(
    "sent", [{}, {"json": {}}, {"content": b" {} ", "headers": {"Content-Type": "application/json"}}]
)
async def test_no_body_and_an_empty_object_are_alike(member, sent):
    job = await make(member)

    answer = await member.client.post(f"{JOBS}/{job['id']}/cancel", **sent)

    assert answer.status_code == 200


# --- cancelled, tried again, deleted ----------------------------------------------------------------------------------


@pytest.mark.parametrize("status", ["PENDING", "QUEUED"])
async def test_a_waiting_job_is_cancelled_at_once(member, status):
    job = await make(member)
    await bring(job, status)

    answer = await member.client.post(f"{JOBS}/{job['id']}/cancel")

    assert (answer.status_code, answer.json()["status"]) == (200, "CANCELLED")
    assert answer.json()["ended_at"].endswith("Z")


async def test_a_running_job_is_asked_to_stop(member):
    job = await make(member)
    await bring(job, "RUNNING")

    answer = await member.client.post(f"{JOBS}/{job['id']}/cancel")

    assert (answer.status_code, answer.json()["status"]) == (200, "CANCELLATION_REQUESTED")


@pytest.mark.parametrize("status", ["COMPLETED", "FAILED", "CANCELLED"])
async def test_a_job_that_has_ended_cannot_be_cancelled(member, status):
    job = await make(member)
    await bring(job, status)

    answer = await member.client.post(f"{JOBS}/{job['id']}/cancel")

    assert answer.status_code == 400
    assert status in answer.json()["detail"]


@pytest.mark.parametrize("status", ["PENDING", "CANCELLED", "COMPLETED"])
async def test_what_cannot_be_tried_again_is_a_400(member, status):
    job = await make(member)
    await bring(job, status)

    assert (await member.client.post(f"{JOBS}/{job['id']}/retry")).status_code == 400


async def test_a_deleted_job_is_gone(member):
    job = await make(member)

    answer = await member.client.delete(f"{JOBS}/{job['id']}")

    assert (answer.status_code, answer.content) == (204, b"")
    assert (await member.client.get(f"{JOBS}/{job['id']}")).status_code == 404
    assert (await member.client.delete(f"{JOBS}/{job['id']}")).status_code == 404


@pytest.mark.parametrize("status", ["RUNNING", "CANCELLATION_REQUESTED"])
async def test_a_job_in_a_workers_hands_cannot_be_deleted(member, status):
    job = await make(member)
    await bring(job, status)

    answer = await member.client.delete(f"{JOBS}/{job['id']}")

    assert answer.status_code == 400


@pytest.mark.parametrize("status", [status for status in Status if status != Status.COMPLETED])
async def test_only_a_completed_job_can_be_downloaded(member, status):
    job = await make(member)
    await bring(job, status)

    answer = await member.client.post(f"{JOBS}/{job['id']}/download-url")

    assert answer.status_code == 400


async def test_a_completed_job_without_its_output_is_a_400(member):
    job = await make(member)
    await bring(job, "COMPLETED")

    assert (await member.client.post(f"{JOBS}/{job['id']}/download-url")).status_code == 400


async def test_a_failed_job_says_what_went_wrong_and_who_can_mend_it(member):
    job = await make(member)
    await bring(job, "FAILED")

    read = (await member.client.get(f"{JOBS}/{job['id']}")).json()

    assert (read["status"], read["error_code"], read["error_message"], read["at_fault"]) == (
        "FAILED",
        "bad_value",
        "Row 3.",
        "caller",
    )


async def test_events_tell_what_happened(member):
    job = await make(member)
    await member.client.post(f"{JOBS}/{job['id']}/cancel")

    events = (await member.client.get(f"{JOBS}/{job['id']}/events")).json()
    later = (await member.client.get(f"{JOBS}/{job['id']}/events", params={"after": 1})).json()

    assert [(event["n"], event["kind"], event["data"]["to"]) for event in events] == [
        (1, "moved", "PENDING"),
        (2, "moved", "CANCELLED"),
    ]
    assert events[0]["at"].endswith("Z")
    assert later == events[1:]
    assert (await member.client.get(f"{JOBS}/{job['id']}/events?after=-1")).status_code == 422


async def test_too_many_pending_jobs_are_a_429(member):
    job = await make(member)
    await connections.execute(
        """
        INSERT INTO job (id, owner, api, lane, pipeline, as_sent, status)
        SELECT gen_random_uuid(), owner, api, lane, pipeline, as_sent, status
        FROM job, generate_series(1, 199) WHERE id = $1
        """,
        UUID(job["id"]),
    )

    answer = await member.client.post(JOBS, json=BODY)

    assert answer.status_code == 429
    assert int(answer.headers["retry-after"]) > 0


@pytest.mark.parametrize("path", ["/plan/x", "/receipt"])
async def test_a_path_that_is_none_is_a_404(member, path):
    assert (await member.client.get(f"{JOBS}{path}")).status_code == 404
