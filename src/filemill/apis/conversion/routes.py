"""The addresses of this API: every one of them stands at the root."""

from litestar import Router

from filemill.apis.conversion import download_routes, file_routes, health_routes, session_routes
from filemill.web.caller import BY_SESSION

router = Router(
    "/",
    route_handlers=[
        session_routes.init_session,
        *file_routes.handlers,
        *download_routes.handlers,
        session_routes.close_session,
        health_routes.read_health,
    ],
    opt=BY_SESSION,
    tags=["conversions"],
)
