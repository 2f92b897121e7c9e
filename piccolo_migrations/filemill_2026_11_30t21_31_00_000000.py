"""Addresses to upload to that are still good get the size that was announced for them, and are found by an index."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from filemill import connections

ID = "2026-11-30T21:31:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "object.most_bytes of uploads on their way"


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="filemill", description=DESCRIPTION)

    async def run() -> None:
        await connections.execute(
            """
            UPDATE object SET most_bytes = f.announced_size FROM job_file f
            WHERE f.object = object.id AND f.side = 'in' AND object.fence IS NULL
              AND object.writable_until > clock_timestamp()
            """
        )
        await connections.execute(
            "CREATE INDEX IF NOT EXISTS object_uploads ON object (writable_until) WHERE most_bytes IS NOT NULL"
        )

    manager.add_raw(run)
    return manager
