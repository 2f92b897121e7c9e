"""Fixtures for the table engine's tests: a workshop with each implementation of the engine protocol."""

import pytest

from filemill.engines.tables.engine import Tables
from filemill.pipelines.run import Engine
from tests.engines.tables.workshop import Workshop
from tests.fixtures.servers import StoreAddress

ENGINES = {"polars": Tables}
"""Every implementation; each must give the same values."""


@pytest.fixture(scope="session", params=ENGINES)
def engine(request: pytest.FixtureRequest) -> Engine:
    """One implementation after the other."""
    made: Engine = ENGINES[request.param]()
    return made


@pytest.fixture(scope="session")
def shop(engine: Engine, store_address: StoreAddress, bucket: str) -> Workshop:
    """A workshop with that engine."""
    return Workshop(engine, store_address, bucket)
