"""The connections every room shares: PostgreSQL's pool behind one Piccolo engine, and the transaction.

Piccolo opens a connection as soon as an engine is made; ours is made without an address and told it by `open`.
"""

import asyncio
import functools
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any, ParamSpec, TypeVar

import asyncpg
from piccolo.engine.postgres import PostgresEngine
from tenacity import AsyncRetrying, retry_if_exception_type, stop_after_attempt, wait_random

from filemill import logs
from filemill.errors import DatabaseAway

P = ParamSpec("P")
T = TypeVar("T")

CONNECT_SECONDS = 5
STATEMENT_SECONDS = 30
HOLDER_SECONDS = 15
"""A process that holds an advisory lock and is not heard of for so long loses it: it may be frozen, or cut off."""

_AWAY = (
    OSError,
    asyncio.TimeoutError,
    asyncpg.InterfaceError,
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.TooManyConnectionsError,
    asyncpg.InternalClientError,
)

MOST_TRIES = 5
"""So often a transaction is begun that PostgreSQL ends for the sake of another one."""

_SACRIFICED = (asyncpg.DeadlockDetectedError, asyncpg.SerializationError)


class _Engine(PostgresEngine):
    """A Piccolo engine that does not connect when it is made."""

    async def check_version(self) -> None:
        """Left out: there is no address yet."""

    async def prep_database(self) -> None:
        """Left out: there is no address yet."""


DB = _Engine(config={})
"""The one engine; every Piccolo table names it."""


class _Held:
    """What Piccolo looks at to join a transaction: anything with a connection."""

    def __init__(self, connection: Any) -> None:
        self.connection = connection


async def _keep_as_it_is(connection: Any) -> None:
    """We leave no session state behind, so the pool's resetting round trip after each statement can be spared."""


async def open(database_url: str, *, size: int = 8, name: str = "filemill") -> None:  # noqa: A001 -- connections.open
    """Opens the pool; `size` connections at most. Raises DatabaseAway."""
    DB.config = {"dsn": database_url}
    with reaching():
        await DB.start_connection_pool(
            min_size=1,
            max_size=size,
            timeout=CONNECT_SECONDS,
            command_timeout=STATEMENT_SECONDS,
            max_inactive_connection_lifetime=300,
            reset=_keep_as_it_is,
            server_settings={"application_name": name, "idle_in_transaction_session_timeout": "60s"},
        )


async def close() -> None:
    """Closes the pool; statements under way get a moment to end."""
    pool, DB.pool = DB.pool, None
    if pool is not None:
        try:
            await asyncio.wait_for(pool.close(), 5)
        except _AWAY:
            pool.terminate()


@contextmanager
def reaching() -> Iterator[None]:
    """Turns every way in which PostgreSQL can be out of reach into DatabaseAway."""
    try:
        yield
    except _AWAY as error:
        if isinstance(error, ValueError):  # asyncpg's DataError: a wrong argument, not an absence
            raise
        raise DatabaseAway from error


def _pool() -> Any:
    if DB.pool is None:
        raise DatabaseAway
    return DB.pool


@asynccontextmanager
async def transaction() -> AsyncIterator[None]:
    """All statements inside, Piccolo's too, are one transaction; inside another one it joins that.

    Where more than one row is locked `in_transaction` is to be taken: this one cannot be begun again.
    Piccolo's own transaction loses its pooled connection when COMMIT itself fails; this one gives it back always.
    """
    if DB.current_transaction.get() is not None:
        yield
        return
    with reaching():
        async with _pool().acquire() as connection, connection.transaction():
            held: Any = _Held(connection)
            token = DB.current_transaction.set(held)
            try:
                yield
            finally:
                DB.current_transaction.reset(token)


async def _again(do: Callable[[], Awaitable[T]]) -> T:
    """Does it, and again where PostgreSQL has undone it for the sake of another transaction.

    Raises DatabaseAway where that goes on.
    """
    try:
        return await do()  # nearly always; tenacity costs as much as a small statement
    except _SACRIFICED as error:
        logs.warn("filemill.connections", "PostgreSQL ended a transaction for the sake of another", cause=error)
    again = AsyncRetrying(
        retry=retry_if_exception_type(_SACRIFICED),
        wait=wait_random(0.01, 0.2),
        stop=stop_after_attempt(MOST_TRIES - 1),
        reraise=True,
    )
    try:
        async for attempt in again:
            with attempt:
                return await do()
    except _SACRIFICED as error:
        raise DatabaseAway from error
    raise DatabaseAway


def in_transaction(do: Callable[P, Awaitable[T]]) -> Callable[P, Awaitable[T]]:
    """Makes all statements of a coroutine function one transaction; inside another transaction they join that.

    PostgreSQL ends one of two transactions that wait for each other. The whole function is called again then, so
    whatever it does beside its statements must be harmless when done twice: a message is sent after it has returned.
    The order of locks (docs/architecture.md) keeps that rare. Raises DatabaseAway.
    """

    @functools.wraps(do)
    async def whole(*args: P.args, **kwargs: P.kwargs) -> T:
        if DB.current_transaction.get() is not None:
            return await do(*args, **kwargs)

        async def once() -> T:
            async with transaction():
                return await do(*args, **kwargs)

        return await _again(once)

    return whole


async def _call(method: str, sql: str, args: tuple[object, ...]) -> Any:
    if DB.current_transaction.get() is not None:
        return await _call_once(method, sql, args)
    return await _again(lambda: _call_once(method, sql, args))


async def _call_once(method: str, sql: str, args: tuple[object, ...]) -> Any:
    held = DB.current_transaction.get()
    with reaching():
        if held:
            return await getattr(held.connection, method)(sql, *args)
        async with _pool().acquire() as connection:
            try:
                return await getattr(connection, method)(sql, *args)
            except asyncpg.InternalClientError:
                # The server has gone in the middle of an earlier statement, and its end has not been heard yet.
                connection.terminate()
                raise


async def fetch(sql: str, *args: object) -> list[Any]:
    """The rows of a statement. Raises DatabaseAway."""
    rows: list[Any] = await _call("fetch", sql, args)
    return rows


async def fetchrow(sql: str, *args: object) -> Any:
    """The first row of a statement, or None. Raises DatabaseAway."""
    return await _call("fetchrow", sql, args)


async def fetchval(sql: str, *args: object) -> Any:
    """The first value of the first row, or None. Raises DatabaseAway."""
    return await _call("fetchval", sql, args)


async def execute(sql: str, *args: object) -> str:
    """Runs a statement -> its command tag. Raises DatabaseAway."""
    tag: str = await _call("execute", sql, args)
    return tag


@asynccontextmanager
async def only_one(number: int) -> AsyncIterator[bool]:
    """True inside for the one process that holds the advisory lock `number` meanwhile, False for all others.

    What is done inside should take less than `HOLDER_SECONDS`: after that another process may begin, and DatabaseAway
    is raised at the end.
    """
    with reaching():
        async with _pool().acquire() as connection, connection.transaction():
            await connection.execute(f"SET LOCAL idle_in_transaction_session_timeout = '{HOLDER_SECONDS}s'")
            yield await connection.fetchval("SELECT pg_try_advisory_xact_lock($1)", number)
