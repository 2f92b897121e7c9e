"""The options of a job beside its steps: how the inputs are written, and where bad rows go.

The options are plain data, stored with the job and given to the engine with every run. Decoding checks the shape (a
wrong shape is a 400); `check` refuses impossible values (a 422).
"""

import codecs
from typing import Literal

import msgspec

from filemill.errors import Impossible
from filemill.pipelines.formats import Format

MOST_NULL_VALUES = 100
LONGEST_NULL_VALUE = 1_000

ENCODINGS = frozenset(
    {
        *("ascii", "utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be"),
        *("iso8859-1", *(f"iso8859-{n}" for n in range(2, 17) if n != 12)),
        *("cp437", "cp850", "cp852", "cp866", *(f"cp{n}" for n in range(1250, 1259)), "mac-roman", "koi8-r", "koi8-u"),
        *("shift_jis", "cp932", "euc_jp", "gbk", "gb2312", "gb18030", "big5", "cp949", "euc_kr"),
    }
)
"""The encodings that an input may name, in Python's own spelling. Python's other spellings mean the same encodings."""

BadRows = Literal["fail", "collect"]
RepeatedNames = Literal["fail", "number"]
Mode = Literal["run", "plan"]


class InputOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """How an input is written. The engine finds an option that is absent or null from the file.

    `delimiter` and `quote` are one ASCII character each. A cell of `null_values`, and an empty cell, is null. With
    `decimal_comma`, 1,5 is a number. A header with the same name twice fails the job unless `repeated_names` is
    `number`: the second `a` then becomes `a_2`.

    Example: `{"delimiter": ";", "encoding": "windows-1252", "null_values": ["NA"], "decimal_comma": true}`
    """

    delimiter: str | None = None
    has_header: bool | None = None
    encoding: str | None = None
    quote: str | None = None
    null_values: tuple[str, ...] | None = None
    decimal_comma: bool | None = None
    repeated_names: RepeatedNames | None = None

    @property
    def given(self) -> tuple[str, ...]:
        """The names of the options that the caller has given."""
        return tuple(name for name in self.__struct_fields__ if getattr(self, name) is not None)


class Options(msgspec.Struct, frozen=True, omit_defaults=True):
    """All options of a job. `input_options` hold for every input whose format takes the options.

    `on_bad_rows`: `fail` ends the job at the first row that cannot be used, `collect` writes the rows that cannot be
    used to the output `bad_rows`. `mode`: `plan` only tells the result of the steps on the first rows. A plan may get
    the first rows of the main input as the text `sample`.
    """

    input_options: InputOptions = InputOptions()
    on_bad_rows: BadRows = "fail"
    mode: Mode = "run"
    sample: str | None = None


TAKES: dict[str, frozenset[str]] = {
    "csv": frozenset(InputOptions.__struct_fields__),
    "tsv": frozenset(InputOptions.__struct_fields__),
    **dict.fromkeys(("ndjson", "json", "log"), frozenset({"encoding"})),
    "xlsx": frozenset({"repeated_names"}),
}
"""Base of a format -> the input options the format takes. An option that no input of a job takes is refused."""


def check(options: Options, inputs: tuple[Format, ...]) -> None:
    """Refuses options that are well formed but impossible for inputs of these formats. Raises Impossible."""
    given = options.input_options
    _check_sign("delimiter", given.delimiter)
    _check_sign("quote", given.quote)
    if given.delimiter is not None and given.delimiter == given.quote:
        raise Impossible("input_options: delimiter and quote must be two different characters.")
    if given.encoding is not None and not is_encoding(given.encoding):
        raise Impossible(
            f"input_options: encoding {given.encoding[:40]!r} is not known; utf-8, utf-16, latin-1 and windows-1252 are"
            " some that are."
        )
    nulls = given.null_values or ()
    if len(nulls) > MOST_NULL_VALUES or any(len(one) > LONGEST_NULL_VALUE for one in nulls):
        raise Impossible(
            f"input_options: null_values holds at most {MOST_NULL_VALUES} texts of up to {LONGEST_NULL_VALUE}"
            " characters."
        )
    taken = frozenset[str]().union(*(TAKES.get(one.base, frozenset()) for one in inputs))
    for name in given.given:
        if name not in taken:
            formats = ", ".join(sorted({one.name for one in inputs}))
            raise Impossible(f"input_options: {name} means nothing for {formats}; leave it out.")


def is_encoding(name: str) -> bool:
    """Whether an input may name this encoding, in any of Python's spellings."""
    try:
        return codecs.lookup(name).name in ENCODINGS
    except (LookupError, ValueError):  # ValueError: a NUL in the name
        return False


def _check_sign(what: str, sign: str | None) -> None:
    if sign is not None and not (len(sign) == 1 and sign.isascii() and sign not in "\0\r\n"):
        raise Impossible(f"input_options: {what} must be one ASCII character, no line end.")


def encode(options: Options) -> bytes:
    """The options -> JSON text for the job's row."""
    return msgspec.json.encode(options)


def decode(text: bytes | str) -> Options:
    """JSON text of a job's row -> the options."""
    return msgspec.json.decode(text, type=Options)
