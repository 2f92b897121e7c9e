"""Takes the rows out that cannot be used, and hands them over with the reason, where a job would else fail for them."""

from collections.abc import Iterator

import msgspec
import polars as pl

from filemill.engines.tables import inputs, table
from filemill.engines.tables.inputs import Inputs, Stage
from filemill.engines.tables.readers.dialect import Dialect
from filemill.engines.tables.table import INPUT, MARK, ROW, Check, Column, Table
from filemill.engines.tables.values import telling
from filemill.engines.tables.writers.bad_rows import COLUMNS


class Unreadable(Exception):
    """The file is damaged in a row, and where that ends is not certain."""

    def __init__(self, place: int) -> None:
        super().__init__(place)
        self.place = place


def taken_out(source: Table, given: Inputs, *checks: Check) -> Table:
    """The table without marks: rows that are marked, or fail one of `checks`, are handed over when they come.

    All columns are read, as the rows are to be told whole.
    """
    checks = (*source.checks, *checks)
    if not (source.marks or checks):
        return source
    frame = source.frame.map_batches(
        _Taker(inputs.end_of(source, checks), given).pass_on,
        predicate_pushdown=False,
        projection_pushdown=False,
        slice_pushdown=False,
        streamable=True,
    )
    if source.marks:
        frame = frame.drop(MARK)
    return msgspec.structs.replace(source, frame=frame, marks=False, checks=())


class _Taker:
    """Stands at one stage."""

    def __init__(self, stage: Stage, given: Inputs) -> None:
        self._bad = stage.bad.alias("bad")
        self._checks = stage.checks
        self._given = given

    def pass_on(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Lets through what can be used."""
        bad = frame.select(self._bad).to_series()
        if not bad.any():
            return frame
        assert self._given.bad_rows is not None
        for rows, step in self._told(frame.filter(bad)):
            self._given.bad_rows.take(rows, step)
        return frame.filter(~bad)

    def _told(self, rows_in: pl.DataFrame) -> Iterator[tuple[pl.DataFrame, int | None]]:
        """Each row, for the first check it does not pass, or in a plan for all, with the step that has the check."""
        left = pl.repeat(True, rows_in.height, dtype=pl.Boolean(), eager=True)
        bad = rows_in.select(one.bad.fill_null(False).alias(str(number)) for number, one in enumerate(self._checks))
        for check, mine in zip(self._checks, bad, strict=True):
            told_of = mine if self._given.plans else mine & left
            if not told_of.any():
                continue
            left &= ~mine
            rows = rows_in.filter(told_of)
            values = rows.select(telling.text(check.value).alias("value")).to_series()
            reasons = _reasons(check, values)
            for number, at, some in _by_input(rows, check.row):
                # The values first: of all else there may be one for all rows.
                told = pl.DataFrame([values.gather(at), reasons.gather(at)]).select(
                    file=pl.lit(self._given.file_name(number), pl.String),
                    row=pl.lit(None, pl.Int64) if number is None else some[check.row] % INPUT,
                    column=pl.lit(check.name),
                    value=pl.col("value"),
                    reason=pl.col("reason"),
                    text=self._texts(some, number),
                )
                yield told, check.step
        if left.any():
            yield self._damaged(rows_in.filter(left)), None

    def _damaged(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Rows that could not even be read: what is wrong with them, and their text, the reader knows.

        Raises Unreadable at a row behind which nobody knows how to go on.
        """
        told = []
        for place in rows[ROW]:
            damage = self._given.take_damage(place)
            if damage is not None:
                told.append((self._given.file_name(place // INPUT), place % INPUT, None, None, *damage))
            elif self._given.fault(place) is not None:
                raise Unreadable(place)
            # Else it was told already: a step such as `unpivot` has made several of the row.
        return pl.DataFrame(told, COLUMNS, orient="row")

    def _texts(self, rows: pl.DataFrame, number: int | None) -> pl.Series:
        """The rows as they stood: as a record of csv, or as a JSON object."""
        columns = self._given.columns(number)
        nothing = pl.repeat(None, rows.height, dtype=pl.String, eager=True)
        if number is None or not columns or any(column.at not in rows.columns for column in columns.values()):
            return nothing
        if written := self._given.dialect(number):
            cells = [_cell(column, written) for column in columns.values()]
            return rows.select(pl.concat_str(cells, separator=written.separator).alias("text")).to_series()
        plain = rows.select(telling.plainly(pl.col(name), dtype) for name, dtype in rows.schema.items())
        return pl.Series("text", [_object(row, columns) for row in plain.iter_rows(named=True)], pl.String)


def _reasons(check: Check, values: pl.Series) -> pl.Series:
    if isinstance(check.what, str):
        return pl.Series("reason", [check.what]).new_from_index(0, len(values))
    return pl.Series("reason", map(check.says, values), pl.String)


def _by_input(rows: pl.DataFrame, name: str) -> Iterator[tuple[int | None, pl.Series, pl.DataFrame]]:
    """The rows apart by the input they are from, None where that is not known any more, and where they stood."""
    at = pl.int_range(rows.height, eager=True)
    if name not in rows.columns:
        yield None, at, rows
        return
    numbers = rows[name] // INPUT
    for number in numbers.unique().sort():
        mine = numbers == number if number is not None else numbers.is_null()
        yield number, at.filter(mine), rows.filter(mine)


def _cell(column: Column, written: Dialect) -> pl.Expr:
    """A cell with quotes where it needs them."""
    quote = written.quote
    own = table.stood(column).cast(pl.String).fill_null("")
    quoted = pl.lit(quote) + own.str.replace_all(quote, quote * 2, literal=True) + pl.lit(quote)
    return pl.when(own.str.contains_any([quote, "\r", "\n", written.separator])).then(quoted).otherwise(own)


def _object(row: dict[str, object], columns: dict[str, Column]) -> str:
    found: dict[str, object] = {}
    for name, column in columns.items():
        odd = row.get(column.odd) if column.odd else None
        value = msgspec.Raw(str(odd).encode()) if odd is not None else row[column.at]
        if value is not None:
            found[name] = value
    return msgspec.json.encode(found, enc_hook=str).decode()
