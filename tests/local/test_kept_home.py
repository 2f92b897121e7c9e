"""A home that version 0.1.0 has left opens with everything in it: account, token, job and result."""

import asyncio
import json
import tarfile
from pathlib import Path

import asyncpg
import httpx
import pytest

from filemill.local import home as homes
from filemill.local.ports import free_port
from filemill.local.postgres import Postgres
from tests.fixtures.faulty import FaultyStack

KEPT = Path(__file__).parent / "kept_0_1_0"
JOB = "5e724638-c571-47ad-8da1-84ae1db97508"
RESULT = b'{"city":"Delhi","people":33}\n{"city":"Pune","people":7}\n'


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """The kept home, laid out as it was."""
    folder = tmp_path / "home"
    folder.mkdir(mode=0o700)
    for name in ("secrets.json", "notes.json"):
        homes.write_privately(folder / name, (KEPT / name).read_bytes())
    with tarfile.open(KEPT / "store.tar.xz") as store:
        store.extractall(folder / "store", filter="data")
    password = json.loads((KEPT / "secrets.json").read_text())["postgres"]
    database = Postgres(
        folder / "postgres", port=free_port(), password=password, log=tmp_path / "restore.log", durable=False
    )
    database.start()
    try:
        asyncio.run(restore(database.url, (KEPT / "database.sql").read_text()))
    finally:
        database.stop()
    return folder


async def restore(address: str, dump: str) -> None:
    connection = await asyncpg.connect(address)
    try:
        await connection.execute(dump)
    finally:
        await connection.close()


async def owners(address: str) -> dict[str, set[str]]:
    """Who comes by this address -> whose the tables are."""
    connection = await asyncpg.connect(address)
    try:
        rows = await connection.fetch("SELECT tableowner FROM pg_tables WHERE schemaname = 'public'")
        return {await connection.fetchval("SELECT current_user"): {row["tableowner"] for row in rows}}
    finally:
        await connection.close()


def test_a_home_of_version_0_1_0_keeps_account_token_job_and_result(home: Path) -> None:
    # given
    stack = FaultyStack(home)
    try:
        # when
        stack.start()
        with httpx.Client(base_url=f"{stack.url}/api/v1", timeout=30) as api:
            # then the old password opens the account
            form = {"username": "ada@example.com", "password": "correct horse battery"}
            assert api.post("/auth/login", data=form).status_code == 200
            # and the old token reads the old job
            api.headers["Authorization"] = f"Bearer {(KEPT / 'token.txt').read_text()}"
            assert api.get("/users/me").json()["email"] == "ada@example.com"
            job = api.get(f"/jobs/{JOB}").json()
            assert (job["status"], job["file_name"]) == ("COMPLETED", "cities.csv")
            assert [step["type"] for step in job["processing_steps"]] == ["filter", "convert_format"]
            assert [event["data"].get("to") for event in api.get(f"/jobs/{JOB}/events").json()][-1] == "COMPLETED"
            assert api.get(f"/jobs/{JOB}/receipt").json()["rows_out"] == 2
            # and the old result is there
            url = api.post(f"/jobs/{JOB}/download-url", json={}).json()["download_url"]
            assert httpx.get(url).content == RESULT
        # and the API is a role that owns none of it
        assert asyncio.run(owners(stack.settings.database_url)) == {"filemill_app": {"filemill_owner"}}
    finally:
        stack.stop()
