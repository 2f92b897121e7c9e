"""Fixtures for the document engine's tests: one engine for all, warm, and a folder of its own for each test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from filemill.engines.documents.engine import Documents
from tests.engines.documents.samples import Samples
from tests.engines.documents.workshop import Workshop


@pytest.fixture(scope="session")
def engine() -> Iterator[Documents]:
    """The engine, with whatever programs this machine has."""
    made = Documents()
    yield made
    made.close()


@pytest.fixture
def shop(engine: Documents, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workshop:
    """A workshop with that engine, in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    return Workshop(engine, tmp_path)


@pytest.fixture(scope="session")
def samples(engine: Documents, tmp_path_factory: pytest.TempPathFactory) -> Samples:
    """A small document of each format."""
    return Samples(tmp_path_factory.mktemp("samples"), engine)
