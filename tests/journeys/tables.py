"""The files that journeys send in."""

import base64
import csv
import gzip
import io
import random

PEOPLE = b"name,city,age\nAlice,New York,30\nBob,London,25\nCharlie,New York,35\n"

LONG_ROWS = 780_000
LONG = b"text\n" + base64.encodebytes(random.Random(1).randbytes(57 * LONG_ROWS))
"""A table of 60 MB that does not compress well: written as .gz, its run lasts long enough to be disturbed."""


def rows_of(text: bytes) -> list[dict[str, str]]:
    """The rows of a csv."""
    return list(csv.DictReader(io.StringIO(text.decode())))


def bomb() -> bytes:
    """A .csv.gz of half a megabyte that unpacks to 1.2 GiB of rows."""
    rows = gzip.compress(b"x" * 1023 + b"\n", 9)
    many = gzip.compress((b"x" * 1023 + b"\n") * 16384, 9)
    return gzip.compress(b"a\n") + rows + many * 75


def endless_row() -> bytes:
    """A .csv.gz of 100 KB whose first row has 100 MB."""
    return gzip.compress(b"a,b\n1," + b"x" * 100_000_000, 9)
