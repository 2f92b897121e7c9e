"""The addresses of this door: every one of them stands at the root."""

from litestar import Router

from filemill.faces.conversion import session_routes
from filemill.web.caller import BY_SESSION

router = Router(
    "/",
    route_handlers=[session_routes.init_session, session_routes.close_session],
    opt=BY_SESSION,
    tags=["conversions"],
)
