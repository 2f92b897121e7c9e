"""Runs an app on uvicorn until a signal ends it."""

import resource
import signal
import socket
from functools import partial
from typing import Any

import uvicorn
from litestar.types import ASGIApp

from filemill.server.connection import IDLE_SECONDS, Connection
from filemill.server.connection_limits import ConnectionLimits

LOOPBACK = "127.0.0.1"
BACKLOG = 2048
GRACE_SECONDS = 5
"""How long requests under way may take to end; a waiting one asks again."""

_OTHER_FILES = 512
"""Descriptors for all that is no caller's connection: the pool, the store, logs, uploads on their way."""


def run(app: ASGIApp, limits: ConnectionLimits, *, host: str, port: int, health_port: int | None = None) -> None:
    """Serves an app at `host` and `port`; at `health_port`, on loopback, `/health` and `/metrics` alone, to anybody.

    Returns after SIGTERM or SIGINT, once the requests under way are answered or GRACE_SECONDS are over.
    """
    listening = [_listen(host, port)]
    if health_port is not None:
        listening.append(_listen(LOOPBACK, health_port))
    http: Any = partial(Connection, limits=limits, health_port=health_port)
    config = uvicorn.Config(
        app,
        http=http,
        loop="uvloop",
        ws="none",
        lifespan="on",
        interface="asgi3",
        backlog=BACKLOG,
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_keep_alive=IDLE_SECONDS,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _over)  # uvicorn sends itself once more what it has heeded
    uvicorn.Server(config).run(listening)


def places(wanted: int) -> int:
    """How many connections this process can have: `wanted`, or fewer where the system gives it too few descriptors."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    enough = wanted + _OTHER_FILES
    resource.setrlimit(resource.RLIMIT_NOFILE, (enough if most == resource.RLIM_INFINITY else min(enough, most), most))
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return max(1, min(wanted, soft - _OTHER_FILES))


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port), family=family, backlog=BACKLOG)


def _over(_number: int, _frame: object) -> None:
    """Lets `run` return."""
