"""The indexes of a claim, by whom a job counts for."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from filemill import connections

ID = "2026-11-30T21:47:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "indexes on job.share"

STATEMENTS = (
    "DROP INDEX IF EXISTS job_waiting_owner",
    "DROP INDEX IF EXISTS job_held",
    "CREATE INDEX job_waiting_share ON job (lane, coalesce(share, owner), queued_at) WHERE status = 'QUEUED'",
    "CREATE INDEX job_held ON job (lane, coalesce(share, owner)) WHERE status IN ('RUNNING', 'CANCELLATION_REQUESTED')",
)


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="filemill", description=DESCRIPTION)

    async def run() -> None:
        for statement in STATEMENTS:
            await connections.execute(statement)

    manager.add_raw(run)
    return manager
