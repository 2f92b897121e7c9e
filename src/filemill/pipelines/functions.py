"""The functions of the expression language in one table: parameters, results, and an example of each.

The table is plain data; the engine computes the functions. Tests compare docs/expressions.md with this table and run
every example.
"""

import msgspec

UNITS = ("year", "month", "week", "day", "hour", "minute", "second")
"""The units of time. `'days'` is the same as `'day'`."""

DIRECTIVES = "YmdHMSyjbBaA%"
"""The letters and signs that may follow a `%` in a pattern of `format_date`."""

MOST_PLACES = 15
"""Most digits behind the point in `round`."""

MOST_SCALE = 37
"""Most digits behind the point of a decimal. A decimal has 38 digits, and one stays before the point."""

MOST_PADDED = 10_000
"""Most characters of a padded text."""


class Function(msgspec.Struct, frozen=True):
    """One function.

    `takes` names the parameters: `[name]` is optional, and `...` repeats the last one. `fixed` maps the position
    (counted from 0) of an argument that must be a constant to the kind of constant: a unit, a pattern or a number.
    `example` is an expression and the text of its value; None stands for null.
    """

    takes: tuple[str, ...]
    gives: str
    meaning: str
    example: tuple[str, str | None]
    fixed: dict[int, str] = {}

    @property
    def least(self) -> int:
        """The least number of arguments."""
        return sum(not name.startswith(("[", "...")) for name in self.takes)

    @property
    def most(self) -> int | None:
        """The greatest number of arguments; None for any number."""
        return None if self.takes[-1] == "..." else len(self.takes)

    @property
    def signature(self) -> str:
        """The parameters as documents show them: `text, start, [length]`."""
        return ", ".join(self.takes)


