"""The embedded servers: they listen on loopback, keep what they were given, and let nobody in without a password."""

import pytest

pytestmark = pytest.mark.anyio


async def test_x(servers, database_url, any_store, settings):
    import asyncpg

    c = await asyncpg.connect(database_url)
    print(await c.fetch("select table_name from information_schema.tables where table_schema='public'"))
    await c.close()
