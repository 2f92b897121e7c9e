"""The typed steps of a pipeline. `STEPS` is the one table of all steps.

A step struct is frozen, and its fields are the params. On the wire and in the row a step is
`{"type": ..., "params": {...}}`. Decoding checks the shape (a wrong shape is a 400); `check` refuses impossible values
(a 422).
"""

from collections.abc import Collection, Mapping
from typing import Any, Literal, Union

import msgspec
from msgspec import UNSET, UnsetType

from filemill.errors import BadRequest, Impossible
from filemill.pipelines import table_steps, targets, value_steps
from filemill.pipelines.expressions import MOST_CHARACTERS
from filemill.pipelines.formats import TABLES, Format
from filemill.pipelines.table_steps import Aggregate, Concat, Distinct, Join, Pivot, Sample, Sort, TableStep, Unpivot
from filemill.pipelines.table_steps import refuse_twice as _refuse_twice
from filemill.pipelines.value_steps import AddColumn, Cast, Drop, FillNull, Scalar, ValueStep

MOST_STEPS = 100
MOST_CONDITIONS = 1_000
DEEPEST_CONDITION = 20
MOST_VALUES = 10_000
QUICK_CHARACTERS = 500
"""Characters of all expressions that are read within a few milliseconds, whatever they are."""
Operator = Literal[
    "eq",
    "ne",
    "gt",
    "lt",
    "ge",
    "le",
    "contains",
    "starts_with",
    "ends_with",
    "in",
    "not_in",
    "between",
    "is_null",
    "not_null",
]


