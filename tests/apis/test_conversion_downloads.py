"""Results on their way out, once each; and the end of a session, after which nothing is left."""

import asyncio
from uuid import UUID, uuid4

import msgspec
import pytest

from filemill import connections, redis_pool
from filemill.accounts import sessions
from filemill.apis.conversion import closing, files, queries
from filemill.jobs import context, sweep
from filemill.jobs.rows import transitions
from filemill.local.ports import free_port
from filemill.storage.s3 import Store
from filemill.web import downloads
from tests.apis.conversions import CSV, Visitor, claim, refusal, told
from tests.fixtures.tidy import assert_tidy

pytestmark = pytest.mark.anyio


@pytest.fixture
def accelerated(app, settings):
    """nginx is said to be in front."""
    app.state.settings = msgspec.structs.replace(settings, accel="on")
    yield
    app.state.settings = settings


@pytest.fixture
async def empty(app):
    """Nothing is there but what the story makes."""
    for table in ("conversion_file", "job", "object", "account"):
        await connections.execute(f"DELETE FROM {table}")
    for key in await context.get().store.keys():
        await context.get().store.remove(key)


async def fetch(who: Visitor, token: str, method: str = "GET", **more):
    return await who.client.request(method, "/download", params={"token": token}, **more)


# --- downloads --------------------------------------------------------------------------------------------------------


async def test_a_token_opens_one_download(guest):
    # given
    job_id = await guest.converted(b"the result", name="Größe der Städte.csv")
    token = await guest.token(job_id)
    # when
    answer = await fetch(guest, token)
    # then
    assert answer.status_code == 200
    assert answer.content == b"the result"
    assert answer.headers["content-length"] == "10"
    assert answer.headers["content-type"] == "application/vnd.test"
    assert answer.headers["content-disposition"] == (
        "attachment; filename*=UTF-8''Gr%C3%B6%C3%9Fe%20der%20St%C3%A4dte.xlsx; filename=Groe_der_Stadte.xlsx"
    )
    assert answer.headers["accept-ranges"] == "none"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"
    # and no second one, though another token does
    assert refusal(await fetch(guest, token)) == (403, "ForbiddenError")
    assert (await fetch(guest, await guest.token(job_id))).content == b"the result"


async def test_of_many_at_once_one_gets_it(guest):
    token = await guest.token(await guest.converted())

    answers = await asyncio.gather(*(fetch(guest, token) for _ in range(8)))

    assert sorted(answer.status_code for answer in answers) == [200] + [403] * 7


async def test_a_store_that_is_away_spends_no_token(app, settings, guest):
    # given
    token = await guest.token(await guest.converted())
    nowhere = Store(msgspec.structs.replace(settings, s3_url=f"http://127.0.0.1:{free_port()}"))
    store, app.state.store = app.state.store, nowhere
    # when
    try:
        refused = await fetch(guest, token)
    finally:
        app.state.store = store
        nowhere.close()
    # then
    assert refusal(refused) == (503, "ServiceUnavailable")
    assert 590 <= await redis_pool.client().ttl(f"download_token:{token}") <= 600
    # and it opens its one download
    assert (await fetch(guest, token)).content == b"result"
    assert refusal(await fetch(guest, token)) == (403, "ForbiddenError")


async def test_several_tokens_stand_side_by_side(guest):
    job_id = await guest.converted()
    first, second = await guest.token(job_id), await guest.token(job_id)

    assert (await fetch(guest, second)).status_code == 200
    assert (await fetch(guest, first)).status_code == 200


async def test_a_foreign_session_gets_nothing_and_spends_nothing(guest, other_guest, client):
    # given
    token = await guest.token(await guest.converted())
    # when others try
    assert refusal(await fetch(other_guest, token)) == (403, "ForbiddenError")
    assert refusal(await fetch(guest, token, headers={"Cookie": ""})) == (401, "SessionValidationError")
    assert refusal(await fetch(guest, token, headers={"Cookie": f"session_id={'A' * 43}"})) == (
        401,
        "SessionValidationError",
    )
    # then the right one still gets it
    assert (await fetch(guest, token)).status_code == 200


