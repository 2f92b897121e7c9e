"""Registering, signing in and asking who one is at the data API."""

import asyncio
import time
from uuid import uuid4

import jwt
import pytest

from filemill import connections
from filemill.accounts import rate_limits
from tests.fixtures.visitors import PASSWORD, an_address, an_email, visitor

pytestmark = pytest.mark.anyio

REGISTER = "/api/v1/auth/register"
LOGIN = "/api/v1/auth/login"
ME = "/api/v1/users/me"


async def test_a_user_registers_signs_in_and_is_known(client):
    email = an_email()

    made = await client.post(REGISTER, json={"email": email.upper(), "password": PASSWORD})
    entered = await client.post(LOGIN, data={"username": email, "password": PASSWORD})
    token = entered.json()["access_token"]
    known = await client.get(ME, headers={"Authorization": f"Bearer {token}"})

    assert (made.status_code, entered.status_code, known.status_code) == (201, 200, 200)
    assert made.json() == {"id": made.json()["id"], "email": email}
    assert entered.json() == {"access_token": token, "token_type": "bearer"}
    assert entered.headers["cache-control"] == "no-store"
    assert known.json() == made.json()


async def test_a_token_lasts_twelve_hours_and_names_account_version_and_sign_in(member):
    token = member.client.headers["Authorization"].removeprefix("Bearer ")

    said = jwt.decode(token, options={"verify_signature": False})

    assert said["exp"] - said["iat"] == 12 * 3600
    assert (said["sub"], said["ver"], said["typ"], said["iss"]) == (member.account, 0, "access", "filemill")
    assert {"sid", "jti"} <= set(said)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"email": "a@example.com"},
        {"password": PASSWORD},
        {"email": "a@example.com", "password": PASSWORD, "role": "admin"},
        {"email": 1, "password": PASSWORD},
        {"email": "a@example.com", "password": 12345678},
        {"email": "a@example.com", "password": "short"},
        {"email": "a@example.com", "password": "x" * 201},
        {"email": "a@example.com", "password": "with a nul \0 inside"},
        {"email": "a\0@example.com", "password": PASSWORD},
        {"email": "no address", "password": PASSWORD},
        {"email": None, "password": PASSWORD},
        [],
        None,
        "text",
    ],
)
async def test_what_cannot_be_registered_is_a_400(client, body):
    answer = await client.post(REGISTER, json=body)

    assert answer.status_code == 400
    assert isinstance(answer.json()["detail"], str)


async def test_a_taken_email_is_a_400_also_in_other_letters(client):
    email = an_email()
    await client.post(REGISTER, json={"email": email, "password": PASSWORD})

    again = await client.post(REGISTER, json={"email": email.upper(), "password": PASSWORD})

    assert again.status_code == 400
    assert again.json() == {"detail": "This e-mail is already registered."}


async def test_of_eight_registrations_at_once_one_wins(client):
    body = {"email": an_email(), "password": PASSWORD}

    answers = await asyncio.gather(*(client.post(REGISTER, json=body) for _ in range(8)))

    assert sorted(answer.status_code for answer in answers) == [201] + [400] * 7


async def test_wrong_passwords_and_unknown_users_get_the_same_answer(client, member):
    wrong = await client.post(LOGIN, data={"username": member.email, "password": "wrong password"})
    unknown = await client.post(LOGIN, data={"username": an_email(), "password": PASSWORD})

    assert wrong.status_code == unknown.status_code == 400
    assert wrong.json() == unknown.json()
    assert wrong.json()["detail"].startswith("Invalid credentials")


@pytest.mark.parametrize(
    "sent",
    [
        {"json": {"username": "a@example.com", "password": PASSWORD}},
        {"data": {"username": "a@example.com"}},
        {"data": {"password": PASSWORD}},
        {"files": {"username": (None, "a@example.com"), "password": (None, PASSWORD)}},
        {"content": b""},
        {"content": b"", "headers": {"Content-Type": "application/x-www-form-urlencoded"}},
        {"content": b"username=%FF&password=x", "headers": {"Content-Type": "application/x-www-form-urlencoded"}},
        {"content": b"username=\xff&password=x", "headers": {"Content-Type": "application/x-www-form-urlencoded"}},
        {"content": b"username=a%00b&password=x", "headers": {"Content-Type": "application/x-www-form-urlencoded"}},
        {
            "content": b"username=a&username=b&password=x",
            "headers": {"Content-Type": "application/x-www-form-urlencoded"},
        },
        {"content": b"a=1&" * 50, "headers": {"Content-Type": "application/x-www-form-urlencoded"}},
    ],
)
async def test_a_login_that_is_not_the_form_is_a_400(client, sent):
    answer = await client.post(LOGIN, **sent)

    assert answer.status_code == 400
    assert isinstance(answer.json()["detail"], str)


