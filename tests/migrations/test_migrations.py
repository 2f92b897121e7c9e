"""Every database that ever landed comes forwards to the tables of today, with all that is in it."""

import asyncpg
import pytest

from filemill import migrations
from filemill.piccolo_app import APP_CONFIG
from tests.migrations import dumps

pytestmark = pytest.mark.anyio

LANDED = {path.stem: path.read_text() for path in sorted(dumps.LANDED.glob("*.sql"))}


@pytest.fixture
async def empty_database_url(servers, worker_name):
    connection = await asyncpg.connect(servers.database("postgres"))
    name = f"empty_{worker_name}"
    await connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
    await connection.execute(f'CREATE DATABASE "{name}"')
    await connection.close()
    return servers.database(name)


def test_there_is_a_database_to_begin_with():
    assert LANDED


@pytest.mark.parametrize("landed", LANDED.values(), ids=LANDED.keys())
async def test_an_old_database_comes_forwards_with_its_rows(landed: str, empty_database_url, fresh_database_url):
    # given a database as it landed one day, with jobs in it
    await dumps.restore(empty_database_url, landed)
    # when it is migrated
    await migrations.apply(empty_database_url)
    # then its tables are those of a new one, to the last index and trigger
    now = dumps.dump(empty_database_url, "--schema-only", "--exclude-table=migration")
    assert now == dumps.dump(fresh_database_url, "--schema-only", "--exclude-table=migration")
    # and its rows are all there
    connection = await asyncpg.connect(empty_database_url)
    jobs = await connection.fetch("SELECT status FROM job ORDER BY created_at")
    files = await connection.fetchval("SELECT count(*) FROM job_file JOIN object ON object.id = job_file.object")
    owner = await connection.fetchval("SELECT DISTINCT email FROM job JOIN account ON account.id = job.owner")
    await connection.close()
    assert [row["status"] for row in jobs] == ["PENDING", "QUEUED", "COMPLETED", "CANCELLED"]
    assert (files, owner) == (2, "ann@example.com")
    # and a second time changes nothing
    assert await migrations.apply(empty_database_url) == []


async def test_the_migrations_and_the_tables_in_the_code_agree(fresh_database_url):
    connection = await asyncpg.connect(fresh_database_url)
    rows = await connection.fetch(
        "SELECT table_name, column_name, is_nullable = 'YES' AS may_be_null FROM information_schema.columns"
        " WHERE table_schema = 'public' AND table_name <> 'migration'"
    )
    await connection.close()
    there = {(row["table_name"], row["column_name"], row["may_be_null"]) for row in rows}
    wanted = {
        (table._meta.tablename, column._meta.db_column_name, column._meta.params["null"])
        for table in APP_CONFIG.table_classes
        for column in table._meta.columns
    }
    assert there == wanted
