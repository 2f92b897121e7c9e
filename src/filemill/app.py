"""The one place where the parts of the API meet: `create_app(settings)`, and `serve()` for the server's command."""

import gc
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from litestar import Litestar
from litestar.config.cors import CORSConfig
from litestar.datastructures import State
from litestar.openapi.spec import Tag

from filemill import connections, logs, redis_pool
from filemill import settings as setting
from filemill.apis.conversion import api as conversion
from filemill.apis.data import api as data
from filemill.jobs import context, wakeups
from filemill.jobs.listener import Listener
from filemill.page import routes as page_routes
from filemill.server import running
from filemill.server.connection_limits import ConnectionLimits
from filemill.settings import Settings
from filemill.storage.disk import Disks
from filemill.storage.intake import Intake
from filemill.storage.s3 import Store
from filemill.web import address, docs, health, metrics
from filemill.web.admission import Admitted
from filemill.web.arrival import InTime
from filemill.web.caller import WhoIsAsking
from filemill.web.departure import TakenInTime
from filemill.web.envelope import Envelope
from filemill.web.fallback import Answers
from filemill.web.heads import ShortHeads
from filemill.web.hosts import KnownHosts
from filemill.web.methods import AllMethods

APIS = (data.API, conversion.API)
"""Every API that is served."""

_HEALTH = Tag("health", "For whoever operates this service.")

POOL = 8


def serve() -> Litestar:
    """The app as the environment sets it up; the secrets are taken out of the environment."""
    setting.hide()
    settings = setting.read(os.environ)
    setting.take_secrets_out(os.environ)
    logs.start(settings.log_level)
    app = create_app(settings)
    # What is there now stays: a full look through it for garbage, which any caller may cause, takes 0.1 s.
    gc.collect()
    gc.freeze()
    return app


def connection_limits(settings: Settings) -> ConnectionLimits:
    """The bounds on connections to this process."""
    most = running.places(settings.connections)
    return ConnectionLimits(most, settings.connections_per_address, address.networks(settings.trusted_proxies))


def create_app(settings: Settings) -> Litestar:
    """The API. Connections are opened when it starts and closed when it stops."""
    trusted = address.networks(settings.trusted_proxies)
    store, disks = Store(settings), Disks(settings)
    answers = Answers({prefix: api.problem for api in APIS for prefix in api.prefixes}, page_routes.missing)
    app = Litestar(
        route_handlers=[
            *(router for api in APIS for router in api.routers),
            page_routes.router,
            health.router,
            metrics.metrics,
            docs.router,
        ],
        middleware=[WhoIsAsking(settings.secret)],
        exception_handlers={Exception: answers},
        lifespan=[_connected],
        openapi_config=docs.config((*(tag for api in APIS for tag in api.tags), _HEALTH)),
        cors_config=_cors(settings),
        state=State(
            {
                "settings": settings,
                "trusted": trusted,
                "store": store,
                "disks": disks,
                "intake": Intake(settings, store, disks),
            }
        ),
        logging_config=None,
        debug=False,
    )
    document = docs.document(app, (*(struct for api in APIS for struct in api.structs), *health.STRUCTS))
    app.state.openapi = docs.Written(document)
    known = KnownHosts(AllMethods(app.asgi_handler, app.routes), settings.hosts, answers)
    in_time = TakenInTime(InTime(ShortHeads(known, answers)), settings.reader_seconds)
    app.asgi_handler = Envelope(Admitted(in_time, answers), trusted)
    return app


def _cors(settings: Settings) -> CORSConfig | None:
    if not settings.cors_origins:
        return None
    return CORSConfig(
        allow_origins=list(settings.cors_origins),
        allow_headers=["Authorization", "Content-Type", "Idempotency-Key", "X-CSRF-Token", "X-Request-ID"],
        expose_headers=["X-Request-ID", "Retry-After"],
    )


@asynccontextmanager
async def _connected(app: Litestar) -> AsyncIterator[None]:
    settings: Settings = app.state.settings
    await connections.open(settings.database_url, size=POOL, name="filemill api")
    wakeups.open(settings.redis_url)
    redis_pool.open(settings.redis_url)
    listener = Listener(settings.database_url)
    await listener.open()
    context.open(context.Context(settings, app.state.store, listener, app.state.disks))
    try:
        async with app.state.disks.watched():
            yield
    finally:
        context.close()
        await listener.close()
        wakeups.close()
        await redis_pool.close()
        await connections.close()
        app.state.store.close()
