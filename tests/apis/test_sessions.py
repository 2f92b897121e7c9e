"""Sessions at the APIs: the cookie, the CSRF token, requests from elsewhere, and a Redis that is away."""

import re
from uuid import UUID

import msgspec
import pytest

from filemill import connections, redis_pool
from filemill.accounts import sessions
from filemill.apis.conversion import closing
from filemill.app import create_app
from filemill.errors import DatabaseAway
from filemill.jobs import sweep
from tests.apis.conversions import told
from tests.fixtures.visitors import an_address, visitor
from workers.on_completed import EXPIRIES

pytestmark = pytest.mark.anyio


def refusal(answer):
    body = answer.json()
    assert set(body) == {"success", "data"}
    assert body["success"] is False
    assert set(body["data"]) == {"error", "message"}
    return answer.status_code, body["data"]["error"]


async def begin(client) -> str:
    """A session: the cookie is set on every further request, as a browser on localhost would -> the CSRF token."""
    answer = await client.get("/session/init")
    client.headers["Cookie"] = answer.headers["set-cookie"].partition(";")[0]
    return answer.json()["data"]["csrf_token"]


async def test_a_session_begins_with_a_cookie_no_script_can_read(client):
    answer = await client.get("/session/init")

    assert answer.status_code == 200
    assert set(answer.json()) == {"success", "data"}
    assert answer.json()["success"] is True
    assert set(answer.json()["data"]) == {"csrf_token"}
    cookie = answer.headers["set-cookie"].split("; ")
    assert re.fullmatch(r"session_id=[\w-]{43}", cookie[0])
    assert {word.lower() for word in cookie[1:]} == {"httponly", "secure", "samesite=lax", "path=/", "max-age=86400"}
    assert answer.headers["cache-control"] == "no-store"


async def test_a_live_session_is_answered_with_its_own_token(client):
    first = await client.get("/session/init")
    cookie = first.headers["set-cookie"].partition(";")[0]

    again = await client.get("/session/init", headers={"Cookie": cookie})

    assert again.json() == first.json()
    assert again.headers["set-cookie"].partition(";")[0] == cookie


async def test_an_id_of_the_visitors_own_making_is_not_taken(client):
    answer = await client.get("/session/init", headers={"Cookie": f"session_id={'A' * 43}"})

    assert "A" * 43 not in answer.headers["set-cookie"]


async def test_sessions_are_counted_by_address_but_for_the_one_that_is_there(app, client, settings):
    # given
    app.state.settings = msgspec.structs.replace(settings, sessions_per_minute=2)
    try:
        answers = [await client.get("/session/init") for _ in range(3)]
        cookie = answers[0].headers["set-cookie"].partition(";")[0]
        again = await client.get("/session/init", headers={"Cookie": cookie})
        async with visitor(app, an_address()) as other:
            elsewhere = await other.get("/session/init")
    finally:
        app.state.settings = settings
    # then
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert refusal(answers[2]) == (429, "RateLimitExceeded")
    assert 1 <= int(answers[2].headers["retry-after"]) <= 60
    assert "set-cookie" not in answers[2].headers
    # and whoever has one, or comes from elsewhere, goes on
    assert (again.status_code, elsewhere.status_code) == (200, 200)


async def test_a_bearer_that_is_wrong_does_not_keep_anybody_from_a_session(client):
    assert (await client.get("/session/init", headers={"Authorization": "Bearer nonsense"})).status_code == 200


async def test_a_closed_session_is_over(client):
    # given
    csrf = await begin(client)
    # when
    closed = await client.post("/session/close", headers={"X-CSRF-Token": csrf})
    # then
    assert closed.json() == {"success": True, "data": {"message": "Session closed and cleaned up."}}
    assert closed.headers["set-cookie"].startswith('session_id=""; ')
    assert "Max-Age=0" in closed.headers["set-cookie"]
    assert refusal(await client.post("/session/close", headers={"X-CSRF-Token": csrf})) == (
        401,
        "SessionValidationError",
    )
    assert (await client.get("/session/init")).json()["data"]["csrf_token"] != csrf


