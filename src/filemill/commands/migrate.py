"""`filemill migrate`: takes the database forwards."""

import asyncio
import os

import click

from filemill import migrations, settings


@click.command()
def migrate() -> None:
    """Take the database of FILEMILL_DATABASE_URL forwards to the tables of this version."""
    names = asyncio.run(migrations.apply(settings.read(os.environ).database_url))
    click.echo("\n".join(names) if names else "Nothing to do: the database is up to date.")
