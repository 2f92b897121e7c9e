"""Reads csv and tsv: all cells as text, in pieces of the file, each checked to hold as many cells as the header."""

from functools import partial

import msgspec
import polars as pl

from filemill.engines.tables import commas, schema, trouble
from filemill.engines.tables.readers import batches, dialect, headers, heads, markers, names, pieces, records
from filemill.engines.tables.readers.pieces import Pieces, Stream
from filemill.engines.tables.table import MARK, ROW, Column, Table
from filemill.errors import JobFailed
from filemill.pipelines.formats import FORMATS
from filemill.pipelines.options import InputOptions
from filemill.pipelines.run import InputFile, Progress, Say, Warned


class Delimited:
    """An opened csv or tsv. Reading goes once through the file; `table` is to be used once.

    What `options` do not say of how it is written is found out, and told where it is not the usual.

    With `skips` a row of too few or too many cells is marked and passed over; `damage` tells by its number what is
    wrong with it, and its text.
    """

    def __init__(
        self, stream: Stream, file: InputFile, options: InputOptions, say: Say, *, skips: bool = False
    ) -> None:
        self.file = file
        self.damage: dict[int, tuple[str, str]] = {}
        self.rows = 0
        self.fault: JobFailed | None = None
        self._stream = stream
        self._options = options
        self._say = say
        self._skips = skips
        self._rest = b""
        self._parsed = 0
        self._tried = 0
        self._ended = False
        self.gate = batches.Gate()
        self._early: list[pl.DataFrame] = []
        self._left_out: list[int] = []
        self._pieces: Pieces | None = None
        try:
            self.header = self._read_header()
            self.sample = self._read_sample()
            self._kinds = schema.guess(self.sample)
            self._swapped = self._take_commas()
            self._names = self._name_columns()
            self._tell_of_marks()
        except BaseException:
            self.close()
            raise

    def table(self) -> Table:
        """The file as a table. Its columns are typed by the first rows."""
        columns = {
            name: Column(at, kind or schema.TEXT, is_text=True, guessed=kind is not None, swapped=at in self._swapped)
            for at, name in self._names.items()
            for kind in (self._kinds[at],)
        }
        frame = batches.scan(self, {column.at: pl.String() for column in columns.values()})
        return Table(frame, columns, self, self.sample, marks=True)

    def next_batch(self, wanted: list[str]) -> pl.DataFrame | None:
        """The next rows; the last of them is marked where the file is damaged."""
        if self._early:
            batch = self._early.pop(0)
        elif self._ended:
            return None
        else:
            batch = self._read_batch([*map(int, wanted), *self._left_out])
        swapped = [pl.col(name) for name in self._swapped if name in batch.columns]
        return batch.with_columns(map(commas.swapped, swapped)) if swapped else batch

    def tell(self) -> None:
        """Says how many bytes of the file were read."""
        self._say(Progress(self._stream.offset, self._stream.size, "bytes"))

    def close(self) -> None:
        """Stops reading."""
        self.gate.close()
        if self._pieces:
            self._pieces.close()
        self._stream.close()

    def _read_header(self) -> list[str]:
        data = pieces.read_first(self._stream)
        self._rest = heads.check(data, self.file)
        self.dialect = self._find_dialect()
        while (found := records.first(self._rest, self.dialect, last=not data)) is None:
            data = pieces.read_first(self._stream)
            self._rest += data
            if data and len(self._rest) > records.LONGEST:
                raise trouble.bad_file(self.file, "The header does not end.")
        if isinstance(found, str):
            raise trouble.bad_file(self.file, f"The header cannot be read. {found}")
        header, end = found
        if not header:
            raise trouble.bad_file(self.file, "The file is empty.")
        if self.dialect.has_header:
            headers.check(header, self.file, self.dialect)
        else:
            header, end = [f"column_{number}" for number in range(1, len(header) + 1)], 0
        cut = partial(records.end_of_records, quote=self.dialect.quote.encode())
        self._pieces = Pieces(self._stream, self._rest[end:], cut)
        self._rest = b""
        return header

    def _find_dialect(self) -> dialect.Dialect:
        found, guessed = dialect.find(self._rest, FORMATS[self.file.format].base, self._options)
        for what in guessed:
            self._tell_guess(what)
        return found

    def _tell_guess(self, what: str) -> None:
        text = f"{self.file.file_name}: {what}; if that is wrong, say so in input_options."
        self._say(Warned("guessed", text))

    def _take_commas(self) -> set[str]:
        """Takes numbers with a decimal comma for numbers, where there are any -> their columns."""
        is_said = self._options.decimal_comma
        if is_said is False:
            return set()
        if is_said is None:
            if self.dialect.separator == "," or not commas.are_used(self.sample, self._kinds):
                self._tell_of_points()
                return set()
            self._tell_guess(
                "numbers are taken to be written with a decimal comma, and points to stand between thousands"
            )
        found = commas.kinds_of(self.sample)
        self._kinds = {
            name: found.get(name, None if kind is None else schema.TEXT) for name, kind in self._kinds.items()
        }
        self.sample = self.sample.with_columns(commas.swapped(pl.col(name)) for name in found)
        return set(found)

    def _name_columns(self) -> dict[str, str]:
        """The names of the columns by the frame's own; one that has neither a name nor a value is none."""
        if not self.dialect.has_header:
            return dict(zip(self._kinds, self.header, strict=True))
        self._left_out = headers.nameless_and_empty(self.header, self._early)
        there = [at for at in range(len(self.header)) if at not in self._left_out]
        if not there:
            raise trouble.bad_file(self.file, "The header names no column, and no row has a value.")
        if self._left_out:
            what = headers.told_as_left_out(self._left_out)
            self._say(Warned("guessed", f"{self.file.file_name}: {what}."))
        if self._options.has_header is None and headers.may_be_a_row(
            self.header, self._kinds, self.sample, self._swapped
        ):
            what = "the first row is taken for names, but each cell of it would be a value of its column"
            text = f"{self.file.file_name}: {what}; if it is a row, set has_header to false in input_options."
            self._say(Warned("guessed", text))
        header, places = [self.header[at] for at in there], [at + 1 for at in there]
        made = names.of(header, self.file, self._options, self._say, places=places, keeps_empty=True)
        return dict(zip(map(str, there), made, strict=True))

    def _tell_of_marks(self) -> None:
        for at, kind, marks in markers.found(self.sample, self._kinds):
            what = f"{marks} among them makes text of the column's numbers ({kind})"
            text = f"{self.file.file_name}, column {trouble.shorten(self._names[at])}: {what}"
            self._say(Warned("guessed", f"{text}; name in null_values of input_options what stands for no value."))

    def _tell_of_points(self) -> None:
        if self.dialect.separator != ";":
            return  # Where commas separate, a point is no sign of thousands.
        for at in commas.in_doubt(self.sample, self._kinds):
            what = "numbers are taken to be written with a decimal point, though each point may stand between thousands"
            name = trouble.shorten(self.header[int(at)])
            text = (
                f"{self.file.file_name}, column {name}: {what}; if it does, set decimal_comma to true in input_options."
            )
            self._say(Warned("guessed", text))

    def _read_sample(self) -> pl.DataFrame:
        """The first rows. What was parsed for them is kept for the run."""
        everything = list(range(len(self.header)))
        height = 0
        while height < schema.SAMPLE_ROWS and not self._ended:
            self._early.append(frame := self._read_batch(everything))
            height += frame.height
        cells = records.names(len(self.header))
        if not self._early:
            return pl.DataFrame(schema=dict.fromkeys(cells, pl.String))
        first = pl.concat(self._early)
        whole = first.filter(~first[MARK]) if first[MARK].any() else first
        return whole[cells].head(schema.SAMPLE_ROWS)

    def _read_batch(self, wanted: list[int]) -> pl.DataFrame:
        """The next whole records as cells with their row numbers; a damaged one is marked, and ends the reading."""
        assert self._pieces
        width = len(self.header)
        while True:
            data = self._pieces.read()
            piece = self._rest + data if self._rest else data
            if data and self._is_still_open(piece, data):
                self._rest = piece
                continue
            found = records.parse(piece, self.dialect, width, wanted, last=not data, skips=self._skips)
            found = self._without_strays(found) if self._left_out else found
            self._rest = piece[found.end :]
            self._tried = 0 if found.end else len(piece)
            fault = found.fault
            if not fault and len(self._rest) > records.LONGEST:
                fault = heads.ZEROS if b"\0" in self._rest else records.TOO_LONG
            if fault:
                at = found.faulty_cell
                column = self.header[at] if at is not None and at < width else None
                self.fault = trouble.bad_row(self.file, self._parsed + found.cells.height + 1, fault, column)
            self._ended = not data or fault is not None
            if found.end or self._ended:
                batch = batches.numbered(self._with_nulls(found.cells), self._parsed, damaged=fault is not None)
                if found.damaged:
                    batch = self._mark_damaged(batch, found.damaged)
                self._parsed += batch.height
                return batch

    def _without_strays(self, found: records.Records) -> records.Records:
        """What was parsed, as if a row were damaged that has a value in a column that was left out."""
        strays = list(headers.strays(self._with_nulls(found.cells), self._left_out))
        if not strays:
            return found
        if not self._skips:
            row, what = strays[0]
            return msgspec.structs.replace(found, cells=found.cells.head(row), fault=what, faulty_cell=None)
        own = (records.Damaged(row, what, headers.text_of(found.cells.row(row), self.dialect)) for row, what in strays)
        return msgspec.structs.replace(found, damaged=(*found.damaged, *own))

    def _with_nulls(self, cells: pl.DataFrame) -> pl.DataFrame:
        """The cells, without those that the caller says stand for null."""
        nulls = self._options.null_values
        if not nulls:
            return cells
        return cells.with_columns(pl.when(pl.all().is_in(nulls).not_()).then(pl.all()).name.keep())

    def _mark_damaged(self, batch: pl.DataFrame, damaged: tuple[records.Damaged, ...]) -> pl.DataFrame:
        rows = [self._parsed + one.at + 1 for one in damaged]
        self.damage.update((row, (one.what, one.text)) for row, one in zip(rows, damaged, strict=True))
        return batch.with_columns(pl.col(MARK) | pl.col(ROW).is_in(rows))

    def _is_still_open(self, piece: bytes, data: bytes) -> bool:
        """Whether a record that was not whole before cannot be so now, or is not worth trying again yet."""
        if not self._tried or len(piece) > records.LONGEST:
            return False
        return self.dialect.quote.encode() not in data or len(piece) < 2 * self._tried
