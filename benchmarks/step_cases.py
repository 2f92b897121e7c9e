"""The table steps as they are measured: the same work as a pipeline of ours, as Polars' query, and as DuckDB's SQL."""

from collections.abc import Callable
from typing import Any

import msgspec
import polars as pl

Frame = pl.LazyFrame


class Case(msgspec.Struct, frozen=True):
    """One work. `source` and `target` are formats; `other` is whether a second, smaller table takes part.

    `steps` are ours, but for the conversion at the end; `polars` and `duckdb` do the same (`t` is the table, `o` the
    other one).
    """

    name: str
    source: str
    target: str
    steps: list[dict[str, Any]]
    polars: Callable[[Frame, Frame], Frame]
    duckdb: str = "SELECT * FROM t"
    other: bool = False


def _step(kind: str, **params: Any) -> dict[str, Any]:
    return {"type": kind, "params": params}


def _sums(name: str, group: str) -> Case:
    def polars(table: Frame, _: Frame) -> Frame:
        return table.group_by(group).agg(
            total=pl.col("amount").sum(), mean=pl.col("quantity").mean(), n=pl.col("id").count()
        )

    aggregations = [
        {"column": "amount", "function": "sum", "name": "total"},
        {"column": "quantity", "function": "mean", "name": "mean"},
        {"column": "id", "function": "count", "name": "n"},
    ]
    ours = _step("aggregate", group_by=[group], aggregations=aggregations)
    sql = f"SELECT {group}, sum(amount) AS total, avg(quantity) AS mean, count(id) AS n FROM t GROUP BY {group}"
    return Case(name, "parquet", "parquet", [ours], polars, sql)


CASES = (
    Case(
        "filter",
        "parquet",
        "parquet",
        [_step("filter", column="amount", operator="gt", value=5000.0)],
        lambda t, _: t.filter(pl.col("amount") > 5000.0),
        "SELECT * FROM t WHERE amount > 5000.0",
    ),
    _sums("aggregate, 11 groups", "country"),
    _sums("aggregate, a million groups", "score"),
    Case(
        "sort",
        "parquet",
        "parquet",
        [_step("sort", by=[{"column": "amount", "descending": True}, {"column": "id", "descending": False}])],
        lambda t, _: t.sort("amount", "id", descending=[True, False], nulls_last=True, maintain_order=True),
        "SELECT * FROM t ORDER BY amount DESC NULLS LAST, id NULLS LAST",
    ),
    Case(
        "distinct",
        "parquet",
        "parquet",
        [_step("distinct", columns=["score"])],
        lambda t, _: t.unique("score", keep="first", maintain_order=True),
        "SELECT DISTINCT ON (score) * FROM t",
    ),
    Case(
        "join",
        "parquet",
        "parquet",
        [_step("join", input="prices", on=["code"], how="inner")],
        lambda t, o: t.join(o, on="code", how="inner", maintain_order="left"),
        "SELECT t.*, o.price FROM t JOIN o USING (code)",
        other=True,
    ),
    Case("csv to parquet", "csv", "parquet", [], lambda t, _: t),
    Case("parquet to csv", "parquet", "csv", [], lambda t, _: t),
    Case("ndjson to parquet", "ndjson", "parquet", [], lambda t, _: t),
)
BY_NAME = {case.name: case for case in CASES}
