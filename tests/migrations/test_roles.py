"""Two roles beside the superuser: the owner migrates, the app reads and writes rows and is refused anything else."""

import asyncio
import contextlib
import shutil
import tempfile
from pathlib import Path

import asyncpg
import pytest

from filemill import migrations, role_queries
from filemill.errors import BadSetting
from filemill.local import postgres
from filemill.local.ports import free_port
from filemill.local.postgres import Postgres
from tests.fixtures import servers
from tests.migrations import dumps
from tests.migrations.test_migrations import LANDED

pytestmark = pytest.mark.anyio

FIRST, *_, LAST = LANDED.values()

REFUSED = {
    "read a file of the machine": "SELECT pg_read_file('/etc/passwd')",
    "list a folder of the machine": "SELECT pg_ls_dir('/')",
    "run a program": "COPY account TO PROGRAM 'cat'",
    "run a program for its output": "COPY account FROM PROGRAM 'true'",
    "write a file of the machine": "COPY account TO '/tmp/accounts'",
    "put a file into the database": "SELECT lo_import('/etc/passwd')",
    "read the roles' passwords": "SELECT rolpassword FROM pg_authid",
    "make a table": "CREATE TABLE public.mine (n int)",
    "make a temporary table": "CREATE TEMPORARY TABLE mine (n int)",
    "make a schema": "CREATE SCHEMA mine",
    "make a function": "CREATE FUNCTION public.mine() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "make an extension": "CREATE EXTENSION pg_trgm",
    "make a role": "CREATE ROLE mine",
    "make a database": "CREATE DATABASE mine",
    "make itself a superuser": "ALTER ROLE CURRENT_USER SUPERUSER",
    "become the owner": "SET ROLE filemill_owner",
    "become the superuser": "SET SESSION AUTHORIZATION filemill",
    "change a table": "ALTER TABLE job ADD COLUMN mine int",
    "take the law of moves away": "ALTER TABLE job DISABLE TRIGGER job_moves",
    "switch triggers off": "SET session_replication_role = 'replica'",
    "empty a table": "TRUNCATE job CASCADE",
    "drop a table": "DROP TABLE job_event",
    "rewrite the law of moves": "CREATE OR REPLACE FUNCTION public.job_move_is_legal() RETURNS trigger LANGUAGE plpgsql"
    " AS 'BEGIN RETURN NEW; END'",
    "read the list of migrations": "SELECT * FROM migration",
    "set a sequence back": "SELECT setval('job_event_id_seq', 1)",
    "change the server's settings": "ALTER SYSTEM SET work_mem = '1GB'",
    "have the settings read again": "SELECT pg_reload_conf()",
    "end the superuser's session": "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'filemill'",
    "end the owner's session": "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
    " WHERE usename = 'filemill_owner'",
}


class Server:
    """A PostgreSQL of its own, since roles belong to a whole server; `databases` of it are brought forwards."""

    def __init__(self, folder):
        self.passwords = {role: servers.secret() for role in (postgres.SUPERUSER, postgres.OWNER, postgres.APP)}
        self.postgres = Postgres(
            folder / "postgres",
            port=free_port(),
            password=self.passwords[postgres.SUPERUSER],
            log=folder / "log",
            durable=False,
        )

    def url(self, role, database=postgres.DATABASE):
        return postgres.address(self.postgres.port, role, self.passwords[role], database)

    async def bring_forwards(self, database=postgres.DATABASE, **more):
        urls = {
            "app_url": self.url(postgres.APP, database),
            "owner_url": self.url(postgres.OWNER, database),
            "admin_url": self.url(postgres.SUPERUSER, database),
        }
        return await migrations.bring_forwards(**urls | more)

    @contextlib.asynccontextmanager
    async def connected(self, role, database=postgres.DATABASE):
        connection = await asyncpg.connect(self.url(role, database))
        try:
            yield connection
        finally:
            await connection.close()


@pytest.fixture(scope="module")
def server():
    folder = Path(tempfile.mkdtemp(prefix="filemill-roles-"))
    folder.chmod(0o711)
    running = Server(folder)
    running.postgres.start()
    try:
        asyncio.run(running.bring_forwards())
        yield running
    finally:
        running.postgres.stop()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
async def app(server):
    async with server.connected(postgres.APP) as connection:
        yield connection


@pytest.fixture
async def superuser(server):
    async with server.connected(postgres.SUPERUSER) as connection:
        await connection.execute("SELECT 'a word of the superuser'")
        yield connection


@pytest.fixture
async def owner(server):
    async with server.connected(postgres.OWNER) as connection:
        yield connection


@pytest.mark.parametrize("statement", REFUSED.values(), ids=REFUSED.keys())
async def test_the_app_is_refused(app, superuser, owner, statement):
    # given sessions of others, which it would like to end
    assert await owner.fetchval("SELECT 1") == await superuser.fetchval("SELECT 1")
    # when, then
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await app.execute(statement)