FUNCTIONS: dict[str, Function] = {
    # text
    "upper": Function(("text",), "text", "in capitals", ("upper('Zoë')", "ZOË")),
    "lower": Function(("text",), "text", "in small letters", ("lower('Zoë')", "zoë")),
    "trim": Function(("text",), "text", "without white space at both ends", ("trim('  a b ')", "a b")),
    "length": Function(("text",), "int", "how many characters", ("length('Zoë')", "3")),
    "substring": Function(
        ("text", "start", "[length]"),
        "text",
        "from the character `start`, counted from 1; null where `start` is below 1 or `length` below 0",
        ("substring('abcdef', 2, 3)", "bcd"),
    ),
    "left": Function(
        ("text", "n"), "text", "the first `n` characters; null where `n` is below 0", ("left('abc', 2)", "ab")
    ),
    "right": Function(
        ("text", "n"), "text", "the last `n` characters; null where `n` is below 0", ("right('abc', 2)", "bc")
    ),
    "concat": Function(("text", "text", "..."), "text", "one behind the other", ("concat('a', '-', 'b')", "a-b")),
    "replace": Function(
        ("text", "part", "with"),
        "text",
        "with every `part` replaced, literally; an empty part is nowhere",
        ("replace('1,000,000', ',', '')", "1000000"),
    ),
    "contains": Function(("text", "part"), "bool", "whether it has this part", ("contains('abc', 'b')", "true")),
    "starts_with": Function(
        ("text", "part"), "bool", "whether it begins with it", ("starts_with('abc', 'b')", "false")
    ),
    "ends_with": Function(("text", "part"), "bool", "whether it ends with it", ("ends_with('abc', 'bc')", "true")),
    "pad_left": Function(
        ("text", "n", "character"),
        "text",
        f"filled up in front to `n` characters, at most {MOST_PADDED:,}; longer text stays",
        ("pad_left('7', 3, '0')", "007"),
        {1: "length", 2: "character"},
    ),
    "pad_right": Function(
        ("text", "n", "character"),
        "text",
        "the same behind",
        ("pad_right('7', 3, '.')", "7.."),
        {1: "length", 2: "character"},
    ),
    "encode": Function(
        ("bytes", "encoding"),
        "text",
        "bytes as text: `'base64'` or `'hex'`; of text the bytes of its UTF-8",
        ("encode('Zoë', 'hex')", "5a6fc3ab"),
        {1: "encoding"},
    ),
    # dates
    "year": Function(("date",), "int", "its year", ("year(date('2024-02-29'))", "2024")),
    "month": Function(("date",), "int", "1 to 12", ("month(date('2024-02-29'))", "2")),
    "day": Function(("date",), "int", "day of the month", ("day(date('2024-02-29'))", "29")),
    "weekday": Function(("date",), "int", "1 for Monday to 7 for Sunday", ("weekday(date('2024-02-29'))", "4")),
    "hour": Function(("datetime",), "int", "0 to 23", ("hour(datetime('2024-02-29T13:45:10'))", "13")),
    "minute": Function(("datetime",), "int", "0 to 59", ("minute(datetime('2024-02-29T13:45:10'))", "45")),
    "second": Function(("datetime",), "int", "0 to 59", ("second(datetime('2024-02-29T13:45:10'))", "10")),
    "date_add": Function(
        ("date", "n", "unit"),
        "as `date`",
        "`n` units later; a month later than 31 January is the last of February; hours and below need a datetime",
        ("date_add(date('2024-01-31'), 1, 'month')", "2024-02-29"),
        {2: "unit"},
    ),
    "date_diff": Function(
        ("start", "end", "unit"),
        "int",
        "whole units from `start` to `end`, both of one type; below 0 where `end` is the earlier one",
        ("date_diff(date('2024-01-31'), date('2024-03-01'), 'day')", "30"),
        {2: "unit"},
    ),
    "format_date": Function(
        ("date", "pattern"),
        "text",
        "written as the pattern says: `%Y` year, `%m` month, `%d` day, `%H` `%M` `%S` time, `%y` year of the century, "
        "`%j` day of the year, `%b` `%B` name of the month, `%a` `%A` of the day, in English; `%%` a per cent sign",
        ("format_date(date('2024-02-29'), '%d.%m.%Y')", "29.02.2024"),
        {1: "pattern"},
    ),
    "truncate": Function(
        ("date", "unit"),
        "as `date`",
        "the moment its year, month, week (from Monday), day, hour, minute or second began",
        ("truncate(date('2024-02-29'), 'month')", "2024-02-01"),
        {1: "unit"},
    ),
    # numbers
    "abs": Function(("number",), "as `number`", "without its sign", ("abs(-3)", "3")),
    "round": Function(
        ("number", "[places]"),
        "int, or as `number`",
        f"the nearest whole number, or with `places` (0 to {MOST_PLACES}) behind the point; halves away from zero",
        ("round(2.5)", "3"),
        {1: "places"},
    ),
    "floor": Function(("number",), "int", "the next whole number below", ("floor(-2.5)", "-3")),
    "ceil": Function(("number",), "int", "the next whole number above", ("ceil(-2.5)", "-2")),
    "sqrt": Function(("number",), "float", "the square root; null below 0", ("sqrt(2.25)", "1.5")),
    "min": Function(("value", "value", "..."), "as the values", "the least of these", ("min(3, 1, 2)", "1")),
    "max": Function(("value", "value", "..."), "as the values", "the greatest of these", ("max('a', 'b')", "b")),
    "finite": Function(
        ("number",), "as `number`", "the number, or null where it is NaN or infinite (parquet)", ("finite(1.5)", "1.5")
    ),
    # choices
    "if": Function(
        ("condition", "a", "b"),
        "as `a` and `b`",
        "`a` where the condition is true, `b` where it is false or null; what is not chosen is not looked at",
        ("if(1 < 2, 'yes', 'no')", "yes"),
    ),
    "coalesce": Function(
        ("value", "value", "..."), "as the values", "the first that is not null", ("coalesce(null, 2, 3)", "2")
    ),
    "is_null": Function(("value",), "bool", "whether it is null", ("is_null(null)", "true")),
    # casts
    "int": Function(("value",), "int", "see [Casts](tables.md#cast)", ("int('007')", "7")),
    "float": Function(("value",), "float", "the same", ("float('1e3')", "1000.0")),
    "decimal": Function(
        ("value", "[places]"),
        "decimal",
        f"the same, with `places` (0 to {MOST_SCALE}) behind the point; without them as many as it has, 10 from text "
        "and float",
        ("decimal('1.5', 2)", "1.50"),
        {1: "scale"},
    ),
    "text": Function(("value",), "text", "as csv writes it; a csv cell as it stands", ("text(1.50)", "1.50")),
    "bool": Function(("value",), "bool", "see [Casts](tables.md#cast)", ("bool('TRUE')", "true")),
    "date": Function(("value",), "date", "the same", ("date('2024-02-29')", "2024-02-29")),
    "datetime": Function(
        ("value", "[zone]"),
        "datetime",
        "the same; with `'UTC'`, text must end in `Z`, `UTC`, `GMT` or an offset and gives a datetime in UTC",
        ("datetime('2024-02-29T12:00+02:00', 'UTC')", "2024-02-29T10:00:00.000000+00:00"),
        {1: "zone"},
    ),
}
"""Every function by name."""