async def test_passwords_arrive_letter_for_letter_and_other_fields_of_oauth2_are_passed_over(client):
    email, password = an_email(), "a+b&c=d%20 é €"
    await client.post(REGISTER, json={"email": email, "password": password})

    form = {"grant_type": "password", "scope": "", "client_id": "x", "username": email, "password": password}
    answer = await client.post(LOGIN, data=form)

    assert answer.status_code == 200


async def test_a_form_of_too_many_fields_is_told_so(client):
    form = {"username": "a@example.com", "password": PASSWORD} | {f"more{n}": "" for n in range(19)}

    answer = await client.post(LOGIN, data=form)

    assert answer.status_code == 400
    assert answer.json()["detail"] == "The form has more than the 20 fields it may have."


async def test_after_ten_failures_there_is_a_429_that_says_when_to_come_again(client, member):
    wrong = {"username": member.email, "password": "wrong password"}
    for _ in range(10):
        assert (await client.post(LOGIN, data=wrong)).status_code == 400

    refused = await client.post(LOGIN, data={"username": member.email, "password": PASSWORD})

    assert refused.status_code == 429
    assert 0 < int(refused.headers["retry-after"]) <= 900
    assert isinstance(refused.json()["detail"], str)


async def test_nobody_can_pose_as_another_address(client, member):
    wrong = {"username": member.email, "password": "wrong password"}
    statuses = [
        (await client.post(LOGIN, data=wrong, headers={"X-Forwarded-For": an_address()})).status_code for _ in range(11)
    ]

    assert statuses == [400] * 10 + [429]


async def test_without_a_token_there_is_a_401(client):
    answer = await client.get(ME)

    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    assert answer.json() == {"detail": "Not signed in: send a valid bearer token."}


@pytest.mark.parametrize(
    "header", ["", "Bearer", "Bearer ", "Bearer x", "Basic dTpw", "x" * 5000, "Bearer é", "bearer a.b.c"]
)
async def test_credentials_that_are_no_valid_token_are_a_401(client, header):
    answer = await client.get(ME, headers={"Authorization": header.encode("latin-1")})

    assert answer.status_code == 401
    assert set(answer.json()) == {"detail"}


async def test_the_scheme_may_be_written_in_any_letters(member):
    token = member.client.headers["Authorization"].removeprefix("Bearer ")

    assert (await member.client.get(ME, headers={"Authorization": f"bearer {token}"})).status_code == 200


async def test_an_expired_token_is_a_401(client, settings, member):
    said = {"sub": member.account, "ver": 0, "sid": str(uuid4()), "typ": "access", "iat": int(time.time()) - 100}
    said |= {"exp": int(time.time()) - 1, "jti": "1", "iss": "filemill"}
    token = jwt.encode(said, settings.secret, algorithm="HS256")

    assert (await client.get(ME, headers={"Authorization": f"Bearer {token}"})).status_code == 401


@pytest.mark.parametrize("change", ["token_version = token_version + 1", "closed_at = now()", "expires_at = now()"])
async def test_tokens_of_a_closed_or_changed_account_die_at_once(member, change):
    assert (await member.client.get(ME)).status_code == 200

    await connections.execute(f"UPDATE account SET {change} WHERE email = $1", member.email)

    assert (await member.client.get(ME)).status_code == 401


async def test_routes_without_authentication_do_not_look_at_credentials(client):
    bad = {"Authorization": "Bearer nonsense"}

    made = await client.post(REGISTER, json={"email": an_email(), "password": PASSWORD}, headers=bad)
    live = await client.get("/health/live", headers=bad)

    assert (made.status_code, live.status_code) == (201, 200)


async def test_behind_a_trusted_proxy_each_client_has_his_own_limit(app, member):
    proxy = an_address()
    trusted, app.state.trusted = app.state.trusted, (__import__("ipaddress").ip_network(proxy),)
    try:
        async with visitor(app, proxy) as client:
            wrong = {"username": member.email, "password": "wrong password"}
            statuses = []
            for _ in range(12):
                answer = await client.post(LOGIN, data=wrong, headers={"X-Forwarded-For": f"evil, {an_address()}"})
                statuses.append(answer.status_code)
    finally:
        app.state.trusted = trusted

    assert statuses == [400] * 12


async def test_so_many_registrations_an_hour_from_one_address(app):
    # given an address that has registered as often as it may
    address = an_address()
    for _ in range(60):
        await rate_limits.take("registrations", address, 60, "hour")
    # when it registers once more
    async with visitor(app, address) as client:
        answer = await client.post(REGISTER, json={"email": an_email(), "password": PASSWORD})
    # then it hears when to come again, and others register as before
    assert answer.status_code == 429
    assert "60 an hour are allowed" in answer.json()["detail"]
    assert 3500 < int(answer.headers["retry-after"]) <= 3600
    async with visitor(app, an_address()) as client:
        assert (await client.post(REGISTER, json={"email": an_email(), "password": PASSWORD})).status_code == 201
