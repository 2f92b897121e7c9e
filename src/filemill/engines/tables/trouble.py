"""Turns what goes wrong inside into what a caller may hear: whose fault it is, and never a word of the inside."""

import polars as pl

from filemill.errors import JobFailed
from filemill.pipelines.run import InputFile, changed

_LONGEST_VALUE = 80

_AWAY_WORDS = (
    "object-store",
    "generic s3 error",
    "error sending request",
    "error performing",
    "connection",
    "timed out",
    "timeout",
    "broken pipe",
    "slowdown",
    "service unavailable",
)
"""How Polars' store client speaks of a store that does not answer or cannot."""


def shorten(value: object) -> str:
    """A value as it may stand in a sentence: quoted, on one line, some 80 characters at most."""
    text = str(value)
    if len(text) > _LONGEST_VALUE:
        text = text[: _LONGEST_VALUE - 3] + "..."
    return repr(text)


def store_away() -> JobFailed:
    """The store does not answer: nobody's file is to blame."""
    return JobFailed("store_away", "The object store is out of reach.", at_fault="us")


def internal() -> JobFailed:
    """Something we did not foresee; the log has the cause."""
    return JobFailed("internal", "Something went wrong on our side.", at_fault="us")


def bad_file(file: InputFile, what: str) -> JobFailed:
    """The file is not what its name says, is damaged, or is empty; `what` is a sentence."""
    return JobFailed("bad_file", f"{file.file_name}: {what}")


def bad_row(file: InputFile, row: int, what: str, column: str | None = None) -> JobFailed:
    """A row of the file is damaged, in a `column` where that is known.

    `row` counts from 1, the header not among them; `what` is a sentence.
    """
    place = "" if column is None else f", column {shorten(column)}"
    return JobFailed("bad_file", f"{file.file_name}, row {row}{place}: {what}")


def bad_value(file_name: str, row: int, column: str, value: object, what: str) -> JobFailed:
    """A value is a misfit; `what` ends the sentence that began with it."""
    return JobFailed("bad_value", f"{file_name}, row {row}, column {column!r}: {shorten(value)} {what}")


def bad_result(column: str, value: object, what: str) -> JobFailed:
    """A value that came from many rows cannot be; `what` ends the sentence that began with it."""
    return JobFailed("bad_value", f"Column {column!r}: {shorten(value)} {what}")


def of_refusal(code: str, file: InputFile) -> JobFailed:
    """The store answered, and refused: the input is gone or another, or our key does not fit."""
    if code in ("NoSuchKey", "NoSuchVersion", "NoSuchObject", "PreconditionFailed", "InvalidRange"):
        return changed(file.file_name)
    return internal()


def is_store_away(error: BaseException) -> bool:
    """Whether an error of Polars is the store's and not the file's."""
    if isinstance(error, (FileNotFoundError, PermissionError)):
        return False
    if isinstance(error, (ConnectionError, TimeoutError)):
        return True
    text = str(error).lower()
    return any(word in text for word in _AWAY_WORDS)


def of_polars(error: BaseException, file: InputFile) -> JobFailed:
    """An error of Polars that no reader foresaw."""
    if is_store_away(error):
        return store_away()
    if isinstance(error, FileNotFoundError):
        return of_refusal("NoSuchKey", file)
    if "overflow in decimal" in str(error):
        return JobFailed("bad_value", "A sum of decimals is longer than the 38 digits that a decimal has.")
    if isinstance(error, pl.exceptions.DuplicateError) and file.format == "parquet":
        return bad_file(file, "Two of its columns have the same name.")
    if isinstance(error, pl.exceptions.PolarsError):
        return bad_file(file, f"The file is damaged, or no .{file.format} file.")
    return internal()
