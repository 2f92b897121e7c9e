"""The API `conversion-sessions`, as the app takes it."""

from litestar.openapi.spec import Tag

from filemill.apis.conversion import replies, routes, schemas
from filemill.web.api import Api

API = Api(
    routers=(routes.router,),
    problem=replies.problem,
    prefixes=("",),
    structs=schemas.STRUCTS,
    tags=(Tag("conversions", "Convert a file without an account: within a session, which a cookie names."),),
)
