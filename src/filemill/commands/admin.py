"""`filemill admin`: looks after accounts."""

import asyncio
import os
from pathlib import Path

import click

from filemill import connections, settings
from filemill.accounts import roles
from filemill.local import home as homes
from filemill.local import postgres


@click.group()
def admin() -> None:
    """Look after accounts."""


@admin.command()
@click.argument("email")
@click.option(
    "--home",
    type=click.Path(file_okay=False, path_type=Path),
    help="The home of a filemill serve that is running; without it the FILEMILL_* settings say where the database is.",
)
def promote(email: str, home: Path | None) -> None:
    """Make the account with this e-mail an admin."""
    asyncio.run(_promote(email, _database_of(home) if home else settings.read(os.environ).database_url))
    click.echo(f"{email} is an admin now.")


def _database_of(home: Path) -> str:
    secrets, notes = homes.look_into(home)
    return postgres.address(notes.ports["postgres"][0], postgres.APP, secrets.postgres_app)


async def _promote(email: str, database_url: str) -> None:
    await connections.open(database_url, size=1, name="filemill admin")
    try:
        await roles.promote(email)
    finally:
        await connections.close()
