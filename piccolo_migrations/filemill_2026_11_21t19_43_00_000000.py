"""Accounts whose time is over, that were closed or merged, are found by indexes."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from filemill import connections

ID = "2026-11-21T19:43:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "indexes of accounts that end"

STATEMENTS = (
    "CREATE INDEX account_expires ON account (expires_at) WHERE expires_at IS NOT NULL",
    "CREATE INDEX account_closed ON account (closed_at) WHERE closed_at IS NOT NULL",
    "CREATE INDEX account_merged ON account (merged_into) WHERE merged_into IS NOT NULL",
)


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="filemill", description=DESCRIPTION)

    async def run() -> None:
        for statement in STATEMENTS:
            await connections.execute(statement)

    manager.add_raw(run)
    return manager
