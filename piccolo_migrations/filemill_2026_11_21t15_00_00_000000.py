"""Takes away a column that nothing reads: how long the store has been away is the worker's to say, not the job's."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

ID = "2026-11-21T15:00:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "job.away_since goes"


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="filemill", description=DESCRIPTION)
    manager.drop_column(table_class_name="Job", tablename="job", column_name="away_since", db_column_name="away_since")
    return manager
