"""The inputs of a run in one pass over them: opened where a step asks for them, and closed together."""

from collections.abc import Callable
from itertools import count
from typing import Protocol

import msgspec
import polars as pl

from filemill.engines.tables import pace, table
from filemill.engines.tables.readers import excerpt, reading
from filemill.engines.tables.readers.delimited import Delimited
from filemill.engines.tables.readers.dialect import Dialect
from filemill.engines.tables.readers.excerpt import Beginning
from filemill.engines.tables.table import INPUT, ROW, Check, Column, Source, Table
from filemill.errors import JobFailed
from filemill.pipelines import steps
from filemill.pipelines.formats import FORMATS
from filemill.pipelines.run import InputFile, Phase, Progress, Run, Say, Warned
from filemill.pipelines.table_steps import Sort


class Stage(msgspec.Struct, frozen=True):
    """A place that no row may pass which is marked or fails one of `checks`: a barrier, or the end."""

    frame: pl.LazyFrame
    bad: pl.Expr
    checks: tuple[Check, ...]


class Reached(Exception):
    """The pass has come to the stage it was made for."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage


class Taker(Protocol):
    """Takes rows that cannot be used."""

    def take(self, rows: pl.DataFrame, step: int | None) -> None:
        """Takes rows with the columns of `bad_rows.COLUMNS` that a step, or with None the output, cannot use."""
        ...


class Inputs:
    """One pass. `numbered` demands row numbers; `until` ends the pass at that stage, counted from 0, by `Reached`.

    With `bad_rows` rows that cannot be used go there, instead of ending the pass. A run that only plans reads the
    beginning of its inputs, which can then be gone through any number of times.
    """

    def __init__(
        self,
        run: Run,
        say: Say,
        *,
        numbered: bool = False,
        until: int | None = None,
        bad_rows: Taker | None = None,
    ) -> None:
        self.say = say
        self.bad_rows = bad_rows
        self.collects = run.options.on_bad_rows == "collect"
        self.plans = run.options.mode == "plan"
        self._run = run
        self._numbered = numbered or bad_rows is not None
        self._until = until
        self._stages = 0
        self._sources: dict[int, Source] = {}
        self._columns: dict[int, dict[str, Column]] = {}
        self._told: dict[int, tuple[int, int]] = {}
        # Known from the start: some files are gone through once before any step is looked at.
        self._sorted = [0.0 for step in steps.decode(bytes(run.steps)) if isinstance(step, Sort)]
        self._sorts = count()
        # A writer that is slow counts by rows, and what was read counts in full when its rows are written.
        self._times = pace.WRITING.get(FORMATS[run.outputs[0].format].base, 0) if run.outputs else 0
        self._put = 0.0
        self._most_told = 0

    @property
    def rows(self) -> int:
        """Rows read so far."""
        return sum(source.rows for source in self._sources.values())

    def main(self) -> Table:
        """The first input as a table. Raises JobFailed."""
        return self._open(0)

    def further(self, name: str, where: str) -> Table:
        """A further input as a table. Raises JobFailed where there is none of this name; `where` is the step."""
        for number, file in enumerate(self._run.inputs):
            if number and file.name == name:
                if number in self._sources:
                    raise JobFailed("bad_value", f"{where}: input {name!r} is used twice; each can be used once.")
                if self._run.options.sample is not None:
                    raise JobFailed(
                        "bad_value",
                        f"{where}: a sample is of the main input alone; give the job_id of a job that has {name!r}.",
                    )
                return self._open(number)
        raise JobFailed("bad_value", f"{where}: there is no input {name!r}; name it in extra_inputs.")

    def note(self, stage: Stage) -> None:
        """Says that the plan has come to a stage. Raises Reached where that was what the pass was made for."""
        if self._stages == self._until:
            raise Reached(stage)
        self._stages += 1

    def place(self, number: int) -> tuple[InputFile, int]:
        """A number from a row's column -> the file it is from, and the row there."""
        return self._run.inputs[number // INPUT], number % INPUT

    def fault(self, number: int) -> JobFailed | None:
        """What was wrong with the damaged row of this number."""
        return self._sources[number // INPUT].fault

    def file_name(self, number: int | None) -> str | None:
        """The name of an input's file."""
        return None if number is None else self._run.inputs[number].file_name

    def dialect(self, number: int) -> Dialect | None:
        """How an input is written, if it is csv or tsv."""
        source = self._sources[number]
        return source.dialect if isinstance(source, Delimited) else None

    def columns(self, number: int | None) -> dict[str, Column]:
        """The columns of an input as it was opened."""
        return {} if number is None else self._columns[number]

    def as_it_stood(self, opened: Table) -> list[str]:
        """The columns of a frame that must go along with the rows of a further input, for them to be told whole."""
        if self.bad_rows is None:
            return []
        return [name for column in opened.columns.values() for name in (column.at, column.odd) if name]

    def take_damage(self, number: int) -> tuple[str, str] | None:
        """What is wrong with a damaged row that was passed over, and its text; told once unless the run only plans."""
        source = self._sources[number // INPUT]
        if not isinstance(source, Delimited):
            return None
        damage = source.damage.get(number % INPUT)
        if not self.plans:
            source.damage.pop(number % INPUT, None)
        return damage

    def close(self) -> None:
        """Stops reading."""
        for source in self._sources.values():
            source.close()

    def _open(self, number: int) -> Table:
        source = reading.open_input(
            self._run.access,
            self._run.inputs[number],
            self._say_of(number),
            self._run.options.input_options,
            numbered=self._numbered,
            skips=self.bad_rows is not None,
            beginning=self._beginning(number),
        )
        self._sources[number] = source
        opened = source.table()
        if self.plans:
            opened = excerpt.held(opened, FORMATS[self._run.inputs[number].format].base)
        if number and self.bad_rows is not None:
            opened = _apart(opened)
        self._columns[number] = opened.columns
        if number and (opened.marks or self._numbered):
            opened = msgspec.structs.replace(
                opened, frame=opened.frame.with_columns(pl.col(ROW) + pl.lit(number * INPUT, dtype=pl.Int64))
            )
        return opened

    def _beginning(self, number: int) -> Beginning | None:
        """What of an input is read, where that is not all of it."""
        options = self._run.options
        return Beginning(options.sample if number == 0 else None) if self.plans else None

    def _say_of(self, number: int) -> Say:
        """What one input tells of its bytes becomes part of all of them."""

        def say(line: Phase | Progress | Warned) -> None:
            if isinstance(line, Progress) and line.unit == "bytes":
                self._told[number] = (line.done, line.total)
                self._tell()
            else:
                self.say(line)

        return say

    def sorts(self) -> Callable[[float], None]:
        """Says that a step will put rows in order -> what is to be told which part of them has come out.

        So much of the work is still to be done when all is read, that bytes count once more on their way out.
        """
        number = next(self._sorts)

        def tell(part: float) -> None:
            self._sorted[number] = part
            self._tell()

        return tell

    def tell_written(self, part: float) -> bool:
        """Tells which part of the rows that came is written by a slow writer -> whether there are bytes to tell of."""
        self._put = part
        return self._tell()

    def _tell(self) -> bool:
        total = sum(total for _, total in self._told.values())
        if total:
            done = sum(done for done, _ in self._told.values()) + int(total * sum(self._sorted))
            done += int(done * self._times * self._put)
            self._most_told = max(self._most_told, done)
            whole = total * (1 + len(self._sorted)) * (1 + self._times)
            self.say(Progress(self._most_told, whole, "bytes"))
        return bool(total)


def _apart(opened: Table) -> Table:
    """The table, its frame's columns called like no other input's."""
    places = {name: table.fresh() for one in opened.columns.values() for name in (one.at, one.odd) if name}
    columns = {
        name: msgspec.structs.replace(one, at=places[one.at], odd=places[one.odd] if one.odd else None)
        for name, one in opened.columns.items()
    }
    sample = opened.sample.rename(places, strict=False)
    return msgspec.structs.replace(opened, frame=opened.frame.rename(places), columns=columns, sample=sample)


def end_of(last: Table, checks: tuple[Check, ...]) -> Stage:
    """The stage that a table has come to, with all that is to be checked there."""
    return Stage(last.frame, table.is_marked(last, *checks), checks)
