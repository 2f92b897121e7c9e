"""`filemill api`: the API's process, on granian."""

import os
from collections.abc import Callable
from functools import partial
from typing import Any

import click
from granian import Granian
from granian._internal import load_target
from granian.constants import Interfaces, Loops

from filemill import settings
from filemill.local import process

APP = "filemill.app:serve"
KILL_SECONDS = 5
"""How long requests under way may take to end; a waiting one asks again."""


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option("--port", type=click.IntRange(1, 65535), default=8000, show_default=True, help="The port to listen on.")
def api(host: str, port: int) -> None:
    """Run the API alone; the FILEMILL_* environment says where the servers are."""
    settings.hide()
    settings.read(os.environ)  # a wrong one is named here, in one sentence
    server = Granian(
        APP,
        address=host,
        port=port,
        interface=Interfaces.ASGI,
        factory=True,
        loop=Loops.uvloop,
        websockets=False,
        respawn_failed_workers=True,
        workers_kill_timeout=KILL_SECONDS,
        process_name="filemill api",
    )
    server.serve(target_loader=partial(_load, os.getpid()), wrap_loader=False)


def _load(parent: int) -> Callable[..., Any]:
    """Runs in granian's forked worker, which would outlive a parent that was killed."""
    process.die_with(parent)
    return load_target(APP, factory=True)
