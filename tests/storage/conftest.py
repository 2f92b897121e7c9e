"""Fixtures for the store: one `store` per kind of object store that is installed."""

import uuid
from collections.abc import AsyncIterator, Iterator

import msgspec
import pytest

from filemill import connections
from filemill.local.keys import SERVICE
from filemill.settings import Settings
from filemill.storage.s3 import Store
from tests.fixtures.servers import StoreAddress


@pytest.fixture
def store(any_store: StoreAddress, settings: Settings, bucket: str) -> Iterator[Store]:
    """The store under test, with the service's own limited key."""
    store = Store(
        msgspec.structs.replace(
            settings,
            s3_url=any_store.url,
            s3_public_url=any_store.url,
            s3_bucket=bucket,
            s3_key=SERVICE,
            s3_secret=any_store.service,
        )
    )
    yield store
    store.close()


@pytest.fixture
async def database(settings: Settings) -> AsyncIterator[None]:
    """The pool of this process; no object has a row there, nor afterwards: those of here may lie in another store."""
    await connections.open(settings.database_url)
    await connections.execute("DELETE FROM object")
    yield
    await connections.close()  # and anew, as a test may have closed it
    await connections.open(settings.database_url)
    await connections.execute("DELETE FROM object")
    await connections.close()


@pytest.fixture
async def owner(database: None) -> uuid.UUID:
    """An account."""
    account = uuid.uuid4()
    await connections.execute(
        "INSERT INTO account (id, email, role, token_version, created_at) VALUES ($1, $2, 'user', 0, now())",
        account,
        f"{account}@example.com",
    )
    return account
