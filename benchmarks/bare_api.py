"""What `read_job` is measured against: one handler on the same server, with the same token check and the same SQL.

`python -m benchmarks.bare_api PORT`, with the FILEMILL_* environment of a stack.
"""

import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg
import jwt
import msgspec
from litestar import Litestar, Request, get
from litestar.datastructures import State
from litestar.exceptions import NotAuthorizedException, NotFoundException

from filemill import app, settings
from filemill.accounts import queries as accounts
from filemill.accounts.tokens import ACCESS, ISSUER
from filemill.jobs.rows import jobs
from filemill.server import running
from filemill.settings import Settings

ACCOUNT = f"SELECT id, email, role, token_version FROM account WHERE id = $1 AND {accounts._LIVE}"  # noqa: SLF001
JOB = f"{jobs.JOB} WHERE job.id = $1"
_REQUIRED = ["sub", "ver", "sid", "typ", "iat", "exp", "jti", "iss"]


class Reply(msgspec.Struct):
    """The same fields as the service's answer."""

    id: UUID
    user_id: UUID
    file_name: str
    original_file_size_bytes: int | None
    status: str
    processing_steps: msgspec.Raw
    created_at: datetime
    updated_at: datetime
    input_object_key: str | None
    output_object_key: str | None
    error_message: str | None
    progress: float
    phase: str | None
    input_size_bytes: int | None
    error_code: str | None
    at_fault: str | None
    started_at: datetime | None
    ended_at: datetime | None


@get("/api/v1/jobs/{job_id:uuid}")
async def read_job(request: Request[Any, Any, State], job_id: UUID, state: State) -> Reply:
    """A job of whoever asks."""
    pool: Any = state.pool
    token = request.headers["authorization"].removeprefix("Bearer ")
    said = jwt.decode(token, state.secret, algorithms=["HS256"], issuer=ISSUER, options={"require": _REQUIRED})
    account = await pool.fetchrow(ACCOUNT, UUID(said["sub"]))
    if said["typ"] != ACCESS or account is None or account["token_version"] != said["ver"]:
        raise NotAuthorizedException
    job = await pool.fetchrow(JOB, job_id)
    if job is None or job["owner"] != account["id"]:
        raise NotFoundException
    return Reply(
        id=job["id"],
        user_id=job["owner"],
        file_name=job["file_name"],
        original_file_size_bytes=job["announced_size"],
        status=job["status"],
        processing_steps=msgspec.Raw(job["as_sent"].encode()),
        created_at=job["created_at"],
        updated_at=job["updated_at"],
        input_object_key=job["input_key"],
        output_object_key=job["output_key"],
        error_message=job["error_message"],
        progress=job["progress"],
        phase=job["phase"],
        input_size_bytes=job["input_size"],
        error_code=job["error_code"],
        at_fault=job["at_fault"],
        started_at=job["started_at"],
        ended_at=job["ended_at"],
    )


async def _keep_as_it_is(_connection: Any) -> None:
    """Spares the pool's resetting round trip, as the service does."""


def serve() -> Litestar:
    """The app, on the environment's database."""
    at_hand: Settings = settings.read(os.environ)

    @asynccontextmanager
    async def connected(made: Litestar) -> AsyncIterator[None]:
        async with asyncpg.create_pool(
            at_hand.database_url, min_size=1, max_size=app.POOL, command_timeout=30, reset=_keep_as_it_is
        ) as pool:
            made.state.pool = pool
            yield

    return Litestar(
        [read_job],
        lifespan=[connected],
        state=State({"secret": at_hand.secret}),
        openapi_config=None,
        logging_config=None,
    )


def main() -> None:
    """Serves as `filemill api` does."""
    at_hand = settings.read(os.environ)
    running.run(serve(), app.connection_limits(at_hand), host=running.LOOPBACK, port=int(sys.argv[1]))


if __name__ == "__main__":
    main()
