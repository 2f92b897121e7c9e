"""Crashes are remembered by owner and whole task; what was remembered against everybody's same file is forgotten."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from filemill import connections

ID = "2026-11-30T21:45:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "crashed_job in the place of crashed_file"

_STATEMENTS = (
    "DROP TABLE IF EXISTS crashed_file",
    """
    CREATE TABLE crashed_job (
      id SERIAL PRIMARY KEY,
      owner UUID NOT NULL REFERENCES account (id) ON DELETE CASCADE,
      engine TEXT NOT NULL,
      by_etags TEXT NOT NULL,
      by_hashes TEXT,
      at TIMESTAMPTZ NOT NULL DEFAULT now())
    """,
    "CREATE INDEX crashed_job_owner ON crashed_job (owner)",
)


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="filemill", description=DESCRIPTION)

    async def run() -> None:
        for statement in _STATEMENTS:
            await connections.execute(statement)

    manager.add_raw(run)
    return manager
