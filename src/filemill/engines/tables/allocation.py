"""Tells the C library to keep the memory of the pieces of a file, which come and go many times a second.

Left alone it gives every piece back to the system and asks for it again, and the system clears each page anew: that
costs seven times as much as the copying for which the memory is wanted.
"""

import ctypes

_TRIM_THRESHOLD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -3, -8
"""The names of `mallopt`'s parameters in malloc.h."""

KEPT = 64 << 20
"""Bytes that are kept; a few pieces."""


def keep() -> None:
    """Sets it for this process, once. Another C library than glibc is left as it is."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_MMAP_THRESHOLD, KEPT)
        mallopt(_TRIM_THRESHOLD, KEPT)
        mallopt(_ARENA_MAX, 2)
