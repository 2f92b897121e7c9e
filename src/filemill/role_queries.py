"""The database's two roles: the owner, who migrates, and the app, which reads and writes rows and does nothing else.

`prepare` works as an administrator and may be run again at any time; `let_in` works as the owner, after each migration.
"""

import base64
import hashlib
import hmac
import os
from urllib.parse import unquote, urlsplit

import msgspec

from filemill import connections
from filemill.errors import BadSetting

ROUNDS = 4096
"""Of SCRAM, as PostgreSQL itself takes; a password of 32 random bytes needs none."""

OWN_LOCK = 70_460_001
"""The advisory lock of whoever changes tables, owners or roles; any number no other lock of ours has."""

NOT_THE_APPS = "migration"
"""Piccolo's list of migrations: the app neither reads nor writes it."""


class Role(msgspec.Struct, frozen=True):
    """A role of the database, as an address names it."""

    name: str
    password: str


def role_of(variable: str, url: str) -> Role:
    """The role that the address in a variable names. Raises BadSetting where its name or password is missing."""
    address = urlsplit(url)
    if not address.username or not address.password:
        raise BadSetting(f"{variable} must name a role and its password, as postgresql://role:password@host:port/name.")
    return Role(unquote(address.username), unquote(address.password))


@connections.in_transaction
async def prepare(owner: Role, app: Role) -> None:
    """Makes both roles, gives them their passwords and rights, and hands the owner what an earlier version has made.

    To be called by a superuser, or by a role that may create roles and owns the database and its tables.
    """
    await connections.execute("SELECT pg_advisory_xact_lock($1)", OWN_LOCK)
    is_superuser = await connections.fetchval("SELECT rolsuper FROM pg_roles WHERE rolname = current_user")
    for role in (owner, app):
        await _make(role, may_all=is_superuser)
    if not is_superuser:  # to give something away, one must be allowed to be whoever gets it
        await _run("SELECT format('GRANT %I TO CURRENT_USER', $1::text)", owner.name)
    for statement in _RIGHTS:
        await _run(statement, owner.name, app.name)
    for row in await connections.fetch(_FOREIGN, owner.name):
        await connections.execute(row["statement"])
    if not is_superuser:
        await _run("SELECT format('REVOKE %I FROM CURRENT_USER', $1::text)", owner.name)


async def let_in(app: str) -> None:
    """Lets the app read and write the rows of every table of ours, as its owner; nothing else of them is the app's."""
    for statement in _ROWS:
        await _run(statement, app, NOT_THE_APPS)


async def _make(role: Role, *, may_all: bool) -> None:
    known = await connections.fetchval("SELECT 1 FROM pg_roles WHERE rolname = $1", role.name)
    if not known:
        await _run("SELECT format('CREATE ROLE %I', $1::text)", role.name)
    # A new role has none of these, and only a superuser may so much as name them.
    more = "NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS" if may_all else ""
    await _run(
        f"SELECT format('ALTER ROLE %I LOGIN {more} PASSWORD %L', $1::text, $2::text)",
        role.name,
        scrambled(role.password),
    )


async def _run(statement: str, *args: object) -> None:
    """Runs the statement that this one makes of its arguments: PostgreSQL's DDL takes none. NULL is nothing to do."""
    made = await connections.fetchval(statement, *args)
    if made:
        await connections.execute(made)


def scrambled(password: str) -> str:
    """A password as PostgreSQL keeps it (RFC 5803), so that the password itself is in no log. Raises BadSetting."""
    if not password.isascii():
        raise BadSetting("The password of a database role must be of ASCII characters.")
    salt = os.urandom(16)
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, ROUNDS)
    client_key, server_key = (hmac.digest(salted, name, "sha256") for name in (b"Client Key", b"Server Key"))
    stored_key = hashlib.sha256(client_key).digest()
    coded = [base64.b64encode(part).decode() for part in (salt, stored_key, server_key)]
    return f"SCRAM-SHA-256${ROUNDS}:{coded[0]}${coded[1]}:{coded[2]}"


