"""The documentation of all APIs, offline: OpenAPI as JSON and YAML, Swagger UI at /docs and Redoc at /redoc."""

import re
from collections.abc import Sequence
from functools import cache
from importlib import resources
from typing import Any

import msgspec
from litestar import Litestar, Request, Response, Router, get
from litestar.exceptions import NotFoundException
from litestar.handlers import HTTPRouteHandler
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.openapi.spec import Components, OAuthFlow, OAuthFlows, SecurityScheme, Tag
from litestar.params import FromPath
from litestar.routes import HTTPRoute
from litestar.types import Method

from filemill import __version__, threads
from filemill.web import cookies, examples
from filemill.web.caller import ANYONE

_ASSETS = {
    "swagger-ui-bundle.js": "text/javascript",
    "swagger-ui.css": "text/css",
    "swagger.js": "text/javascript",
    "redoc.standalone.js": "text/javascript",
    "favicon-32x32.png": "image/png",
}
"""Every file the two pages may load, and its media type."""

_A_DAY = "public, max-age=86400"

# The pages load from here only. Both programs write style elements as they run; Redoc searches in a worker of its own.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self';"
    " connect-src 'self'; worker-src blob:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)

SHOWS = "shows"
"""`opt` of a route: fields of its answer that differ from the example of its struct."""

_DESCRIPTION = """Files go in, finished files come out.

Whoever comes by may convert a file within a session. Below `/api/v1` tables are taken through pipelines of steps; there
files never pass through this API: it signs addresses of the object store, where they are put and fetched."""


def config(tags: Sequence[Tag]) -> OpenAPIConfig:
    """What Litestar writes the document from."""
    return OpenAPIConfig(
        title="filemill",
        version=__version__,
        description=_DESCRIPTION,
        tags=list(tags),
        components=Components(
            security_schemes={
                "bearer": SecurityScheme(
                    type="http", scheme="bearer", bearer_format="JWT", description="The access token of a sign-in."
                ),
                "session": SecurityScheme(
                    type="apiKey",
                    name=cookies.NAME,
                    security_scheme_in="cookie",
                    description="The cookie of `GET /session/init`; what changes something wants `X-CSRF-Token`, too.",
                ),
                "oauth2": SecurityScheme(
                    type="oauth2",
                    flows=OAuthFlows(password=OAuthFlow(token_url="/api/v1/auth/login", scopes={})),  # noqa: S106
                    description="Signs in by e-mail and password.",
                ),
            }
        ),
        path="/schema",
        render_plugins=[_Document()],
        operation_id_creator=_operation_id,
    )


def _operation_id(handler: HTTPRouteHandler, _method: Method, _path: object) -> str:
    return handler.handler_name.rpartition(".")[2]


class _Document(JsonRenderPlugin):
    """Serves the finished document at /schema/openapi.json instead of Litestar's own."""

    def __init__(self) -> None:
        super().__init__(path="/openapi.json", media_type="application/json")  # type: ignore[arg-type]

    def render(self, request: Request[Any, Any, Any], openapi_schema: dict[str, Any]) -> bytes:
        """The document as JSON."""
        written: Written = request.app.state.openapi
        return written.json


class Written:
    """The document as it goes out, written once: as YAML that takes a quarter of a second."""

    def __init__(self, document: dict[str, Any]) -> None:
        self.document = document
        self.json = msgspec.json.encode(document)
        self._yaml: bytes | None = None

    async def yaml(self) -> bytes:
        """The document as YAML."""
        if self._yaml is None:
            self._yaml = await threads.run(msgspec.yaml.encode, self.document)
        return self._yaml