async def test_the_app_sees_no_statement_of_others(app, superuser):
    seen = await app.fetch("SELECT query FROM pg_stat_activity WHERE usename = 'filemill'")

    assert seen
    assert {row["query"] for row in seen} == {"<insufficient privilege>"}


@pytest.mark.parametrize("database", ["postgres", "template1"])
@pytest.mark.parametrize("role", [postgres.APP, postgres.OWNER])
async def test_neither_role_gets_into_the_servers_own_databases(server, database, role):
    with pytest.raises(asyncpg.InvalidAuthorizationSpecificationError, match="rejects connection"):
        await asyncpg.connect(server.url(role, database))


async def test_nobody_gets_in_without_a_password_or_under_another_name(server):
    for role, password in server.passwords.items():
        with pytest.raises(asyncpg.InvalidPasswordError):
            await asyncpg.connect(server.url(role).replace(password, "guess"))
    with pytest.raises(asyncpg.InvalidAuthorizationSpecificationError, match=r"no pg_hba\.conf entry"):
        await asyncpg.connect(server.url(postgres.APP).replace(postgres.APP, "somebody"))


async def test_the_app_reads_and_writes_rows_and_is_told_of_news(app):
    heard = asyncio.Event()
    await app.add_listener("news", lambda *_: heard.set())

    await app.execute(dumps._ROWS)
    assert await app.fetchval("SELECT count(*) FROM job JOIN account ON account.id = job.owner") == 4
    await app.execute("NOTIFY news")
    for table in ("job_event", "job_file", "object", "job", "account"):
        await app.execute(f"DELETE FROM {table}")

    await asyncio.wait_for(heard.wait(), 5)


async def test_no_password_is_in_the_servers_log(server):
    log = server.postgres._log.read_text()

    assert "permission denied" in log
    assert not any(password in log for password in server.passwords.values())


_OWNERS = """
SELECT 'relation ' || relname AS what, pg_get_userbyid(relowner) AS owner FROM pg_class
WHERE relnamespace = 'public'::regnamespace AND relkind <> 'i'
UNION SELECT 'function ' || proname, pg_get_userbyid(proowner) FROM pg_proc WHERE pronamespace = 'public'::regnamespace
UNION SELECT 'type ' || typname, pg_get_userbyid(typowner) FROM pg_type WHERE typnamespace = 'public'::regnamespace
UNION SELECT 'statistics ' || stxname, pg_get_userbyid(stxowner) FROM pg_statistic_ext
"""

_OTHER_KINDS = """
CREATE TYPE kind AS ENUM ('a'); CREATE DOMAIN number AS int; CREATE TYPE pair AS (a int, b int);
CREATE VIEW accounts AS SELECT * FROM account; CREATE MATERIALIZED VIEW jobs AS SELECT * FROM job;
CREATE SEQUENCE "Own one"; CREATE TABLE "Odd name" (n int GENERATED ALWAYS AS IDENTITY);
CREATE STATISTICS both_of_job ON owner, status FROM job;
CREATE PROCEDURE nothing() LANGUAGE sql AS 'SELECT 1'; CREATE AGGREGATE total(int) (sfunc = int4pl, stype = int);
"""


@pytest.fixture
async def landing(server, superuser):
    """Makes a database out of a dump: all of it is the superuser's then."""
    name = "landed"

    async def land(dump):
        await superuser.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        await superuser.execute(f"CREATE DATABASE {name}")
        await dumps.restore(server.url(postgres.SUPERUSER, name), dump)
        return name

    yield land
    await superuser.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


@pytest.mark.parametrize("landed", LANDED.values(), ids=LANDED.keys())
async def test_what_a_superuser_has_made_becomes_the_owners(server, landing, landed):
    # given a database as it landed one day, in which everything is the superuser's
    name = await landing(landed)
    # when it comes forwards
    await server.bring_forwards(name)
    # then everything is the owner's
    async with server.connected(postgres.SUPERUSER, name) as superuser:
        assert {row["owner"] for row in await superuser.fetch(_OWNERS)} == {postgres.OWNER}
    # and the app works with it
    async with server.connected(postgres.APP, name) as app:
        assert await app.fetchval("SELECT count(*) FROM job") == 4
        await app.execute("UPDATE account SET created_at = now()")
        with pytest.raises(asyncpg.CheckViolationError):
            await app.execute("UPDATE job SET status = 'QUEUED' WHERE status = 'COMPLETED'")
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await app.execute("TRUNCATE job CASCADE")
    # and a second time changes nothing
    assert await server.bring_forwards(name) == []


