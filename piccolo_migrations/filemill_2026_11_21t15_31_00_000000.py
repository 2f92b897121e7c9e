"""What is due to be hashed is found by an index; a file of its own, as Piccolo runs statements before it adds columns."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from filemill import connections

ID = "2026-11-21T15:31:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "index of object.hash_due"


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="filemill", description=DESCRIPTION)

    async def run() -> None:
        await connections.execute("CREATE INDEX object_hash_due ON object (size) WHERE hash_due IS NOT NULL")

    manager.add_raw(run)
    return manager
