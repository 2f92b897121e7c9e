"""Stories of looking after accounts from the command line."""

import asyncio
import uuid

import asyncpg
import httpx

from tests.fixtures.faulty import FaultyStack
from tests.local.test_commands import run


def test_a_member_of_a_running_home_is_promoted(stack: FaultyStack) -> None:
    # given somebody who registered
    email = f"{uuid.uuid4()}@example.com"
    body = {"email": email, "password": "long enough"}
    assert httpx.post(f"{stack.url}/api/v1/auth/register", json=body).status_code == 201
    # when the operator promotes the e-mail, knowing only the home
    told = run("admin", "promote", email, "--home", str(stack.home.folder))
    assert (told.returncode, told.stdout) == (0, f"{email} is an admin now.\n"), told.stderr

    # then it is an admin
    async def role() -> str:
        connection = await asyncpg.connect(stack.postgres.url)
        try:
            return await connection.fetchval("SELECT role FROM account WHERE email = $1", email)
        finally:
            await connection.close()

    assert asyncio.run(role()) == "admin"
    # and one that nobody has is named
    told = run("admin", "promote", "nobody@example.com", "--home", str(stack.home.folder))
    assert told.returncode != 0
    assert "nobody@example.com" in told.stderr
    assert "Traceback" not in told.stderr


def test_a_folder_that_is_no_home_is_named(tmp_path) -> None:
    told = run("admin", "promote", "a@example.com", "--home", str(tmp_path))
    assert told.returncode == 2
    assert f"{tmp_path} is not the home" in told.stderr
