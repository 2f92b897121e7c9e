"""Makes OPTIONS tell every method of an address; Litestar's own answer tells those of one of its handlers only."""

from collections import defaultdict

from litestar import Litestar
from litestar.routes import HTTPRoute


def tell_all(app: Litestar) -> None:
    """Lets all routes of one path know each other's methods, from which their OPTIONS answers are made."""
    of_path = defaultdict(list)
    for route in app.routes:
        if isinstance(route, HTTPRoute):
            of_path[route.path_format].append(route)
    for routes in of_path.values():
        methods = sorted({method for route in routes for method in route.methods})
        for route in routes:
            route.methods = methods
