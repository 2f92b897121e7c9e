"""`filemill worker LANE`: becomes the worker of one lane."""

import os
import sys

import click

from filemill import settings
from filemill.sandbox.kinds import KINDS


@click.command()
@click.argument("lane", metavar="LANE", type=click.Choice(list(KINDS)))
def worker(lane: str) -> None:
    """Run the worker of one lane alone; the FILEMILL_* environment says where the servers are."""
    settings.read(os.environ)  # a wrong one is named here, in one sentence
    os.execv(sys.executable, [sys.executable, "-m", "workers", lane])  # noqa: S606 -- a list, no shell