@pytest.mark.parametrize(
    ("headers", "told"),
    [
        ({}, None),
        ({"Origin": "http://api.test"}, None),
        ({"Origin": "http://api.test", "Sec-Fetch-Site": "same-origin"}, None),
        ({"Origin": "http://api.test:80"}, None),
        ({"Origin": "https://api.test"}, None),
        ({"X-CSRF-Token": "wrong"}, (403, "CSRFValidationError")),
        ({"X-CSRF-Token": "", "Origin": "http://api.test"}, (403, "CSRFValidationError")),
        ({"Origin": "http://evil.test"}, (403, "ForbiddenError")),
        ({"Origin": "http://api.test:8080"}, (403, "ForbiddenError")),
        ({"Origin": "null"}, (403, "ForbiddenError")),
        ({"Origin": "http://[bad"}, (403, "ForbiddenError")),
        ({"Sec-Fetch-Site": "cross-site"}, (403, "ForbiddenError")),
    ],
)
async def test_who_may_close_a_session(client, headers, told):
    await begin(client)

    answer = await client.post("/session/close", headers=headers)

    if told is None:
        assert answer.status_code == 200
    else:
        assert refusal(answer) == told


async def test_without_a_session_there_is_nothing_to_close(client):
    assert refusal(await client.post("/session/close")) == (401, "SessionValidationError")
    forged = {"Cookie": f"session_id={'A' * 43}", "X-CSRF-Token": "x"}
    assert refusal(await client.post("/session/close", headers=forged)) == (401, "SessionValidationError")


async def test_a_bearer_that_is_wrong_is_refused_beside_a_good_cookie(client):
    csrf = await begin(client)

    answer = await client.post("/session/close", headers={"X-CSRF-Token": csrf, "Authorization": "Bearer nonsense"})

    assert refusal(answer) == (401, "SessionValidationError")


@pytest.mark.usefixtures("app")
async def test_a_setting_drops_secure(settings):
    with_setting = create_app(msgspec.structs.replace(settings, cookie_secure="off"))
    async with visitor(with_setting, an_address()) as client:
        assert "secure" not in (await client.get("/session/init")).headers["set-cookie"].lower()


# --- other APIs ------------------------------------------------------------------------------------------------------


@pytest.fixture
async def with_cookie(app, member):
    """A member's browser: a session of theirs, no token."""
    session = await sessions.sign_in(None, UUID(member.account), 0, 3600)
    async with visitor(app, an_address()) as client:
        client.headers["Cookie"] = f"session_id={session.id}"
        yield client


JOB = {"file_name": "a.csv", "original_file_size_bytes": 10, "processing_steps": []}


async def test_a_cookie_of_a_signed_in_session_opens_the_other_apis(with_cookie, member):
    assert (await with_cookie.get("/api/v1/users/me")).json()["email"] == member.email
    assert (await with_cookie.post("/api/v1/jobs", json=JOB)).status_code == 201


async def test_a_session_without_a_member_opens_none(client):
    await begin(client)

    for answer in (
        await client.get("/api/v1/users/me"),
        await client.get("/api/v1/jobs"),
        await client.post("/api/v1/jobs", json=JOB),
    ):
        assert answer.status_code == 401


async def test_a_guest_may_look_at_jobs_and_make_none(client):
    await begin(client)
    session = await sessions.read(client.headers["Cookie"].partition("=")[2])
    await session.admit_guest()

    assert (await client.get("/api/v1/jobs")).json() == []
    for answer in (
        await client.get("/api/v1/users/me"),
        await client.post("/api/v1/jobs", json=JOB),
        await client.post("/api/v1/jobs/plan", json=JOB | {"sample": "a\n1\n"}),
    ):
        assert answer.status_code == 401


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Origin": "http://api.test"}, 201),
        ({"Origin": "http://evil.test"}, 403),
        ({"Origin": "null"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-origin"}, 201),
        ({"Content-Type": "text/plain"}, 415),
        ({"Content-Type": "application/xml"}, 415),
    ],
)
async def test_a_page_of_another_site_cannot_use_a_cookie(with_cookie, headers, status):
    answer = await with_cookie.post("/api/v1/jobs", json=JOB, headers=headers)

    assert answer.status_code == status
    if status != 201:
        assert set(answer.json()) == {"detail"}


