"""XML's own trap: entities that a document declares. Told from the part before its first element, nothing expanded."""

from typing import IO
from xml.parsers import expat

_CHUNK = 4096
MOST_ENTITIES = 300
LONGEST_ENTITY = 1000


class _Harmful(Exception):
    pass


class _Begun(Exception):
    pass


def are_harmful(part: IO[bytes]) -> bool:
    """Whether the XML declares an entity that holds another, is long, or lies elsewhere. No XML declares none."""
    parser = expat.ParserCreate()
    count = 0

    def declared(name: str, is_parameter: bool, value: str | None, base: str | None, *elsewhere: str | None) -> None:
        nonlocal count
        count += 1
        if value is None or "&" in value or "%" in value or len(value) > LONGEST_ENTITY or count > MOST_ENTITIES:
            raise _Harmful

    def begun(name: str, attributes: dict[str, str]) -> None:
        raise _Begun

    parser.EntityDeclHandler = declared
    parser.StartElementHandler = begun
    try:
        while chunk := part.read(_CHUNK):
            parser.Parse(chunk, False)
    except _Harmful:
        return True
    except (_Begun, expat.ExpatError):
        return False
    return False
