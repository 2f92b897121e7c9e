"""The files that journeys send in."""

import base64
import functools
import gzip
import random

PEOPLE = b"name,city,age\nAlice,New York,30\nBob,London,25\nCharlie,New York,35\n"

LONG = b"text\n" + base64.encodebytes(random.Random(1).randbytes(57 * 600_000))
"""A table of 46 MB that does not compress well: written as .gz, its run lasts long enough to be disturbed."""


@functools.cache
def long_as_ndjson() -> bytes:
    """What becomes of `LONG`."""
    return b"".join(b'{"text":"%s"}\n' % line for line in LONG.splitlines()[1:])


def bomb() -> bytes:
    """A .csv.gz of half a megabyte that unpacks to 1.2 GiB of rows."""
    rows = gzip.compress(b"x" * 1023 + b"\n", 9)
    many = gzip.compress((b"x" * 1023 + b"\n") * 16384, 9)
    return gzip.compress(b"a\n") + rows + many * 75


def endless_row() -> bytes:
    """A .csv.gz of 100 KB whose first row has 100 MB."""
    return gzip.compress(b"a,b\n1," + b"x" * 100_000_000, 9)
