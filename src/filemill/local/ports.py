"""Which ports are free, and which of them a local stack takes."""

import contextlib
import random
import socket
from collections.abc import Callable, Mapping

import psutil

from filemill.errors import BadSetting
from filemill.local.process import LOOPBACK, NotStarted

PORTS = (20_000, 32_000)
"""Below Linux's range for outgoing connections (32768 up), so that none of those takes a port we chose."""

FIRST_OF_ALL = 1024
"""Ports below are root's alone."""

_CHANCE = random.SystemRandom()


class Ports:
    """The ports of one start: those the home had before where they are free."""

    def __init__(self, had: Mapping[str, list[int]]) -> None:
        self._had = had
        self.chosen: dict[str, list[int]] = {}

    @property
    def _taken(self) -> frozenset[int]:
        return frozenset(port for ports in self.chosen.values() for port in ports)

    def one(self, name: str) -> int:
        """The port of a server that needs one. Raises NotStarted."""
        had = self._had.get(name, [])
        self.chosen[name] = [free_port(had[0] if had else None, taken=self._taken)]
        return self.chosen[name][0]

    def several(self, name: str, choose: Callable[[list[int], frozenset[int]], list[int]]) -> list[int]:
        """Those of one that chooses its own, from what it had and what is taken."""
        self.chosen[name] = choose(self._had.get(name, []), self._taken)
        return self.chosen[name]

    def api(self, wanted: int) -> int:
        """The API's: the one that is wanted, any where that is 0. Raises BadSetting where it cannot be had."""
        if not wanted:
            return self.one("api")
        if not is_free(wanted):
            raise BadSetting(f"--port {wanted} cannot be used: {_why_not(wanted)}. {_advice(wanted)}")
        self.chosen["api"] = [wanted]
        return wanted


def free_port(wanted: int | None = None, *, taken: frozenset[int] = frozenset()) -> int:
    """A port that is free on loopback: `wanted` if it can be had, else one by chance; none of `taken`."""
    first, last = PORTS
    for port in (wanted, *(_CHANCE.randrange(first, last) for _ in range(200))):
        if port and port not in taken and is_free(port):
            return port
    raise NotStarted(f"No free port between {first} and {last}.")


def _why_not(port: int) -> str:
    """Who has a port that is not free, as far as this user may know."""
    for one in psutil.net_connections("tcp"):
        if one.status == psutil.CONN_LISTEN and one.laddr.port == port:
            with contextlib.suppress(psutil.Error):
                who = f"{psutil.Process(one.pid).name()} (process {one.pid})" if one.pid else "something else"
                return f"{who} listens on {one.laddr.ip}:{port} already"
    return "only root may listen there" if port < FIRST_OF_ALL else "something else has it"


def _advice(port: int) -> str:
    """Which port to take instead."""
    other = next((near for near in range(max(port, FIRST_OF_ALL) + 1, 65_536) if is_free(near)), 0)
    return f"Choose another one, such as --port {other} (make serve PORT={other}); --port 0 takes any."


def is_free(port: int) -> bool:
    """Whether a server could listen on this port of the loopback address now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True
