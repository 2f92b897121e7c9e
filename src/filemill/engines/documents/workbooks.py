"""Workbooks (xlsx, ods, xls) as LibreOffice writes them further, with the results of their formulas.

A formula shows the result that its file stores. It is worked out where there is none, in files that ask for that, and
where the result is a workbook again. Where LibreOffice has but an error for a formula, since it does not know a
function of it, the stored result stands in its place.
"""

import contextlib
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec
from python_calamine import CalamineError, CalamineWorkbook

from filemill.engines.documents import office_orders, open_results, stored_results
from filemill.engines.documents.cell_ranges import Range, Ranges
from filemill.engines.documents.libreoffice import LibreOffice
from filemill.engines.documents.office_orders import Answer
from filemill.engines.documents.task import Task

_WITH_FORMULAS = (".xlsx", ".ods")
_MOST_TIMES = 4
"""A result that stands now may make another formula an error, which it was not before."""


class Workbooks:
    """Converts by an instance of LibreOffice."""

    def __init__(self, office: LibreOffice) -> None:
        self._office = office

    def convert(self, source: Path, target: Path, task: Task) -> None:
        """Converts one file into another, by their extensions. Raises JobFailed."""
        self._convert(source, target, task, says=False)

    def say(self, source: Path, target: Path, task: Task) -> None:
        """Converts a file into a page that has the words of its drawings in cells. Raises JobFailed."""
        self._convert(source, target, task, says=True)

    def _convert(self, source: Path, target: Path, task: Task, *, says: bool) -> None:
        answer = self._ask(source, target, task, says=says)
        if answer.errors and source.suffix == ".xls":
            _tell_of_lost(source, task, answer)
        elif answer.errors:
            self._mend(source, target, task, answer, says=says)
        if answer.too_high:
            rows = "A row is" if answer.too_high == 1 else f"{answer.too_high:,} rows are"
            task.warn("left_out", f"{rows} too high for a page: the last lines of long cells are not seen.")
        if answer.rounded:
            numbers = "A number has" if answer.rounded == 1 else f"{answer.rounded:,} numbers have"
            task.warn("rounded", f"{numbers} more than 15 digits: the file holds the first 15, rounded.")
        if target.suffix == ".csv" and answer.sheets > 1:
            task.warn("left_out", f"The file has {answer.sheets} sheets; a csv holds the first that is not hidden.")

    def _ask(self, source: Path, target: Path, task: Task, *, says: bool) -> Answer:
        is_worked_out = target.suffix in _WITH_FORMULAS or _wants_calculation(source)
        usual = office_orders.of(source, target, task)
        is_drawn, has_sizes = target.suffix == ".pdf", task.file.format != "csv"
        order = msgspec.structs.replace(
            usual,
            calculates=is_worked_out,
            packs=target.suffix == ".html",
            says=says,
            fits=is_drawn and not has_sizes,
            widens=is_drawn and has_sizes,
            digits=target.suffix == ".csv",
        )
        return self._office.order(order, task)

    def _mend(self, source: Path, target: Path, task: Task, answer: Answer, *, says: bool) -> None:
        """Converts the file again, as often as a stored result can take the place of an error."""
        done = missing = 0
        for number in range(_MOST_TIMES):
            mended = target.with_name(f"results-{number}{source.suffix}")
            more, missing = _put_results(source, mended, answer.ranges)
            if not more:
                break
            target.unlink()
            source, done = mended, done + more
            answer = self._ask(source, target, task, says=says)
        if done and target.suffix in _WITH_FORMULAS:
            what = f"{_formulas(done)} that cannot be worked out here became the result that the file stores"
            task.warn("left_out", f"{what}; the formula is left out.")
        if missing:
            shows = "shows" if missing == 1 else "show"
            task.warn("left_out", f"{_formulas(missing)} without a stored result {shows} an error.")


def _wants_calculation(source: Path) -> bool:
    return source.suffix == ".xlsx" and stored_results.wants_calculation(source)


def _put_results(source: Path, target: Path, errors: Mapping[str, Sequence[Range]]) -> tuple[int, int]:
    """Writes the workbook with stored results instead of errors -> how many, and for how many there is none."""
    if source.suffix == ".ods":
        return open_results.put(source, target, errors)
    found = stored_results.find(source, errors)
    done, missing = sum(len(one.cuts) for one in found.values()), sum(one.missing for one in found.values())
    if done and stored_results.wants_calculation(source) and all(one.are_zero for one in found.values()):
        # Who writes workbooks without working them out puts a 0 everywhere, and asks for the rest.
        return 0, missing + done
    if done:
        stored_results.put(source, target, found)
    return done, missing


def _tell_of_lost(source: Path, task: Task, answer: Answer) -> None:
    """Counts the results that an xls stores where an error is shown: nothing puts them back there."""
    lost = 0
    with contextlib.suppress(CalamineError):
        book = CalamineWorkbook.from_path(source)
        for name, errors in answer.ranges.items():
            ranges = Ranges(errors)
            rows = enumerate(book.get_sheet_by_name(name).to_python(skip_empty_area=False))
            lost += sum(cell != "" and ranges.hold(at, row) for row, cells in rows for at, cell in enumerate(cells))
    if lost:
        shows = "shows" if lost == 1 else "show"
        task.warn("left_out", f"{_formulas(lost)} {shows} an error instead of the result that the file stores.")


def _formulas(count: int) -> str:
    return "A formula" if count == 1 else f"{count:,} formulas"
