"""Takes a database forwards to the tables of today."""

import contextlib
import io
import os

from piccolo.apps.migrations.commands.forwards import ForwardsMigrationManager
from piccolo.apps.migrations.tables import Migration

from filemill import connections
from filemill.piccolo_app import APP_CONFIG

LOCK = 70_460_001
"""The advisory lock under which one process migrates; any number no other lock of ours has."""


async def apply(database_url: str) -> list[str]:
    """Runs the migrations that have not run yet, one process at a time -> their names. Raises DatabaseAway."""
    os.environ.setdefault("PICCOLO_CONF", "filemill.piccolo_app")  # where Piccolo looks for its engine
    await connections.open(database_url, size=2, name="filemill migrate")
    try:
        async with connections.transaction():
            await connections.execute("SELECT pg_advisory_xact_lock($1)", LOCK)
            await Migration.create_table(if_not_exists=True).run()  # type: ignore[no-untyped-call]
            before = set(await Migration.get_migrations_which_ran(APP_CONFIG.app_name))
            with contextlib.redirect_stdout(io.StringIO()):
                await ForwardsMigrationManager(APP_CONFIG.app_name).run_migrations(APP_CONFIG)
            after = await Migration.get_migrations_which_ran(APP_CONFIG.app_name)
            return [name for name in after if name not in before]
    finally:
        await connections.close()
