"""`filemill api`: the API's process."""

import importlib
import os

import click

from filemill import settings


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option("--port", type=click.IntRange(1, 65535), default=8000, show_default=True, help="The port to listen on.")
@click.option(
    "--health-port",
    type=click.IntRange(1, 65535),
    help="A port on loopback for /health and /metrics alone, where no limit on connections counts.",
)
def api(host: str, port: int, health_port: int | None) -> None:
    """Run the API alone; the FILEMILL_* environment says where the servers are."""
    settings.hide()
    settings.read(os.environ)  # a wrong one is named here, in one sentence
    # Loaded now: until it is hidden, this process shows its secrets to others of its user.
    app, running = map(importlib.import_module, ("filemill.app", "filemill.server.running"))
    served = app.serve()
    running.run(served, app.connection_limits(served.state.settings), host=host, port=port, health_port=health_port)
