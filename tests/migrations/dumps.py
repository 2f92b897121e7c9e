"""Dumps of databases as they landed: `python -m tests.migrations.dumps` keeps today's, for all later migrations.

A dump is taken whenever a migration lands, and never changed afterwards: somebody's database looks like it.
"""

import asyncio
import os
import tempfile
from pathlib import Path

import asyncpg

from filemill import migrations
from filemill.local import postgres, process
from filemill.local.ports import free_port
from filemill.local.postgres import Postgres
from tests.fixtures import servers

LANDED = Path(__file__).parent / "landed"

_ROWS = """
INSERT INTO account (id, email, password_hash, created_at)
VALUES ('00000000-0000-4000-8000-0000000000a1', 'ann@example.com', 'not a hash', '2026-11-21T10:00:00Z');
INSERT INTO job (id, owner, api, lane, status, pipeline, as_sent, created_at, updated_at)
SELECT id, '00000000-0000-4000-8000-0000000000a1', 'data', 'tables', status,
  '[{"type": "limit", "params": {"n": 1}}]', '[{"type":"limit","params":{"n":1}}]', at, at
FROM (VALUES
  ('00000000-0000-4000-8000-000000000001'::uuid, 'PENDING', timestamptz '2026-11-21T10:00:01Z'),
  ('00000000-0000-4000-8000-000000000002'::uuid, 'QUEUED', timestamptz '2026-11-21T10:00:02Z'),
  ('00000000-0000-4000-8000-000000000003'::uuid, 'COMPLETED', timestamptz '2026-11-21T10:00:03Z'),
  ('00000000-0000-4000-8000-000000000004'::uuid, 'CANCELLED', timestamptz '2026-11-21T10:00:04Z')
) AS one (id, status, at);
INSERT INTO object (id, owner, job, fence, key, state, size, etag, created_at)
SELECT ('00000000-0000-4000-8000-0000000001' || lpad(n::text, 2, '0'))::uuid, '00000000-0000-4000-8000-0000000000a1',
  '00000000-0000-4000-8000-000000000003', fence, key, 'stored', 3, 'etag', '2026-11-21T10:00:05Z'
FROM (VALUES (1, NULL::int, 'input/3/in.csv'), (2, 1, 'output/3/in_processed.csv')) AS one (n, fence, key);
INSERT INTO job_file (job, side, name, file_name, announced_size, object, marked_at)
VALUES
  ('00000000-0000-4000-8000-000000000003', 'in', 'input', 'in.csv', 3,
   '00000000-0000-4000-8000-000000000101', '2026-11-21T10:00:06Z'),
  ('00000000-0000-4000-8000-000000000003', 'out', 'output', 'in_processed.csv', NULL,
   '00000000-0000-4000-8000-000000000102', NULL),
  ('00000000-0000-4000-8000-000000000001', 'in', 'input', 'in.csv', 3, NULL, NULL),
  ('00000000-0000-4000-8000-000000000002', 'in', 'input', 'in.csv', 3, NULL, NULL);
INSERT INTO job_event (job, n, at, kind, data)
VALUES ('00000000-0000-4000-8000-000000000003', 1, '2026-11-21T10:00:07Z', 'moved', '{"from": null, "to": "PENDING"}');
"""
"""What a database of the first days held; later ones hold the same, as their migrations left it."""


def dump(url: str, *options: str) -> str:
    """What pg_dump says of a database, without the lines that only psql understands."""
    program = postgres.bundled_programs() / "pg_dump"
    text = process.run("pg_dump", [str(program), "--no-owner", "--no-privileges", *options, url], environ=os.environ)
    return "".join(line for line in text.splitlines(keepends=True) if not line.startswith("\\"))


async def fill(url: str) -> None:
    """Puts the rows of the first days into an empty database."""
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(_ROWS)
    finally:
        await connection.close()


async def restore(url: str, text: str) -> None:
    """Makes an empty database what the dump was taken from."""
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(text)
    finally:
        await connection.close()


def main() -> None:
    """Keeps a dump of today's database, named by its newest migration."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        place.chmod(0o711)
        server = Postgres(
            place / "postgres", port=free_port(), password=servers.secret(), log=place / "log", durable=False
        )
        server.start()
        try:
            newest = asyncio.run(migrations.apply(server.url))[-1]
            asyncio.run(fill(server.url))
            LANDED.mkdir(exist_ok=True)
            (LANDED / f"{newest.replace(':', '-')}.sql").write_text(dump(server.url, "--inserts"))
        finally:
            server.stop()


if __name__ == "__main__":
    main()
