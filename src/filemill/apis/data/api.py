"""The API `data-jobs`, as the app takes it."""

from litestar.openapi.spec import Tag

from filemill.apis.data import replies, routes, schemas
from filemill.web.api import Api

API = Api(
    routers=(routes.router,),
    problem=replies.problem,
    prefixes=("/api/v1",),
    structs=schemas.STRUCTS,
    tags=(
        Tag("accounts", "Register and sign in."),
        Tag("jobs", "Pipelines over tables: make a job, upload its file, wait, download the result."),
    ),
)
