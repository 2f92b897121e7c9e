from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.columns.column_types import JSONB
from piccolo.columns.indexes import IndexMethod

ID = "2026-11-21T20:20:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "the pairs of formats that a worker converts"


async def forwards():
    manager = MigrationManager(
        migration_id=ID, app_name="filemill", description=DESCRIPTION
    )

    manager.add_column(
        table_class_name="Worker",
        tablename="worker",
        column_name="pairs",
        db_column_name="pairs",
        column_class_name="JSONB",
        column_class=JSONB,
        params={
            "default": None,
            "null": True,
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
