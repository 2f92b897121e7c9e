"""`filemill admin`: looks after accounts."""

import asyncio
import os

import click

from filemill import connections, settings
from filemill.accounts import roles


@click.group()
def admin() -> None:
    """Look after accounts."""


@admin.command()
@click.argument("email")
def promote(email: str) -> None:
    """Make the account with this e-mail an admin."""
    asyncio.run(_promote(email))
    click.echo(f"{email} is an admin now.")


async def _promote(email: str) -> None:
    await connections.open(settings.read(os.environ).database_url, size=1, name="filemill admin")
    try:
        await roles.promote(email)
    finally:
        await connections.close()
