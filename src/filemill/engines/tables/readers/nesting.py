"""How deep the columns of a typed file may be nested.

Libraries go into such columns call by call: a few thousand levels end a process with its stack. So no library of an
engine gets to see them. pyarrow itself is safe: it counts levels, of the schema of a Parquet file and of Arrow's.
"""

from collections.abc import Callable, Iterable
from typing import Any

import pyarrow as pa

from filemill.engines.tables import trouble
from filemill.errors import JobFailed
from filemill.pipelines.run import InputFile

MOST_LEVELS = 64
"""Of Arrow, Avro and JSON: a column is a level, and so is what its values hold. pyarrow goes no deeper into Arrow."""

MOST_PARQUET_LEVELS = 100
"""Of a Parquet file, as its schema counts them: its root is one, a list is two. pyarrow goes no deeper."""

TOO_DEEP = f"Its columns are nested more than {MOST_LEVELS} levels deep; flatten them before."
_TOO_DEEP_FOR_PARQUET = f"Its schema is nested more than {MOST_PARQUET_LEVELS} levels deep; flatten its columns before."
_PERHAPS = "The file is damaged, or its columns are nested too deeply."


def want_shallow(kinds: Iterable[Any], file: InputFile, within: Callable[[Any], Iterable[Any]]) -> None:
    """Raises JobFailed where one of these types is nested too deeply; `within` gives the types that a type holds."""
    level = list(kinds)
    for _ in range(MOST_LEVELS):
        level = [each for kind in level for each in within(kind)]
    if level:
        raise trouble.bad_file(file, TOO_DEEP)


def within_arrow(kind: Any) -> list[pa.DataType]:
    """The types that an Arrow type holds."""
    if isinstance(kind, pa.BaseExtensionType):
        kind = kind.storage_type
    if isinstance(kind, pa.DictionaryType):
        kind = kind.value_type
    return [kind.field(number).type for number in range(kind.num_fields)]


def refused(error: BaseException, file: InputFile) -> JobFailed | None:
    """What is told where pyarrow would not follow a schema any deeper; None where its error is another."""
    told = str(error)
    if "too deeply nested" in told:
        return trouble.bad_file(file, _TOO_DEEP_FOR_PARQUET)
    return trouble.bad_file(file, _PERHAPS) if "flatbuffer" in told or "depth limit" in told else None
