"""`filemill serve`: the whole stack in one home until it is told to stop."""

import os
import signal
import sys
import time
from pathlib import Path

import click

from filemill.commands.stopping import Stopped, Stopping
from filemill.local import stack, walls
from filemill.local.home import StoreName
from filemill.local.stack import Stack
from filemill.sandbox.kinds import KINDS

DEFAULT_HOME = "~/.local/share/filemill"
SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


@click.command()
@click.option(
    "--home",
    type=click.Path(file_okay=False, path_type=Path),
    default=DEFAULT_HOME,
    envvar="FILEMILL_HOME",
    show_default=True,
    help="The folder that holds all state and secrets.",
)
@click.option(
    "--port", type=click.IntRange(0, 65535), default=8000, show_default=True, help="The API's port; 0 takes any."
)
@click.option(
    "--store",
    type=click.Choice(["minio", "seaweedfs"]),
    help="The object store of a new home; without it MinIO where it is installed.",
)
@click.option(
    "--lane",
    "lanes",
    type=click.Choice(list(KINDS)),
    multiple=True,
    help="Serve this lane only, may be repeated; without it every lane that this machine can run.",
)
def serve(home: Path, port: int, store: StoreName | None, lanes: tuple[str, ...]) -> None:
    """Run everything on this machine, on loopback only, and keep all state in one folder."""
    began = time.monotonic()
    stopping = Stopping(*SIGNALS)
    running: Stack | None = None
    try:
        running = stack.open_stack(home, port=port, store=store, lanes=lanes or None)
        say(f"home {running.home.folder}, logs {running.home.folder / 'logs'}, objects kept by {running.store.name}")
        running.start(stopping.check)
        print(f"ready {running.url}", flush=True)
        say(f"ready after {time.monotonic() - began:.1f} s")
        introduce(running)
        running.watch(say, stopping.check)
    except Stopped:
        say("stopping ...")
    finally:
        stopping.turn_deaf()
        if running is not None:
            running.stop()
            running.home.close()
            say(f"stopped; everything is kept in {running.home.folder}")


def introduce(running: Stack) -> None:
    """Says where everything is, how it ends, and what is not there yet."""
    say(f"page      {running.url}/")
    say(f"API docs  {running.url}/docs")
    say(f"logs      {running.home.folder / 'logs'}")
    say(f"stop      Ctrl+C here, or kill {os.getpid()}")
    warn_of_root()
    for lane in running.missing_lanes:
        say(f"the worker for {lane} is still starting; what needs it waits in line until then")


def warn_of_root() -> None:
    """Says why jobs run as root, where they do."""
    if why := walls.why_root():
        say(f"{why}; filemill doctor says more")


def say(sentence: str) -> None:
    """Tells whoever watches the terminal."""
    print(f"filemill: {sentence}", file=sys.stderr, flush=True)