async def test_head_tells_the_size_and_spends_nothing(guest):
    token = await guest.token(await guest.converted(b"the result"))

    for _ in range(2):
        head = await fetch(guest, token, "HEAD")
        assert head.status_code == 200
        assert head.content == b""
        assert head.headers["content-length"] == "10"

    assert (await fetch(guest, token)).content == b"the result"
    assert (await fetch(guest, token, "HEAD")).status_code == 403


async def test_there_are_no_ranges(guest):
    token = await guest.token(await guest.converted(b"the result"))

    answer = await fetch(guest, token, headers={"Range": "bytes=0-2"})

    assert answer.status_code == 200
    assert answer.content == b"the result"


@pytest.mark.parametrize("token", ["", "x", "*", "a" * 4_000, "é", "\0"])
async def test_a_token_that_we_have_not_made_is_refused(guest, token):
    assert refusal(await fetch(guest, token)) == (403, "ForbiddenError")


async def test_without_a_token_there_is_nothing_to_download(guest):
    assert refusal(await guest.client.get("/download")) == (400, "ValidationError")


async def test_a_token_lasts_ten_minutes(guest):
    token = await guest.token(await guest.converted())
    key = f"download_token:{token}"
    assert 595 <= await redis_pool.client().ttl(key) <= 600

    await redis_pool.client().delete(key)

    assert refusal(await fetch(guest, token)) == (403, "ForbiddenError")


async def test_only_what_is_completed_can_be_downloaded(guest):
    job_id = await guest.upload()

    async def ask():
        return await guest.client.post("/download_token", json={"job_id": job_id})

    assert refusal(await ask()) == (400, "ValidationError")
    await guest.convert(job_id)
    assert refusal(await ask()) == (400, "ValidationError")
    assert refusal(await guest.client.post("/download_token", json={"job_id": str(uuid4())})) == (
        404,
        "ResourceNotFound",
    )


async def test_a_token_is_asked_for_with_the_csrf_token(guest):
    job_id = await guest.converted()

    answer = await guest.client.post("/download_token", json={"job_id": job_id}, headers={"X-CSRF-Token": "wrong"})

    assert refusal(answer) == (403, "CSRFValidationError")


async def test_a_result_that_is_gone_is_a_404(guest):
    job_id = await guest.converted()
    token = await guest.token(job_id)
    await connections.execute("UPDATE object SET state = 'leaving' WHERE fence = 1")

    assert refusal(await fetch(guest, token)) == (404, "ResourceNotFound")


async def test_ten_downloads_a_minute(guest):
    answers = [await fetch(guest, "x") for _ in range(11)]

    assert [answer.status_code for answer in answers] == [403] * 10 + [429]
    assert refusal(answers[-1]) == (429, "RateLimitExceeded")
    assert "Too many downloads" in answers[-1].json()["data"]["message"]


async def test_six_times_as_many_tokens_as_downloads_a_minute(guest):
    body = {"job_id": str(uuid4())}

    answers = [await guest.client.post("/download_token", json=body) for _ in range(61)]

    assert [answer.status_code for answer in answers] == [404] * 60 + [429]
    assert "Too many download tokens" in answers[-1].json()["data"]["message"]


@pytest.mark.usefixtures("accelerated")
async def test_with_a_proxy_in_front_the_body_is_left_to_it(guest):
    # given
    job_id = await guest.converted(b"the result")
    token = await guest.token(job_id)
    # when
    head, answer = await fetch(guest, token, "HEAD"), await fetch(guest, token)
    # then
    assert "x-accel-redirect" not in head.headers
    assert head.headers["content-length"] == "10"
    assert answer.status_code == 200
    assert answer.content == b""
    assert answer.headers["x-accel-redirect"] == downloads.ACCEL_LOCATION
    assert answer.headers["content-disposition"].endswith("filename=people.xlsx")
    # and what the proxy is told leads to the file, for a minute
    where = answer.headers["x-filemill-object"]
    assert where.startswith(f"/{context.get().store.bucket}/output/")
    assert "X-Amz-Expires=60" in where
    assert answer.headers["x-filemill-etag"].strip('"')
    # and the token is spent
    assert refusal(await fetch(guest, token)) == (403, "ForbiddenError")


