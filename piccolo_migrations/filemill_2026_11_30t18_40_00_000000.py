"""Jobs count lost workers by themselves: a lost worker says nothing about the file."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.columns.column_types import Integer
from piccolo.columns.indexes import IndexMethod

ID = "2026-11-30T18:40:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "job.workers_lost"


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="filemill", description=DESCRIPTION)
    manager.add_column(
        table_class_name="Job",
        tablename="job",
        column_name="workers_lost",
        db_column_name="workers_lost",
        column_class_name="Integer",
        column_class=Integer,
        params={
            "default": 0,
            "null": False,
            "primary_key": False,
            "unique": False,
            "index": False,
            "index_method": IndexMethod.btree,
            "choices": None,
            "db_column_name": None,
            "secret": False,
        },
        schema=None,
    )
    return manager