def document(app: Litestar, structs: Sequence[Any]) -> dict[str, Any]:
    """The OpenAPI document, with the schemas of `structs` as msgspec itself checks them.

    Litestar's own schemas do not say that unknown fields are refused. An `Example: ...` at the end of a struct's
    docstring becomes the example of its schema; what a route `shows` takes the place of those fields in its answer.
    """
    written: dict[str, Any] = app.openapi_schema.to_schema()
    _, schemas = msgspec.json.schema_components(structs, ref_template="#/components/schemas/{name}")
    for schema in schemas.values():
        _take_example(schema)
    written["components"]["schemas"].update(schemas)
    shown = {
        _operation_id(handler, "GET", ""): handler.opt[SHOWS] for handler in _handlers(app) if SHOWS in handler.opt
    }
    for operations in written["paths"].values():
        for operation in operations.values():
            _mark_optional_body(operation, schemas)
            _show(operation, shown, schemas)
    return written


def _take_example(schema: dict[str, Any]) -> None:
    description, example = examples.split(schema.get("description", ""))
    if example is not None:
        kind = schema["properties"].get("type", {}).get("enum", [None])[0]
        is_step = set(schema["properties"]) == {"type", "params"}
        schema["examples"] = [examples.of_step(kind, example) if is_step else example]
    if description:
        schema["description"] = re.sub(r"\n +", "\n", description)


def _mark_optional_body(operation: object, schemas: dict[str, Any]) -> None:
    """A body whose fields may all be absent may itself be absent."""
    if not isinstance(operation, dict) or "requestBody" not in operation:
        return
    for media in operation["requestBody"]["content"].values():
        name = media["schema"].get("$ref", "").rpartition("/")[2]
        operation["requestBody"]["required"] = bool(schemas.get(name, {}).get("required"))


def _handlers(app: Litestar) -> list[HTTPRouteHandler]:
    return [handler for route in app.routes if isinstance(route, HTTPRoute) for handler in route.route_handlers]


def _show(operation: object, shown: dict[str, dict[str, Any]], schemas: dict[str, Any]) -> None:
    """Gives a successful answer an example of its own, where the one of its struct would mislead."""
    if not isinstance(operation, dict) or operation.get("operationId") not in shown:
        return
    answer = next(response for status, response in operation["responses"].items() if status.startswith("2"))
    for media in answer["content"].values():
        schema = schemas[media["schema"]["$ref"].rpartition("/")[2]]
        media["examples"] = {"answer": {"value": schema["examples"][0] | shown[operation["operationId"]]}}


def _page(title: str, body: str) -> str:
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<link rel="icon" type="image/png" href="/docs/assets/favicon-32x32.png">
</head>
<body>
{body}
</body>
</html>
"""


_SWAGGER = _page(
    "filemill: try the API",
    """<link rel="stylesheet" href="/docs/assets/swagger-ui.css">
<div id="swagger"></div>
<script src="/docs/assets/swagger-ui-bundle.js"></script>
<script src="/docs/assets/swagger.js"></script>""",
)
_REDOC = _page(
    "filemill: the API",
    """<redoc spec-url="/schema/openapi.json"></redoc>
<script src="/docs/assets/redoc.standalone.js"></script>""",
)


def _html(page: str) -> Response[str]:
    return Response(page, media_type="text/html", headers={"Content-Security-Policy": _POLICY})


@get("/docs", sync_to_thread=False)
def swagger() -> Response[str]:
    """Swagger UI: every address, to try out."""
    return _html(_SWAGGER)


@get("/redoc", sync_to_thread=False)
def redoc() -> Response[str]:
    """Redoc: every address, to read."""
    return _html(_REDOC)


@get("/docs/assets/{name:str}", sync_to_thread=False)
def asset(name: FromPath[str]) -> Response[bytes]:
    """A file of one of the two pages."""
    if name not in _ASSETS:
        raise NotFoundException
    return Response(_read(name), media_type=_ASSETS[name], headers={"Cache-Control": _A_DAY})


@cache
def _read(name: str) -> bytes:
    return (resources.files("filemill.web") / "assets" / name).read_bytes()


@get("/swagger.yaml")
async def yaml(request: Request[Any, Any, Any]) -> Response[bytes]:
    """The OpenAPI document as YAML."""
    written: Written = request.app.state.openapi
    return Response(await written.yaml(), media_type="application/yaml")


router = Router("/", route_handlers=[swagger, redoc, asset, yaml], opt=ANYONE, include_in_schema=False)
