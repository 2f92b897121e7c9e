"""What breaks off is never taken for the end: rows that Polars loses by a panic are not left out in silence."""

import polars as pl
import pytest

from filemill.engines.tables.writers import sinks


def test_a_query_that_breaks_off_raises() -> None:
    # given a query in which Polars panics behind some rows
    moments = pl.Series([0, 1, 2**63 - 1]).cast(pl.Datetime("us"))
    broken = pl.LazyFrame({"t": moments}).select(pl.col("t").dt.to_string("iso:strict"))
    # then whoever takes the rows one batch after another hears of it
    with pytest.raises(pl.exceptions.PanicException):
        list(sinks._batches(broken, {"t": pl.String()}))


def test_a_whole_query_gives_all_of_its_rows_and_no_other() -> None:
    whole = pl.LazyFrame({"n": range(200_000), "l": [[1]] * 200_000})
    found = pl.concat(sinks._batches(whole, dict(whole.collect_schema())))
    assert found.equals(whole.collect())
    assert list(sinks._batches(whole.head(0), dict(whole.collect_schema()))) == []