async def test_every_kind_of_thing_is_handed_over_and_what_is_somebody_elses_is_not(server, landing):
    name = await landing(LAST)
    async with server.connected(postgres.SUPERUSER, name) as superuser:
        await superuser.execute(_OTHER_KINDS)
        await superuser.execute(
            "CREATE ROLE stranger; CREATE TABLE strange (n int); ALTER TABLE strange OWNER TO stranger"
        )
        # when
        await server.bring_forwards(name)
        # then
        owners = {row["what"]: row["owner"] for row in await superuser.fetch(_OWNERS)}
        strange = {what for what, owner in owners.items() if owner != postgres.OWNER}
        assert strange == {"relation strange", "type strange", "type _strange"}
        assert {"relation Own one", "type number", "function total", "statistics both_of_job"} <= owners.keys()
        await superuser.execute("DROP TABLE strange; DROP ROLE stranger")


async def test_rights_that_an_earlier_hand_gave_are_taken_back(server, landing):
    name = await landing(LAST)
    async with server.connected(postgres.SUPERUSER, name) as superuser:
        await superuser.execute(f"ALTER ROLE {postgres.APP} SUPERUSER CREATEDB CREATEROLE")
        await superuser.execute(f"GRANT CREATE ON SCHEMA public TO {postgres.APP}, PUBLIC")

    await server.bring_forwards(name)

    async with server.connected(postgres.APP, name) as app:
        for statement in ("CREATE TABLE mine (n int)", "SELECT pg_ls_dir('/')", "CREATE DATABASE mine"):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await app.execute(statement)


async def test_an_administrator_need_not_be_a_superuser(server, landing):
    # given a database of a role that may make roles and nothing more, as hosted servers have it
    name = await landing("SELECT 1")
    async with server.connected(postgres.SUPERUSER, name) as superuser:
        await superuser.execute("CREATE ROLE landlord CREATEROLE")
        await superuser.execute(f"ALTER DATABASE {name} OWNER TO landlord; SET ROLE landlord")
        await superuser.execute(FIRST)
        await superuser.execute("RESET ROLE")
        for role in (postgres.OWNER, postgres.APP):
            await superuser.execute(f"GRANT {role} TO landlord WITH ADMIN TRUE, SET FALSE, INHERIT FALSE")
        as_landlord = server.url(postgres.SUPERUSER, name) + "&role=landlord"
        # when
        assert await server.bring_forwards(name, admin_url=as_landlord)
        assert await server.bring_forwards(name, admin_url=as_landlord) == []
        # then
        assert {row["owner"] for row in await superuser.fetch(_OWNERS)} == {postgres.OWNER}
        assert not await superuser.fetchval(f"SELECT pg_has_role('landlord', '{postgres.OWNER}', 'SET')")
    async with server.connected(postgres.APP, name) as app:
        assert await app.fetchval("SELECT count(*) FROM job") == 4
    async with server.connected(postgres.SUPERUSER) as superuser:
        await superuser.execute(f"DROP DATABASE {name} WITH (FORCE)")
        await superuser.execute("DROP OWNED BY landlord; DROP ROLE landlord")


async def test_one_role_alone_still_does_everything(server, landing):
    name = await landing(FIRST)

    assert await server.bring_forwards(name, app_url=server.url(postgres.SUPERUSER, name), owner_url="", admin_url="")


async def test_the_app_cannot_migrate_and_the_sentence_says_whom_to_name(server):
    with pytest.raises(BadSetting, match="FILEMILL_DATABASE_OWNER_URL must name one that may"):
        await server.bring_forwards(owner_url="", admin_url="")


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"owner_url": ""}, "FILEMILL_DATABASE_ADMIN_URL is set, and FILEMILL_DATABASE_OWNER_URL is not"),
        ({"owner_url": "postgresql://filemill_app:x@h/d"}, "must name another role than FILEMILL_DATABASE_URL"),
        ({"admin_url": "postgresql://filemill_owner:x@h/d"}, "FILEMILL_DATABASE_ADMIN_URL must name another role"),
        ({"owner_url": "postgresql://filemill_owner@h/d"}, "must name a role and its password"),
        ({"owner_url": "postgresql://filemill_owner:%C3%BC@h/d"}, "ASCII"),
    ],
)
async def test_addresses_that_do_not_fit_are_refused(server, changed, sentence):
    with pytest.raises(BadSetting, match=sentence):
        await server.bring_forwards(**changed)


async def test_a_password_is_kept_as_postgresql_keeps_it(superuser):
    await superuser.execute(f"CREATE ROLE kept LOGIN PASSWORD '{role_queries.scrambled('a word')}'")
    kept = await superuser.fetchval("SELECT rolpassword FROM pg_authid WHERE rolname = 'kept'")
    await superuser.execute("DROP ROLE kept")

    assert kept.startswith("SCRAM-SHA-256$4096:")
    assert role_queries.scrambled("a word") != role_queries.scrambled("a word"), "each has a salt of its own"