# --- the end of a session ---------------------------------------------------------------------------------------------


async def left() -> dict[str, int]:
    """What is left in the database and in the store."""
    counted = {
        table: await connections.fetchval(f"SELECT count(*) FROM {table}")
        for table in ("account", "conversion_file", "job", "job_file", "job_event", "object")
    }
    return counted | {"store": len(await context.get().store.keys())}


NOTHING = dict.fromkeys(("account", "conversion_file", "job", "job_file", "job_event", "object", "store"), 0)


async def run_out(seconds: int = 86_401) -> None:
    """So much time goes by, as PostgreSQL sees it."""
    for table, column in (
        ("account", "expires_at"),
        ("conversion_file", "expires_at"),
        ("job", "expires_at"),
        ("object", "expires_at"),
        ("object", "writable_until"),
    ):
        await connections.execute(
            f"UPDATE {table} SET {column} = {column} - make_interval(secs => $1)",
            float(seconds),
        )


async def sweep_all() -> None:
    await sweep.sweep([queries.forget_expired])
    await sweep.remove_leaving()


async def close(who: Visitor):
    return await who.client.post("/session/close")


@pytest.mark.usefixtures("empty")
async def test_a_closed_session_leaves_nothing(guest):
    # given one file that was converted, one that waits for it, and one that was only uploaded
    await guest.converted()
    await guest.convert(await guest.upload())
    await guest.upload()
    assert (await left())["store"] == 4  # of the first one both: sweep takes the original away within seconds
    # when
    assert told(await close(guest)) == {"message": "Session closed and cleaned up."}
    # then nothing can be asked for
    assert (await guest.client.get("/job_status", params={"job_id": str(uuid4())})).status_code == 401
    # and nothing is there, but rows of what an upload given up might still write
    assert (await left()) | {"object": 0} == NOTHING
    await run_out()
    await sweep_all()
    assert await left() == NOTHING


@pytest.mark.usefixtures("empty")
async def test_closing_stops_what_runs_and_waits_for_it(guest):
    # given a job in a worker's hands
    task = await guest.convert(await guest.upload())
    claimed = await claim(task)

    async def work():
        async with context.get().listener.watch(claimed.id) as changed:
            while await transitions.renew(claimed.id, claimed.fence, 0.5, None) != "CANCELLATION_REQUESTED":
                await changed.wait()
                changed.clear()
        assert await transitions.cancelled(claimed.id, claimed.fence)

    # when
    answer, _ = await asyncio.gather(close(guest), work())
    # then
    told(answer)
    assert (await left()) | {"object": 0} == NOTHING


@pytest.mark.usefixtures("empty")
async def test_what_does_not_stop_in_time_is_swept_once_it_has(guest, monkeypatch):
    # given a worker that does not hear
    monkeypatch.setattr(closing, "WAIT_SECONDS", 0.1)
    task = await guest.convert(await guest.upload())
    claimed = await claim(task)
    # when
    told(await close(guest))
    await sweep_all()
    assert (await left())["job"] == 1
    # then, once it has stopped
    assert await transitions.cancelled(claimed.id, claimed.fence)
    await sweep_all()
    assert (await left())["job"] == 0
    await run_out()
    await sweep_all()
    assert await left() == NOTHING


@pytest.mark.usefixtures("empty")
async def test_whoever_closes_does_not_wait_for_a_slow_store_and_sweep_takes_the_rest(guest, monkeypatch):
    # given more to take away than there is time for
    monkeypatch.setattr(closing, "WAIT_SECONDS", 0)
    await guest.converted()
    await guest.upload()
    # when
    told(await close(guest))
    # then nobody can ask for it, every object has a row that says where it goes
    assert (await left())["store"] > 0
    assert (await left()) | {"store": 0, "object": 0} == NOTHING
    await assert_tidy(context.get().store, connections.fetch)
    # and nothing is left
    await sweep_all()
    assert (await left()) | {"object": 0} == NOTHING


