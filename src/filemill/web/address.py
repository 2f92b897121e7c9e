"""Tells the address of the client, believing X-Forwarded-For only where a trusted proxy wrote it."""

from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from litestar.types import HTTPScope, Scope

Network = IPv4Network | IPv6Network
UNKNOWN = "unknown"
_LONGEST = 100
"""Characters of an address, spaces around it included; what is longer is none, and is not remembered."""


def networks(trusted: tuple[str, ...]) -> tuple[Network, ...]:
    """The trusted proxies as networks; each is an address or a network, as the settings have made sure."""
    return tuple(ip_network(each) for each in trusted)


def client_of(scope: Scope | HTTPScope, trusted: tuple[Network, ...]) -> str:
    """The client's address: that of the connection or, behind trusted proxies, the last one none of them has."""
    peer = scope.get("client")
    address = _read(peer[0]) if peer else None
    if address is None:
        return UNKNOWN
    if trusted:
        for hop in reversed(_forwarded_for(scope)):
            if not _is_trusted(address, trusted):
                break
            named = _read(hop)
            if named is None:
                break
            address = named
    return str(address)


def _forwarded_for(scope: Scope | HTTPScope) -> list[str]:
    lines = [value.decode("latin-1") for name, value in scope["headers"] if name == b"x-forwarded-for"]
    return ",".join(lines).split(",") if lines else []


def _is_trusted(address: IPv4Address | IPv6Address, trusted: tuple[Network, ...]) -> bool:
    return any(address in network for network in trusted)


def _read(text: str) -> IPv4Address | IPv6Address | None:
    return _remembered(text) if len(text) <= _LONGEST else None


@lru_cache(4096)
def _remembered(text: str) -> IPv4Address | IPv6Address | None:
    try:
        address = ip_address(text.strip())
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address
