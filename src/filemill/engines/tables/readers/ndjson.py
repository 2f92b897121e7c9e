"""Reads NDJSON: one object a line, in two passes, the first to know all keys and kinds (`json_survey`)."""

from collections.abc import Callable, Generator
from contextlib import closing

import msgspec
import polars as pl

from filemill.engines.tables import schema, trouble
from filemill.engines.tables.readers import batches, heads, json_exact, json_kinds, pieces
from filemill.engines.tables.readers.json_survey import Survey
from filemill.engines.tables.readers.pieces import Pieces, Stream
from filemill.engines.tables.table import Column, Table
from filemill.errors import JobFailed
from filemill.pipelines.formats import FORMATS
from filemill.pipelines.run import InputFile, Progress, Say, Warned

_LONGEST = 32 << 20

_raws = msgspec.json.Decoder(dict[str, msgspec.Raw])

ODD = "\x00odd"
"""Ends the name of a column that holds, as JSON, what the column before it cannot."""


class Ndjson:
    """An opened ndjson, already gone through once. `table` is to be used once."""

    def __init__(self, open_stream: Callable[[], Stream], file: InputFile, say: Say) -> None:
        self.file = file
        self.rows = 0
        self.gate = batches.Gate()
        self.fault: JobFailed | None = None
        self._open_stream = open_stream
        self._stream = open_stream()
        self._say = say
        self._survey = Survey()
        self._parsed = 0
        self._read = 0
        self._passes = 1
        self._head = b""
        self._pieces: Generator[bytes] = _one(b"")
        try:
            self._pieces = self._go_through()
            if not self._survey.kinds:
                raise self._damage() or trouble.bad_file(file, "No line holds a key.")
            self._tell_of_texts()
        except BaseException:
            self.close()
            raise

    def table(self) -> Table:
        """The file as a table, its columns in the order in which their keys first appear."""
        columns, dtypes = {}, {}
        for number, (key, kind) in enumerate(self._survey.kinds.items()):
            dtype = json_kinds.dtype_of(kind)
            if dtype == pl.Int128():
                dtype = schema.BIG_INT.dtype
            odd = f"{number}{ODD}" if key in self._survey.odd else None
            dtypes[str(number)] = dtype
            if odd:
                dtypes[odd] = pl.String()
            columns[key] = Column(str(number), schema.type_of(dtype), odd=odd)
        frame = batches.scan(self, dtypes)
        return Table(frame, columns, self, self._sample(columns), marks=True)

    def next_batch(self, wanted: list[str]) -> pl.DataFrame | None:
        """The next rows; the last of them is marked where the file is damaged."""
        if self.fault:
            return None
        piece = next(self._pieces, None)
        if piece is None:
            return None
        damaged = self._survey.fault is not None and self._read + len(piece) > self._survey.end
        if damaged:
            piece = piece[: self._survey.end - self._read]
            self.fault = self._damage()
        self._read += len(piece)
        batch = batches.numbered(self._parse(piece, wanted), self._parsed, damaged=damaged)
        self._parsed += batch.height
        return batch

    def tell(self) -> None:
        """Says how many bytes were read, of both passes through the file."""
        done = self._stream.offset + (self._passes - 1) * self._stream.size
        self._say(Progress(done, 2 * self._stream.size, "bytes"))

    def close(self) -> None:
        """Stops reading."""
        self.gate.close()
        self._pieces.close()
        self._stream.close()

    def _tell_of_texts(self) -> None:
        for key, kind in self._survey.kinds.items():
            if kind == "json":
                what = f"more than {json_kinds.MOST_KEYS} different keys, of which each value has few: it is JSON text"
                self._say(Warned("type_lost", f"{self.file.file_name}: column {trouble.shorten(key)} holds {what}."))

    def _go_through(self) -> Generator[bytes]:
        """The first pass -> the pieces for the second one."""
        more = False
        with closing(self._whole_lines()) as lines:
            self._head = next(lines, b"")
            self._survey.take(self._head)
            for piece in lines:
                more = True
                self._survey.take(piece)
                self.tell()
                if self._survey.fault:
                    break
        if not more:
            return _one(self._head)
        self._passes = 2
        self._stream = self._open_stream()
        return self._whole_lines()

    def _whole_lines(self) -> Generator[bytes]:
        """The file in pieces that end with a line."""
        rest = heads.check(pieces.read_first(self._stream), self.file)
        if rest.lstrip()[:1] == b"[" and FORMATS[self.file.format].base == "ndjson":
            raise trouble.bad_file(self.file, "The file is a JSON array; an .ndjson file has one object on each line.")
        end = rest.rfind(b"\n") + 1
        following = Pieces(self._stream, rest[end:], lambda data, size: data.rfind(b"\n", 0, size) + 1)
        try:
            if end:
                yield rest[:end]
            rest = b""
            while data := following.read():
                rest = rest + data if rest else data
                end = len(rest) if rest.endswith(b"\n") else rest.rfind(b"\n") + 1
                if end:
                    yield rest[:end]
                rest = rest[end:]
                if len(rest) > _LONGEST:
                    raise trouble.bad_file(self.file, f"A line is longer than {_LONGEST >> 20} MB.")
            if rest.strip():
                yield rest + b"\n"
        finally:
            following.close()

    def _damage(self) -> JobFailed | None:
        fault = self._survey.fault
        return trouble.bad_row(self.file, self._survey.rows + 1, fault) if fault else None

    def _sample(self, columns: dict[str, Column]) -> pl.DataFrame:
        """The first rows of the text columns, to give an example from."""
        head = self._head[: self._survey.end]
        texts = [column.at for column in columns.values() if column.type == schema.TEXT]
        return self._parse(head, texts).head(schema.SAMPLE_ROWS)

    def _parse(self, piece: bytes, wanted: list[str]) -> pl.DataFrame:
        keys = list(self._survey.kinds)
        numbers = sorted({int(name.removesuffix(ODD)) for name in wanted})
        texts = [number for number in numbers if self._survey.kinds[keys[number]] == "json"]
        plain = {
            number: keys[number] for number in numbers if keys[number] not in self._survey.odd and number not in texts
        }
        dtypes = {key: json_kinds.dtype_of(self._survey.kinds[key]) for key in plain.values()}
        odd = [number for number in numbers if number not in plain and number not in texts]
        apart = [series for number in odd for series in self._take_apart(piece, number, keys[number])]
        apart += [_texts(piece, number, keys[number]) for number in texts]
        if not plain:
            return pl.DataFrame(apart)
        # By place, since a key such as `*` is more than a name to Polars.
        batch = _read(piece, dtypes).select(pl.nth(place).alias(str(number)) for place, number in enumerate(plain))
        return batch.with_columns(pl.col(pl.Int128).cast(schema.BIG_INT.dtype)).with_columns(apart)

    def _take_apart(self, piece: bytes, number: int, key: str) -> tuple[pl.Series, pl.Series]:
        """One key's values, and beside them as JSON those that are not of its kind."""
        kind = self._survey.kinds[key]
        values, odd = [], []
        for line in _raws.decode_lines(piece):
            raw = bytes(line.get(key, b"null"))
            value = json_exact.decode(raw)
            fits = json_kinds.holds(kind, value)
            values.append(value if fits else None)
            odd.append(None if fits else raw.decode())
        dtype = json_kinds.dtype_of(kind)
        return pl.Series(str(number), values, dtype), pl.Series(f"{number}{ODD}", odd, pl.String())


def _texts(piece: bytes, number: int, key: str) -> pl.Series:
    """One key's values, each as the JSON that stands there."""
    raws = (bytes(line.get(key, b"null")) for line in _raws.decode_lines(piece))
    return pl.Series(str(number), [None if raw == b"null" else raw.decode() for raw in raws], pl.String())


def _read(piece: bytes, dtypes: dict[str, pl.DataType]) -> pl.DataFrame:
    """The values under these keys, all of their types."""
    try:
        return pl.read_ndjson(piece, schema=dtypes)
    except pl.exceptions.ComputeError:
        # A whole number of more than 128 bits stops Polars under whatever key it stands.
        lines = [json_exact.decode(line) for line in piece.split(b"\n") if line.strip()]
        return pl.DataFrame([pl.Series(key, [line.get(key) for line in lines], dtypes[key]) for key in dtypes])


def _one(piece: bytes) -> Generator[bytes]:
    yield piece
