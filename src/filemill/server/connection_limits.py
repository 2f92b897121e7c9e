"""Who may open a connection: so many from one address, so many in all."""

from collections import Counter
from collections.abc import Hashable, Sequence
from enum import Enum
from ipaddress import IPv4Network, IPv6Network, ip_address
from typing import Protocol

from filemill.accounts import addresses


class OpenConnection(Hashable, Protocol):
    """A connection, as far as the limits have to know it."""

    @property
    def is_idle(self) -> bool:
        """Whether no request is being answered on it."""

    def drop(self) -> None:
        """Closes it at once; `leave` follows."""


class Admission(Enum):
    """What becomes of a new connection: its requests are served, or refused with a sentence, or it is dropped."""

    SERVED = "served"
    REFUSED = "refused"
    DROPPED = "dropped"


class ConnectionLimits:
    """The open connections of one process, by address.

    Whoever comes from an address that has its share is refused with a sentence; of such connections, too, an address
    has so many at most. Where all places are taken, the address that has the most gives up its longest idle one.
    """

    def __init__(self, most: int, most_of_address: int, proxies: Sequence[IPv4Network | IPv6Network] = ()) -> None:
        """`proxies` are exempt from `most_of_address`: through them come many callers, whom they bound themselves."""
        self._most = most
        self._most_of_address = most_of_address
        self._proxies = tuple(proxies)
        self._served: dict[str, dict[OpenConnection, None]] = {}
        self._refused: Counter[str] = Counter()
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def admit(self, connection: OpenConnection, address: str) -> Admission:
        """Decides on a new connection, which calls `leave` at its end whatever was decided."""
        caller = addresses.customer_of(address)
        of_caller = self._served.get(caller, {})
        is_within_share = len(of_caller) < self._most_of_address or self._is_proxy(address)
        if is_within_share and (self._count < self._most or self._make_room()):
            self._served.setdefault(caller, {})[connection] = None
            self._count += 1
            return Admission.SERVED
        if self._refused[caller] < self._most_of_address and self._refused.total() < self._most:
            self._refused[caller] += 1
            return Admission.REFUSED
        return Admission.DROPPED

    def leave(self, connection: OpenConnection, address: str, admission: Admission) -> None:
        """A connection has ended."""
        caller = addresses.customer_of(address)
        if admission is Admission.REFUSED:
            self._refused[caller] -= 1
            if not self._refused[caller]:
                del self._refused[caller]
        elif admission is Admission.SERVED and connection in self._served.get(caller, {}):
            self._forget(caller, connection)

    def _forget(self, caller: str, connection: OpenConnection) -> None:
        del self._served[caller][connection]
        self._count -= 1
        if not self._served[caller]:
            del self._served[caller]

    def _is_proxy(self, address: str) -> bool:
        known = ip_address(address)
        known = getattr(known, "ipv4_mapped", None) or known
        return any(known in network for network in self._proxies)

    def _make_room(self) -> bool:
        """Drops an idle connection of the address that has the most -> whether there was one."""
        caller = max(self._served, key=lambda one: len(self._served[one]))
        idle = next((connection for connection in self._served[caller] if connection.is_idle), None)
        if idle is None:
            return False
        self._forget(caller, idle)
        idle.drop()
        return True
