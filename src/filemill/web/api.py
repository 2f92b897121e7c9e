"""What an API hands over to be served: its routes, its dialect of errors, the structs and tags of its documentation."""

import msgspec
from litestar import Router
from litestar.openapi.spec import Tag

from filemill.web.fallback import Dialect


class Api(msgspec.Struct, frozen=True):
    """One API. `prefixes`: the paths below which errors are in its dialect; "": every path that no other API has."""

    routers: tuple[Router, ...]
    problem: Dialect
    prefixes: tuple[str, ...]
    structs: tuple[type, ...]
    tags: tuple[Tag, ...]
