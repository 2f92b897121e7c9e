"""compose.yaml as compose would read it: with its variables filled in, and a refusal where one is missing."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
FILE = ROOT / "compose.yaml"
_VARIABLE = re.compile(r"\$(?:\$|\{(?P<name>\w+)(?::(?P<kind>[-?])(?P<text>[^}$]*))?\}|(?P<stray>.?))", re.DOTALL)


class NotSet(Exception):
    """A variable that compose cannot do without is not set."""


def load(environ: Mapping[str, str]) -> dict[str, Any]:
    """The file with these variables. Raises NotSet, with the file's own message."""
    return _filled_in(yaml.safe_load(FILE.read_text()), environ)


def variables() -> dict[str, str]:
    """Every variable of the file -> "?" where it must be set, "-" where it has a default."""
    found = {}
    for text in _strings(yaml.safe_load(FILE.read_text())):
        for match in _VARIABLE.finditer(text):
            assert match["stray"] is None, f"compose would trip over the dollar in {text!r}"
            if match["name"]:
                found[match["name"]] = match["kind"]
    return found


def _filled_in(value: Any, environ: Mapping[str, str]) -> Any:
    if isinstance(value, dict):
        return {name: _filled_in(entry, environ) for name, entry in value.items()}
    if isinstance(value, list):
        return [_filled_in(entry, environ) for entry in value]
    if isinstance(value, str):
        return _VARIABLE.sub(lambda match: _value(match, environ), value)
    return value


def _value(match: re.Match[str], environ: Mapping[str, str]) -> str:
    if match["name"] is None:
        return "$"
    given = environ.get(match["name"], "")
    if not given and match["kind"] == "?":
        raise NotSet(f"{match['name']}: {match['text']}")
    return given or match["text"] or ""


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for entry in value.values():
            yield from _strings(entry)
    elif isinstance(value, list):
        for entry in value:
            yield from _strings(entry)
    elif isinstance(value, str):
        yield value
