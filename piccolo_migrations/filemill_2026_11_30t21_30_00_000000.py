"""Rows of uploads know how much was announced, what was seen to lie there, and why it was removed."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.columns import BigInt, Text

ID = "2026-11-30T21:30:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "object.most_bytes, landed_bytes, refused"


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="filemill", description=DESCRIPTION)
    for name, kind in (("most_bytes", BigInt), ("landed_bytes", BigInt), ("refused", Text)):
        manager.add_column(
            table_class_name="Object",
            tablename="object",
            column_name=name,
            db_column_name=name,
            column_class_name=kind.__name__,
            column_class=kind,
            params={"default": None, "null": True},
            schema=None,
        )
    return manager
