"""Opens an input as a table: one reader for each format."""

from filemill.engines.tables import trouble
from filemill.engines.tables.arrow import open_arrow
from filemill.engines.tables.avro import open_avro
from filemill.engines.tables.delimited import Delimited
from filemill.engines.tables.inflate import Inflated
from filemill.engines.tables.json_lines import JsonLines
from filemill.engines.tables.log import open_log
from filemill.engines.tables.ndjson import Ndjson
from filemill.engines.tables.objects import Reader
from filemill.engines.tables.parquet import Parquet
from filemill.engines.tables.pieces import Stream
from filemill.engines.tables.table import Source
from filemill.engines.tables.transcoding import Text
from filemill.engines.tables.xlsx import open_xlsx
from filemill.jobs.formats import FORMATS
from filemill.jobs.options import InputOptions
from filemill.jobs.run import InputFile, Say, StoreAccess


def open_input(
    access: StoreAccess,
    file: InputFile,
    say: Say,
    options: InputOptions,
    *,
    numbered: bool = False,
    skips: bool = False,
) -> Source:
    """The input, opened; close it. `options` say how it is written if it is text. Raises JobFailed.

    `numbered` demands row numbers, also where they cost speed; `skips` that a damaged row does not end the reading
    where it is certain where it ends.
    """
    source = FORMATS[file.format]
    if source.base == "parquet":
        return Parquet(access, file, numbered=numbered)
    if not file.size:
        raise trouble.bad_file(file, "The file is empty.")

    def open_stream() -> Stream:
        reader = Reader(access, file)
        return Inflated(reader, file, source.compression) if source.compression else reader

    if source.base == "arrow":
        return open_arrow(Reader(access, file), file, say)
    if source.base in _BY_LIBRARY:
        return _BY_LIBRARY[source.base](open_stream(), file, say)
    text = Text(open_stream, file, options.encoding, say)
    if source.base == "log":
        return open_log(text(), file, say)
    if source.base in ("ndjson", "json"):
        is_whole = source.base == "json"
        return Ndjson((lambda: JsonLines(text(), file)) if is_whole else text, file, say)
    return Delimited(text(), file, options, say, skips=skips)


_BY_LIBRARY = {"avro": open_avro, "xlsx": open_xlsx}
