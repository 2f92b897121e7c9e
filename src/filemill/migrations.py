"""Takes a database forwards to the tables of today, as the role that owns them."""

import contextlib
import io
import os
from collections.abc import AsyncIterator

import asyncpg
from piccolo.apps.migrations.commands.forwards import ForwardsMigrationManager
from piccolo.apps.migrations.tables import Migration

from filemill import connections, role_queries
from filemill.errors import BadSetting
from filemill.piccolo_app import APP_CONFIG
from filemill.settings import PREFIX

URL, OWNER_URL, ADMIN_URL = (f"{PREFIX}DATABASE{kind}_URL" for kind in ("", "_OWNER", "_ADMIN"))


async def bring_forwards(*, app_url: str, owner_url: str = "", admin_url: str = "") -> list[str]:
    """Makes the database's roles, where an administrator is named, and runs what migrations are due -> their names.

    Without an owner's address the one role that there is does everything, as in version 0.1.0.
    Raises BadSetting, DatabaseAway.
    """
    if not owner_url:
        if admin_url:
            raise BadSetting(f"{ADMIN_URL} is set, and {OWNER_URL} is not: set both, or neither.")
        return await apply(app_url)
    app, owner = role_queries.role_of(URL, app_url), role_queries.role_of(OWNER_URL, owner_url)
    if owner.name == app.name:
        raise BadSetting(f"{OWNER_URL} must name another role than {URL}; both name {app.name!r}.")
    if admin_url:
        if role_queries.role_of(ADMIN_URL, admin_url).name in (app.name, owner.name):
            raise BadSetting(f"{ADMIN_URL} must name another role than {URL} and {OWNER_URL}.")
        async with _connected(admin_url, ADMIN_URL):
            await role_queries.prepare(owner, app)
    return await apply(owner_url, app=app.name)


async def apply(database_url: str, *, app: str = "") -> list[str]:
    """Runs the migrations that have not run yet, one process at a time -> their names.

    `app` is the role that is let in to the rows, beside the one of the address. Raises BadSetting, DatabaseAway.
    """
    os.environ.setdefault("PICCOLO_CONF", "filemill.piccolo_app")  # where Piccolo looks for its engine
    async with _connected(database_url, OWNER_URL), connections.transaction():
        await connections.execute("SELECT pg_advisory_xact_lock($1)", role_queries.OWN_LOCK)
        await Migration.create_table(if_not_exists=True).run()  # type: ignore[no-untyped-call]
        before = set(await Migration.get_migrations_which_ran(APP_CONFIG.app_name))
        with contextlib.redirect_stdout(io.StringIO()):
            await ForwardsMigrationManager(APP_CONFIG.app_name).run_migrations(APP_CONFIG)
        after = await Migration.get_migrations_which_ran(APP_CONFIG.app_name)
        if app:
            await role_queries.let_in(app)
        return [name for name in after if name not in before]


@contextlib.asynccontextmanager
async def _connected(database_url: str, variable: str) -> AsyncIterator[None]:
    """The pool at this address. Raises BadSetting, naming the variable, where the role may not what it has to."""
    await connections.open(database_url, size=2, name="filemill migrate")
    try:
        yield
    except asyncpg.InsufficientPrivilegeError as error:
        raise BadSetting(
            f"The database's role may not do what a migration takes ({error}): {variable} must name one that may."
        ) from error
    finally:
        await connections.close()
