"""The functions on bytes, which formats of text do not carry."""

import polars as pl

from filemill.engines.tables import schema
from filemill.engines.tables.values import operands
from filemill.engines.tables.values.bench import Bench
from filemill.engines.tables.values.operands import NULL, Operand

NAMES = ("encode",)


def call(bench: Bench, _name: str, arguments: list[Operand], whole: str) -> Operand:
    """Bytes as text; of a text those of its UTF-8. Raises JobFailed for all else."""
    given, encoding = arguments
    if given.type not in (NULL, schema.TEXT, schema.BYTES):
        raise bench.refuse(f"{given}, and bytes or text are needed in {operands.shorten(whole)}.")
    assert encoding.constant in ("base64", "hex")
    return Operand(bench.keep(given.value.cast(pl.Binary).bin.encode(encoding.constant)), schema.TEXT, whole)
