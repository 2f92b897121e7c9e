"""Tells which addresses count as one caller's, wherever something is counted by address."""

import hashlib
from functools import lru_cache
from ipaddress import IPv6Address, ip_address, ip_network
from uuid import UUID

_IPV6_PREFIX = 64
"""The smallest network that one customer of a provider has: whoever has one address has all of these."""


@lru_cache(4096)
def customer_of(address: str) -> str:
    """The address under which a caller is counted: an IPv6 address stands for its /64, any other text for itself."""
    try:
        known = ip_address(address)
    except ValueError:
        return address
    if isinstance(known, IPv6Address):
        if known.ipv4_mapped is not None:
            return str(known.ipv4_mapped)
        return str(ip_network((known, _IPV6_PREFIX), strict=False).network_address)
    return str(known)


def mark_of(address: str, secret: str) -> UUID:
    """What stands for an address in rows: the same for the same caller, and nobody without the secret reads it back."""
    digest = hashlib.blake2b(customer_of(address).encode(), key=secret.encode()[:64], digest_size=16)
    return UUID(bytes=digest.digest())
