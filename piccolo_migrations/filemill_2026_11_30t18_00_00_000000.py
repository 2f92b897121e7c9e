"""Columns take today's words: `door` becomes `api`, `cage` becomes `sandbox`."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

ID = "2026-11-30T18:00:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "job.api, sign_in.api, worker.sandbox"


async def forwards() -> MigrationManager:
    manager = MigrationManager(
        migration_id=ID, app_name="filemill", description=DESCRIPTION
    )
    for table, name, old, new in (
        ("Job", "job", "door", "api"),
        ("SignIn", "sign_in", "door", "api"),
        ("Worker", "worker", "cage", "sandbox"),
    ):
        manager.rename_column(
            table_class_name=table,
            tablename=name,
            old_column_name=old,
            new_column_name=new,
            old_db_column_name=old,
            new_db_column_name=new,
            schema=None,
        )
    return manager
