"""Says where a body has another shape than its struct, and what is allowed there; msgspec tells the former alone."""

import re
from functools import lru_cache
from typing import Any

import msgspec
from msgspec import inspect

from filemill.pipelines import spelling
from filemill.web import examples

EACH = "each"
"""In `Meta(extra={EACH: "step"})` of a list: what one of it is called; `steps[1].n` then reads `step 2 (limit): n`."""

_LONGEST = 100
_PART = re.compile(r"\.(\w+)|\[(\d+|\.\.\.)\]")
_BAD_VALUE = re.compile(r"Invalid (?:enum )?value (.*)", re.DOTALL)


def sentence(error: msgspec.ValidationError, value: object, struct: Any) -> str:
    """What msgspec says of a value -> one sentence, such as `step 2 (filter): operator must be one of eq, ne.`.

    `value` is what was sent, as plain dictionaries and lists, or None where that cannot be told.
    """
    what, _, path = str(error).rpartition(" - at `$")
    if not what:
        what, path = str(error), ""
    place = _Place(_type_of(struct), value)
    for name, index in _PART.findall(path.removesuffix("`")):
        place.go(name, index)
    return place.says(what)


class _Place:
    """A place in a value: what may stand there, what does, and how a caller finds it."""

    def __init__(self, kind: inspect.Type, value: object) -> None:
        self._kinds, self._each = _members(kind)
        self._value = value
        self._allowed: tuple[Any, ...] = ()
        self._front, self._path = "", ""
        self._is_one = False
        """Whether one of a list stands here."""
        self._shown: Any = None
        """What stands here in the example of a struct above."""

    def go(self, name: str, index: str) -> None:
        """One field or one index down."""
        self._is_one = not name
        above = self._example()
        if name:
            self._path += f".{name}" if self._path else name
            self._go_to_field(name)
            self._shown = above.get(name) if isinstance(above, dict) else None
        else:
            self._go_to_item(index)
            self._shown = above[0] if isinstance(above, list) and above else None

    def _go_to_field(self, name: str) -> None:
        structs = [kind for kind in self._kinds if isinstance(kind, inspect.StructType)]
        self._allowed = tuple(struct.tag for struct in structs if struct.tag_field == name)
        fields = [field for struct in self._meant(structs) for field in struct.fields if field.encode_name == name]
        self._kinds, self._each = _members(*(field.type for field in fields))
        self._value = self._value.get(name) if isinstance(self._value, dict) else None

    def _go_to_item(self, index: str) -> None:
        is_there = index.isdigit() and isinstance(self._value, list) and int(index) < len(self._value)
        self._value = self._value[int(index)] if is_there and isinstance(self._value, list) else None
        each = self._each
        lists = [one for one in self._kinds if isinstance(one, inspect.ListType | inspect.VarTupleType)]
        dicts = [one for one in self._kinds if isinstance(one, inspect.DictType)]
        self._kinds, self._each = _members(*(one.item_type for one in lists), *(one.value_type for one in dicts))
        if each and index.isdigit():
            self._front, self._path = f"{each} {int(index) + 1}{self._tag()}: ", ""
        else:
            self._path += f"[{index}]"

    def _tag(self) -> str:
        """` (filter)`, where one of several structs stands here."""
        structs = [kind for kind in self._kinds if isinstance(kind, inspect.StructType)]
        meant = self._meant(structs)
        return f" ({meant[0].tag})" if len(structs) > len(meant) == 1 else ""

    def _meant(self, structs: list[inspect.StructType]) -> list[inspect.StructType]:
        """Of several structs that of which the value has the tag."""
        if len(structs) < 2 or not isinstance(self._value, dict):
            return structs
        return [struct for struct in structs if struct.tag == self._value.get(str(struct.tag_field))]

    def says(self, what: str) -> str:
        """The sentence."""
        where = self._path.removeprefix("params.") if self._front else self._path
        allowed = self._allowed or tuple(
            each for kind in self._kinds if isinstance(kind, inspect.LiteralType) for each in kind.values
        )
        bad = _BAD_VALUE.fullmatch(what)
        if bad and allowed:
            names = [str(each) for each in allowed]
            hint = spelling.hint(bad[1].strip("'"), names)
            return f"{self._front}{where} must be one of {', '.join(names)}, not {_short(bad[1])}{hint}."
        what = _short(what[:1].lower() + what[1:])
        if "unknown field" in what:
            what += self._takes()
        what += self._form()
        return f"{self._front}{where}{': ' if where else ''}{what if self._front or where else _capital(what)}."

    def _form(self) -> str:
        """What would be right, where one of a list stands here, or a list."""
        is_list = any(isinstance(kind, inspect.ListType | inspect.VarTupleType) for kind in self._kinds)
        example = self._example() if self._is_one or is_list else None
        return "" if example is None else f"; right is, for example, {msgspec.json.encode(example).decode()}"

    def _example(self) -> Any:
        """What may stand here: the struct's own example, or what the example of a struct above has here."""
        structs = [kind for kind in self._kinds if isinstance(kind, inspect.StructType)]
        own = next((examples.of_struct(kind.cls) for kind in self._meant(structs) or structs), None)
        return self._shown if own is None else own

    def _takes(self) -> str:
        structs = self._meant([kind for kind in self._kinds if isinstance(kind, inspect.StructType)])
        names = [field.encode_name for struct in structs[:1] for field in struct.fields]
        tags = [struct.tag_field for struct in structs[:1] if struct.tag_field]
        return f"; it takes {', '.join([*tags, *names])}" if names or tags else "; it takes none"


@lru_cache
def _type_of(struct: Any) -> inspect.Type:
    return inspect.type_info(struct)


def _members(*kinds: inspect.Type) -> tuple[list[inspect.Type], str]:
    """What these types come to without unions and descriptions; and how one of a list of them is called."""
    found: list[inspect.Type] = []
    each = ""
    for kind in kinds:
        if isinstance(kind, inspect.Metadata):
            each = (kind.extra or {}).get(EACH, each)
            inner = [kind.type]
        elif isinstance(kind, inspect.UnionType):
            inner = list(kind.types)
        else:
            found.append(kind)
            continue
        more, named = _members(*inner)
        found += more
        each = each or named
    return found, each


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]} ..."


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
