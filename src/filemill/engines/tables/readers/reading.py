"""Opens an input as a table: one reader for each format."""

from filemill.engines.tables import trouble
from filemill.engines.tables.readers.arrow import open_arrow
from filemill.engines.tables.readers.avro import open_avro
from filemill.engines.tables.readers.delimited import Delimited
from filemill.engines.tables.readers.excerpt import Beginning, Held
from filemill.engines.tables.readers.inflate import Inflated
from filemill.engines.tables.readers.json_lines import JsonLines
from filemill.engines.tables.readers.log import open_log
from filemill.engines.tables.readers.ndjson import Ndjson
from filemill.engines.tables.readers.objects import Reader
from filemill.engines.tables.readers.parquet import Parquet
from filemill.engines.tables.readers.pieces import Stream
from filemill.engines.tables.readers.transcoding import Text
from filemill.engines.tables.readers.xlsx import open_xlsx
from filemill.engines.tables.table import Source
from filemill.pipelines.formats import FORMATS
from filemill.pipelines.options import InputOptions
from filemill.pipelines.run import InputFile, Say, StoreAccess


def open_input(
    access: StoreAccess,
    file: InputFile,
    say: Say,
    options: InputOptions,
    *,
    numbered: bool = False,
    skips: bool = False,
    beginning: Beginning | None = None,
) -> Source:
    """The input, opened; close it. `options` say how it is written if it is text. Raises JobFailed.

    `numbered` demands row numbers, also where they cost speed; `skips` that a damaged row does not end the reading
    where it is certain where it ends; `beginning` that of a text no more is read than its first rows.
    """
    source = FORMATS[file.format]
    if source.base == "parquet":
        return Parquet(access, file, numbered=numbered, plans=beginning is not None)
    if not file.size and not (beginning and beginning.text):
        raise trouble.bad_file(file, "The file is empty.")

    def open_stream() -> Stream:
        if beginning and beginning.text is not None:
            return Held(beginning.text.encode())
        reader = Reader(access, file)
        return Inflated(reader, file, source.compression) if source.compression else reader

    if source.base == "arrow":
        return open_arrow(Reader(access, file), file, say)
    if source.base in ("avro", "xlsx"):
        return (
            open_avro(open_stream(), file, say)
            if source.base == "avro"
            else open_xlsx(open_stream(), file, say, options)
        )
    as_text = Text(open_stream, file, beginning.encoding(options) if beginning else options.encoding, say)

    def open_text() -> Stream:
        stream = JsonLines(as_text(), file) if source.base == "json" else as_text()
        return beginning.of(stream, source.base, options) if beginning else stream

    if source.base == "log":
        return open_log(open_text(), file, say)
    if source.base in ("ndjson", "json"):
        return Ndjson(open_text, file, say)
    return Delimited(open_text(), file, options, say, skips=skips)
