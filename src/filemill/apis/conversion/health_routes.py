"""The address that says in this API's words whether the service works."""

from litestar import get
from litestar.datastructures import State

from filemill.apis.conversion.operations import refusals
from filemill.apis.conversion.schemas import HealthReply
from filemill.errors import Unavailable
from filemill.web import health
from filemill.web.caller import ANYONE


@get("/health", opt=ANYONE, summary="Is all well?", response_description="It is.", responses=refusals())
async def read_health(state: State) -> HealthReply:
    """Asks what `/health/ready` asks, and answers in two words."""
    if not await health.is_ready(state):
        raise Unavailable("A part of the service is away; GET /health/ready says which.")
    return HealthReply()
