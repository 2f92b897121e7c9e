"""The examples that structs carry at the end of their docstrings, as `Example: ...` in backticks."""

import re
from typing import Any

import msgspec

_EXAMPLE = re.compile(r"\s*Example: `(.+)`\s*$", re.DOTALL)


def split(docstring: str) -> tuple[str, Any]:
    """A docstring -> what it says beside its example, and the example; None where it has none."""
    found = _EXAMPLE.search(docstring)
    return (docstring[: found.start()], msgspec.json.decode(found[1])) if found else (docstring, None)


def of_step(kind: object, params: object) -> dict[str, Any]:
    """A step of a kind as it is sent; its docstring shows its params alone."""
    return {"type": kind, "params": params}


def of_struct(struct: type) -> Any:
    """What a value of this struct looks like where it is sent; None where its docstring does not tell."""
    _, example = split(struct.__doc__ or "")
    tag = getattr(struct, "__struct_config__").tag  # noqa: B009 -- mypy does not know that every struct has one
    is_step = tag is not None and getattr(struct, "__struct_fields__", ()) == ("params",)
    return of_step(tag, example) if is_step and example is not None else example
