"""Fixtures for the store: one `store` per kind of object store that is installed."""

from collections.abc import Iterator

import msgspec
import pytest

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
