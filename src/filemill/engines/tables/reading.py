"""Opens an input as a table: one reader for each format."""

from filemill.engines.tables import trouble
from filemill.engines.tables.ahead import Stream
from filemill.engines.tables.delimited import Delimited
from filemill.engines.tables.inflate import Inflated
from filemill.engines.tables.objects import Reader
from filemill.engines.tables.parquet import Parquet
from filemill.jobs.formats import FORMATS
from filemill.jobs.run import InputFile, Say, StoreAccess


def open_input(access: StoreAccess, file: InputFile, say: Say, *, numbered: bool = False) -> Delimited | Parquet:
    """The input, opened; close it. `numbered` demands row numbers, also where they cost speed. Raises JobFailed."""
    source = FORMATS[file.format]
    if source.base == "parquet":
        return Parquet(access, file, numbered=numbered)
    if not file.size:
        raise trouble.bad_file(file, "The file is empty.")
    reader = Reader(access, file)
    stream: Stream = Inflated(reader, file) if source.compression else reader
    try:
        return Delimited(stream, file, source.base, say)
    except BaseException:
        stream.close()
        raise