class Filter(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Keeps the rows for which a condition holds.

    A condition is a comparison `{column, operator, value}`, or `{"all": [...]}`, `{"any": [...]}`, `{"not": {...}}` of
    conditions. A comparison with null never passes, `ne` and `not_in` included. `between` includes both ends.
    `contains`, `starts_with` and `ends_with` are literal. The value takes the column's type.

    Example: `{"column": "country", "operator": "eq", "value": "India"}`
    """

    column: str | UnsetType = UNSET
    operator: Operator | UnsetType = UNSET
    value: Scalar | list[Scalar] | UnsetType = UNSET
    all: tuple["Filter", ...] | UnsetType = UNSET
    any: tuple["Filter", ...] | UnsetType = UNSET
    not_: Union["Filter", UnsetType] = msgspec.field(default=UNSET, name="not")

    def __post_init__(self) -> None:
        kinds = [name for name in ("column", "all", "any", "not_") if getattr(self, name) is not UNSET]
        if len(kinds) != 1:
            raise ValueError("a condition is either column, operator and value, or one of all, any, not")
        if kinds == ["column"] and self.operator is UNSET:
            raise ValueError("a comparison lacks its operator")
        if kinds != ["column"] and (self.operator is not UNSET or self.value is not UNSET):
            raise ValueError("operator and value go with column")


class Select(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Keeps the named columns, in the order given.

    Example: `{"columns": ["name", "city"]}`
    """

    columns: tuple[str, ...]


class Rename(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Renames columns, old name to new.

    Example: `{"columns": {"city": "town"}}`
    """

    columns: dict[str, str]


class Limit(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Keeps the first `n` rows.

    Example: `{"n": 1000}`
    """

    n: int


class ConvertFormat(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Writes the result in another format. At most once, and last.

    Some formats take options: csv a `delimiter`, one ASCII character; parquet, arrow and avro a `compression`; parquet
    a `row_group_size` in rows.

    Example: `{"to_format": "parquet", "compression": "snappy", "row_group_size": 100000}`
    """

    to_format: str
    delimiter: str | None = None
    compression: str | None = None
    row_group_size: int | None = None


Step = Filter | Select | Rename | Limit | TableStep | ValueStep | ConvertFormat
Pipeline = tuple[Step, ...]

STEPS: dict[str, type[Step]] = {
    "filter": Filter,
    "select": Select,
    "rename": Rename,
    "limit": Limit,
    "sort": Sort,
    "distinct": Distinct,
    "sample": Sample,
    "drop": Drop,
    "add_column": AddColumn,
    "cast": Cast,
    "fill_null": FillNull,
    "aggregate": Aggregate,
    "unpivot": Unpivot,
    "pivot": Pivot,
    "join": Join,
    "concat": Concat,
    "convert_format": ConvertFormat,
}
"""Every step by its name on the wire."""

NAMES: dict[type, str] = {struct: name for name, struct in STEPS.items()}

_WIRE = {
    struct: msgspec.defstruct(
        f"{struct.__name__}Step",
        [("params", struct)],
        tag_field="type",
        tag=name,
        frozen=True,
        forbid_unknown_fields=True,
        namespace={"__doc__": struct.__doc__},
    )
    for name, struct in STEPS.items()
}
WireStep: Any = Union[tuple(_WIRE.values())]  # noqa: UP007 -- built from the table at run time
"""One step on the wire, `{"type": ..., "params": {...}}`: the union that OpenAPI shows."""

_decoder = msgspec.json.Decoder(tuple[WireStep, ...])


def from_wire(steps: tuple[Any, ...]) -> Pipeline:
    """Decoded wire steps -> the pipeline."""
    return tuple(step.params for step in steps)


def decode(text: bytes | str) -> Pipeline:
    """JSON text of wire steps -> the pipeline. Raises BadRequest for a wrong shape."""
    try:
        return from_wire(_decoder.decode(text))
    except (msgspec.DecodeError, RecursionError) as error:
        raise BadRequest(f"processing_steps: {error}") from error


def to_wire(pipeline: Pipeline) -> list[Any]:
    """The pipeline -> wire steps, ready to encode."""
    return [_WIRE[type(step)](step) for step in pipeline]


def encode(pipeline: Pipeline) -> bytes:
    """The pipeline -> JSON text of wire steps."""
    return msgspec.json.encode(to_wire(pipeline))


def inputs_of(step: Step) -> tuple[str, ...]:
    """The names of the extra inputs that a step reads."""
    return table_steps.inputs_of(step)


def is_quick(pipeline: Pipeline) -> bool:
    """Whether `check` takes so little time that nobody else need wait for it."""
    return sum(len(step.expression) for step in _adding(pipeline)) <= QUICK_CHARACTERS


def _adding(pipeline: Pipeline) -> tuple[AddColumn, ...]:
    return tuple(step for step in pipeline if isinstance(step, AddColumn))


def check(
    pipeline: Pipeline,
    extra_inputs: Collection[str] = (),
    formats: Mapping[str, Format] = TABLES,
    longest: int = MOST_CHARACTERS,
) -> None:
    """Refuses a pipeline that is well formed but impossible; the message names the step (counted from 1).

    `extra_inputs` are the names of the announced inputs other than the main one. `formats` are the formats that
    `convert_format` may name. `longest` bounds the characters of an expression. `chains` checks that the steps fit one
    another and the input.

    Raises Impossible; BadRequest for a function that does not exist.
    """
    if len(pipeline) > MOST_STEPS:
        raise Impossible(f"processing_steps: {len(pipeline)} steps are more than the {MOST_STEPS} allowed.")
    value_steps.check_words(_adding(pipeline))
    for number, step in enumerate(pipeline, 1):
        where = f"step {number} ({NAMES[type(step)]})"
        _check_step(where, step, formats, longest)
        for name in inputs_of(step):
            if name not in extra_inputs:
                raise Impossible(f"{where}: there is no input {name!r}; announce it in extra_inputs.")
        if isinstance(step, ConvertFormat) and number != len(pipeline):
            raise Impossible(f"{where}: convert_format must be the last step.")
    value_steps.check_all(_adding(pipeline))


def _check_step(where: str, step: Step, formats: Mapping[str, Format], longest: int) -> None:
    match step:
        case Filter():
            _check_condition(where, step)
        case Select(columns):
            if not columns:
                raise Impossible(f"{where}: columns names no column.")
            _refuse_twice(where, "columns", columns)
        case Rename(columns):
            if not columns:
                raise Impossible(f"{where}: columns names no column.")
            if "" in columns.values():
                raise Impossible(f"{where}: a new name is empty.")
            _refuse_twice(where, "the new names", tuple(columns.values()))
        case Limit(n):
            table_steps.check_count(where, "n", n)
        case ConvertFormat():
            targets.check(where, step, formats)
        case AddColumn() | Cast() | Drop() | FillNull():
            value_steps.check(where, step, longest)
        case _:
            table_steps.check(where, step)


def _check_condition(where: str, condition: Filter) -> None:
    """Walks the conditions without recursion, so that our own limit bounds the depth, not the interpreter's."""
    waiting, count = [(condition, 1)], 0
    while waiting:
        one, depth = waiting.pop()
        count += one.all is UNSET and one.any is UNSET and isinstance(one.not_, UnsetType)
        if depth > DEEPEST_CONDITION or count > MOST_CONDITIONS:
            raise Impossible(
                f"{where}: more than {MOST_CONDITIONS} comparisons, or nested deeper than {DEEPEST_CONDITION}."
            )
        if one.all is not UNSET or one.any is not UNSET:
            inner = one.all if one.all is not UNSET else one.any
            assert not isinstance(inner, UnsetType)
            if not inner:
                raise Impossible(f"{where}: {'all' if one.all is not UNSET else 'any'} holds no condition.")
            waiting += [(each, depth + 1) for each in inner]
        elif not isinstance(one.not_, UnsetType):
            waiting.append((one.not_, depth + 1))
        else:
            _check_value(where, one)


def _check_value(where: str, comparison: Filter) -> None:
    operator, value = comparison.operator, comparison.value
    if operator in ("is_null", "not_null"):
        if value is not UNSET and value is not None:
            raise Impossible(f"{where}: operator {operator} takes no value.")
        return
    if value is UNSET:
        raise Impossible(f"{where}: operator {operator} needs a value.")
    if operator in ("in", "not_in"):
        if not isinstance(value, list):
            raise Impossible(f"{where}: operator {operator} needs a list of values.")
        if len(value) > MOST_VALUES:
            raise Impossible(f"{where}: operator {operator} takes at most {MOST_VALUES} values.")
    elif operator == "between":
        if not isinstance(value, list) or len(value) != 2 or None in value:
            raise Impossible(f"{where}: operator between needs a list of two values.")
    elif isinstance(value, list):
        raise Impossible(f"{where}: operator {operator} takes one value, not a list.")
    if operator in ("contains", "starts_with", "ends_with") and not isinstance(value, str):
        raise Impossible(f"{where}: operator {operator} needs a text value.")
