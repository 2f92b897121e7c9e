"""`filemill migrate`: takes the database forwards."""

import asyncio
import os

import click

from filemill import migrations, settings


@click.command()
def migrate() -> None:
    """Take the database of FILEMILL_DATABASE_URL forwards to the tables of this version.

    FILEMILL_DATABASE_OWNER_URL names the role that owns the tables; FILEMILL_DATABASE_ADMIN_URL one that may make both.
    """
    told = settings.read(os.environ)
    names = asyncio.run(
        migrations.bring_forwards(
            app_url=told.database_url, owner_url=told.database_owner_url, admin_url=told.database_admin_url
        )
    )
    click.echo("\n".join(names) if names else "Nothing to do: the database is up to date.")