@pytest.mark.usefixtures("empty")
async def test_a_session_that_is_over_leaves_nothing_also_without_redis(guest):
    # given
    await guest.converted()
    await guest.convert(await guest.upload())
    await guest.upload()
    # when everything in Redis is lost, and a day goes by
    await redis_pool.client().flushdb()
    await run_out()
    await sweep_all()
    await sweep_all()
    # then
    assert await left() == NOTHING


@pytest.mark.usefixtures("empty")
async def test_before_its_end_nothing_is_swept(guest):
    job_id = await guest.converted(b"kept")
    await guest.upload()
    await run_out(86_000)
    await sweep_all()

    assert (await fetch(guest, await guest.token(job_id))).content == b"kept"
    assert (await left())["conversion_file"] == 2
    await assert_tidy(context.get().store, connections.fetch)


@pytest.mark.usefixtures("empty")
async def test_closing_touches_nobody_elses_files(guest, other_guest):
    await guest.converted()
    kept = await other_guest.converted(b"kept")

    await close(guest)

    assert (await fetch(other_guest, await other_guest.token(kept))).content == b"kept"


@pytest.mark.usefixtures("empty")
@pytest.mark.parametrize("has_begun", [True, False], ids=["in the file", "before the file"])
async def test_an_upload_that_comes_in_while_its_session_closes_is_not_kept(guest, has_begun):
    # given an upload of which half has come
    half, rest = asyncio.Event(), asyncio.Event()
    field = b'--x\r\nContent-Disposition: form-data; name="job_id"\r\n\r\n' + str(uuid4()).encode() + b"\r\n"
    file = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\n' + CSV

    async def slowly():
        yield field + (file if has_begun else b"")
        half.set()
        await rest.wait()
        yield (b"" if has_begun else file) + b"Eve,Paris\n\r\n--x--\r\n"

    sending = asyncio.create_task(
        guest.client.post("/upload", content=slowly(), headers={"Content-Type": "multipart/form-data; boundary=x"})
    )
    await half.wait()
    # when the session is closed meanwhile
    told(await close(guest))
    rest.set()
    # then
    assert refusal(await sending) == (401, "SessionValidationError")
    assert await connections.fetchval("SELECT count(*) FROM account WHERE expires_at > now()") == 0
    await run_out()
    await sweep_all()
    await sweep_all()
    assert await left() == NOTHING


@pytest.mark.usefixtures("empty")
async def test_a_session_of_a_members_keeps_its_files_until_it_ends(guest):
    # given a session that somebody has signed in to
    job_id = await guest.converted(b"kept")
    former = await sessions.read(guest.session_id)
    member = uuid4()
    await connections.execute(
        "INSERT INTO account (id, email, password_hash, role, token_version, created_at)"
        " VALUES ($1, 'ann@example.com', 'hash', 'user', 0, now())",
        member,
    )
    session = await sessions.sign_in(former, member, 0, 30 * 86_400)
    guest.client.headers.update({"Cookie": f"session_id={session.id}", "X-CSRF-Token": session.csrf})
    later = await guest.upload()
    # when a day goes by
    await run_out()
    await sweep_all()
    # then what was uploaded before is gone, what came later is not, and the accounts stay
    assert refusal(await guest.client.get("/job_status", params={"job_id": job_id})) == (404, "ResourceNotFound")
    assert (await guest.status(later))["status"] == "uploaded"
    # and when the session is closed, its files go and the member stays
    told(await close(guest))
    assert await connections.fetchval("SELECT count(*) FROM conversion_file") == 0
    assert await connections.fetchval("SELECT count(*) FROM account") == 2


async def test_a_file_of_nobodys_is_not_found(guest):
    session = await sessions.read(guest.session_id)
    with pytest.raises(files.NotFound):
        await files.find(session, uuid4())
    assert await queries.result(session.guest, UUID(int=0)) is None