async def test_a_body_that_says_nothing_of_its_kind_is_not_taken_with_a_cookie(with_cookie):
    made = await with_cookie.post("/api/v1/jobs", json=JOB)
    cancel = f"/api/v1/jobs/{made.json()['id']}/cancel"

    assert (await with_cookie.post(cancel, content=b"{}")).status_code == 415
    assert (await with_cookie.post(cancel)).status_code == 200


async def test_a_token_needs_no_origin(member):
    answer = await member.client.post("/api/v1/jobs", json=JOB, headers={"Origin": "http://elsewhere.test"})

    assert answer.status_code == 201


async def test_a_session_dies_with_its_members_tokens(with_cookie, member):
    await connections.execute("UPDATE account SET token_version = 1 WHERE email = $1", member.email)

    assert (await with_cookie.get("/api/v1/users/me")).status_code == 401
    # and a new one begins where it was
    again = await with_cookie.get("/session/init")
    assert not again.headers["set-cookie"].startswith(with_cookie.headers["Cookie"])


# --- Redis is away ----------------------------------------------------------------------------------------------------


@pytest.fixture
async def without_redis(app, settings):
    """Nobody listens where Redis should be."""
    await redis_pool.close()
    redis_pool.open("redis://127.0.0.1:1/0")
    yield
    await redis_pool.close()
    redis_pool.open(settings.redis_url)


@pytest.mark.usefixtures("without_redis")
async def test_without_redis_there_are_no_sessions_and_it_is_said_so(client):
    cookie = {"Cookie": f"session_id={'A' * 43}"}

    for answer in (
        await client.get("/session/init"),
        await client.get("/session/init", headers=cookie),
        await client.post("/session/close", headers=cookie),
    ):
        assert refusal(answer) == (503, "ServiceUnavailable")
        assert answer.headers["retry-after"] == "5"


async def test_a_token_works_without_redis(member, without_redis):
    assert (await member.client.get("/api/v1/users/me")).status_code == 200


# --- an ending that does not come to its end -------------------------------------------------------------------------


@pytest.mark.parametrize("is_member", [False, True], ids=["a guest's", "a member's"])
async def test_what_a_close_has_begun_sweep_completes(app, guest, member, monkeypatch, is_member):
    # given a session with a file that is being converted; it may be a member's, who has more than that
    if is_member:
        session = await sessions.sign_in(await sessions.read(guest.session_id), UUID(member.account), 0, 3600)
        guest.client.headers["Cookie"] = f"session_id={session.id}"
        guest.client.headers["X-CSRF-Token"] = session.csrf
    await guest.upload()
    task = UUID(await guest.convert(await guest.upload()))
    owner = await connections.fetchval("SELECT owner FROM job WHERE id = $1", task)

    # when it is closed, and PostgreSQL goes away in the middle of that
    async def away(*_):
        raise DatabaseAway

    monkeypatch.setattr(closing, "_begin", away)
    assert refusal(await guest.client.post("/session/close")) == (503, "ServiceUnavailable")
    monkeypatch.undo()
    # then the session is over
    assert refusal(await guest.client.post("/session/close")) == (401, "SessionValidationError")
    # and the next sweeps take all the session had
    for _ in range(2):
        await sweep.sweep(EXPIRIES)
    await sweep.remove_leaving()
    assert await connections.fetchval("SELECT count(*) FROM job WHERE owner = $1", owner) == 0
    assert await connections.fetchval("SELECT count(*) FROM conversion_file WHERE guest = $1", owner) == 0
    assert await connections.fetchval("SELECT count(*) FROM object WHERE owner = $1 AND state <> 'leaving'", owner) == 0
    assert await connections.fetchval("SELECT count(*) FROM account WHERE id = $1", owner) == (1 if is_member else 0)


async def test_a_session_stays_where_its_guest_could_not_be_ended(guest, monkeypatch):
    # given
    job_id = await guest.upload()

    async def away(*_):
        raise DatabaseAway

    # when it is closed while PostgreSQL is away
    monkeypatch.setattr(closing.accounts, "end_guest", away)
    assert refusal(await guest.client.post("/session/close")) == (503, "ServiceUnavailable")
    monkeypatch.undo()
    # then nothing has happened, and it can be closed again
    assert (await guest.status(job_id))["status"] == "uploaded"
    told(await guest.client.post("/session/close"))
