"""Fixtures for the accounts' tests: the connections, open."""

from collections.abc import AsyncIterator

import pytest

from filemill import connections


@pytest.fixture(scope="module")
async def database(database_url: str) -> AsyncIterator[None]:
    """PostgreSQL, open while a module's tests run."""
    await connections.open(database_url)
    yield
    await connections.close()