_RIGHTS = (
    "SELECT format('GRANT CONNECT ON DATABASE %I TO %I, %I', current_database(), $1::text, $2::text)",
    # PUBLIC is every role: what it had, both would have.
    "SELECT format('REVOKE CREATE, TEMP ON DATABASE %I FROM PUBLIC, %I, %I', current_database(), $1::text, $2::text)",
    "SELECT format('REVOKE CREATE ON SCHEMA public FROM PUBLIC, %2$I', $1::text, $2::text)",
    "SELECT format('GRANT USAGE ON SCHEMA public TO %I, %I', $1::text, $2::text)",
    "SELECT format('GRANT CREATE ON SCHEMA public TO %1$I', $1::text, $2::text)",
)

_FOREIGN = """
WITH
wanted AS (SELECT oid FROM pg_roles WHERE rolname = $1),
-- What the role has made that migrated before, or that asks now. Whatever else lies here is not ours.
former AS (
  SELECT oid FROM pg_roles WHERE rolname = current_user
  UNION SELECT relowner FROM pg_class WHERE oid = to_regclass('public.migration')
),
known AS (
  SELECT
    1 AS place, 'pg_class'::regclass AS catalog, c.oid, c.relowner AS owner,
    CASE c.relkind WHEN 'v' THEN 'VIEW' WHEN 'm' THEN 'MATERIALIZED VIEW' WHEN 'S' THEN 'SEQUENCE'
      WHEN 'f' THEN 'FOREIGN TABLE' ELSE 'TABLE' END AS kind,
    format('public.%I', c.relname) AS name
  FROM pg_class AS c
  WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
    -- A column's own sequence goes with its table.
    AND NOT EXISTS (SELECT FROM pg_depend AS d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid
      AND d.refclassid = 'pg_class'::regclass AND d.deptype IN ('a', 'i') AND c.relkind = 'S')
  UNION ALL
  SELECT 2, 'pg_proc'::regclass, p.oid, p.proowner, 'ROUTINE', p.oid::regprocedure::text
  FROM pg_proc AS p WHERE p.pronamespace = 'public'::regnamespace
  UNION ALL
  SELECT 3, 'pg_type'::regclass, t.oid, t.typowner, 'TYPE', format('public.%I', t.typname)
  FROM pg_type AS t LEFT JOIN pg_class AS c ON c.oid = t.typrelid
  WHERE t.typnamespace = 'public'::regnamespace AND (t.typtype IN ('e', 'd', 'r') OR c.relkind = 'c')
  UNION ALL
  SELECT 4, 'pg_statistic_ext'::regclass, s.oid, s.stxowner, 'STATISTICS', format('public.%I', s.stxname)
  FROM pg_statistic_ext AS s WHERE s.stxnamespace = 'public'::regnamespace
)
SELECT format('ALTER %s %s OWNER TO %I', kind, name, $1) AS statement
FROM known, wanted
WHERE known.owner <> wanted.oid AND known.owner IN (SELECT oid FROM former)
  AND NOT EXISTS (SELECT FROM pg_depend AS d
    WHERE d.classid = known.catalog AND d.objid = known.oid AND d.deptype = 'e')
ORDER BY place, name
"""

_OURS = """
FROM pg_class AS c
WHERE c.relnamespace = 'public'::regnamespace AND pg_get_userbyid(c.relowner) = current_user
"""

_ROWS = (
    f"""
    SELECT format('GRANT SELECT, INSERT, UPDATE, DELETE ON TABLE %s TO %I',
      string_agg(format('public.%I', c.relname), ', '), $1::text)
    {_OURS} AND c.relkind IN ('r', 'p') AND c.relname <> $2
    HAVING count(*) > 0
    """,
    f"""
    SELECT format('GRANT USAGE ON SEQUENCE %s TO %I', string_agg(format('public.%I', c.relname), ', '), $1::text)
    {_OURS} AND c.relkind = 'S' AND c.relname NOT LIKE $2 || '\\_%'
    HAVING count(*) > 0
    """,
)
