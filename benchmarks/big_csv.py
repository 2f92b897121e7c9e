"""Makes the large table: 12 mixed columns with quotes, line breaks, UTF-8 and gaps, always the same bytes."""

from pathlib import Path

import polars as pl

GB = 10**9
_ROWS_AT_ONCE = 100_000
_FIRST = ("Anna", "Jürgen", "Zoë", "Đặng", "Олена", "莉", "José", "Łukasz", "Siân", "Aarav", "Nuño", "Mary Ann")
_LAST = ("Müller", "O'Brien", "van der Berg", "Ångström", "Šimić", "田中", "García Márquez", "Smith", "Иванова", "Kaya")
_CITIES = ("München", "Kraków", "São Paulo", "Reykjavík", "Winston-Salem, NC", "東京", "Québec", "Rome", "Oslo", None)
_COUNTRIES = ("DE", "PL", "BR", "IS", "US", "JP", "CA", "IT", "NO", "IN", "KE")
_NOTES = (
    None,
    "delivered",
    'left with "the neighbour", second floor',
    "call before noon; door code unknown",
    "two lines:\nthe second one",
    "naïve café, déjà vu",
    "back order, partial shipment, see the invoice",
)


def make(folder: Path, gigabytes: float) -> Path:
    """The file of at least so many GB (10^9 bytes); made once, then found again."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"orders-{gigabytes:g}.csv"
    if path.exists():
        return path
    draft = path.with_suffix(".part")
    with open(draft, "wb") as file:
        first = 0
        while file.tell() < gigabytes * GB:
            _rows(first).write_csv(file, include_header=first == 0)
            first += _ROWS_AT_ONCE
    draft.replace(path)
    return path


def _rows(first: int) -> pl.DataFrame:
    ids = pl.DataFrame({"id": pl.int_range(first, first + _ROWS_AT_ONCE, dtype=pl.Int64, eager=True)})
    by_chance = [_chance(number).alias(f"chance{number}") for number in range(9)]
    return ids.with_columns(by_chance).select(
        pl.col("id") + 1,
        customer=pl.concat_str(_pick(0, _LAST), pl.lit(", "), _pick(1, _FIRST)),
        country=_pick(2, _COUNTRIES),
        city=_pick(3, _CITIES),
        amount=((pl.col("chance4") % 1_000_000) / 100).round(2),
        quantity=pl.col("chance5") % 50 + 1,
        discount=pl.when(pl.col("chance6") % 20 > 0).then(((pl.col("chance6") % 10_000) / 10_000).round(4)),
        paid=pl.col("chance7") % 3 > 0,
        ordered_at=(pl.datetime(2020, 1, 1) + pl.duration(seconds=pl.col("chance8") % 157_680_000)).dt.strftime(
            "%Y-%m-%d %H:%M:%S"
        ),
        note=_pick(5, _NOTES),
        score=pl.when(pl.col("chance1") % 7 > 0).then(pl.col("chance2") % 2_000_000 - 1_000_000),
        code=pl.format("SKU-{}-{}", pl.col("chance3") % 9_000 + 1_000, pl.col("chance6") % 97),
    )


def _chance(number: int) -> pl.Expr:
    """A number below 2^31 that looks like chance and follows from the id alone, alike in every version of Polars."""
    mixed = (pl.col("id") * 2_654_435_761 + number * 40_503 * 65_537 + 12_345) % 4_294_967_291
    return (mixed * 1_103_515_245 % 4_294_967_279) // 2


def _pick(number: int, among: tuple[str | None, ...]) -> pl.Expr:
    chosen = pl.col(f"chance{number}") // 7 % len(among)
    return chosen.replace_strict(list(range(len(among))), list(among), return_dtype=pl.String)
