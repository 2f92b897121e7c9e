"""Fixtures for all tests: real servers, started once for a run, and a database and a bucket for each test worker."""

import re
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck
from hypothesis import settings as bounds

from filemill import settings as settings_room
from filemill.local import object_store
from filemill.local.home import StoreName
from filemill.settings import Settings
from tests.fixtures import servers as shared
from tests.fixtures.faulty import FaultyStack
from tests.fixtures.servers import Addresses, Servers, StoreAddress

_UNHURRIED = {"deadline": None, "suppress_health_check": list(HealthCheck)}
bounds.register_profile("quick", max_examples=80, derandomize=True, **_UNHURRIED)
bounds.register_profile("hostile", max_examples=3000, **_UNHURRIED)
bounds.load_profile("quick")

_KEY = "filemill_addresses"
_LONGEST = ("local", "journeys", "runs", "sandbox", "jobs", "page")
_ADDRESS = re.compile(r" at 0x[0-9a-f]+")
"""What Python shows of an object without a name of its own."""

_running: list[tuple[Servers, Path]] = []


def _start_servers() -> Addresses:
    folder = Path(tempfile.mkdtemp(prefix="filemill-tests-"))
    folder.chmod(0o711)
    running = Servers(folder)
    _running.append((running, folder))
    return running.start()


def _stop_servers() -> None:
    while _running:
        running, folder = _running.pop()
        running.stop()
        shutil.rmtree(folder, ignore_errors=True)


def pytest_xdist_setupnodes(config: pytest.Config) -> None:
    """Under pytest-xdist the controller owns the servers: it outlives every worker."""
    config.stash[_addresses] = _start_servers()


def pytest_configure_node(node: Any) -> None:
    """Tells a test worker of pytest-xdist where the servers are."""
    node.workerinput[_KEY] = msgspec.json.encode(node.config.stash[_addresses]).decode()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Puts the rooms first whose files take longest, so that no test worker is left with one of them at the end."""

    def place(item: pytest.Item) -> int:
        room = item.path.relative_to(Path(__file__).parent).parts[0]
        return _LONGEST.index(room) if room in _LONGEST else len(_LONGEST)

    items.sort(key=place)
    wandering = [item.nodeid for item in items if _ADDRESS.search(item.nodeid)]
    if wandering:
        raise pytest.UsageError(f"Names of tests hold an address, so test workers disagree: {wandering[0]}; give ids.")


def pytest_make_parametrize_id(val: Any, argname: str) -> str | None:
    """Names a case of bytes by its argument and place.

    Packed bytes hold the time at which they were made, and every test worker must give a test the same name.
    """
    return argname if isinstance(val, bytes | bytearray) else None


def pytest_unconfigure() -> None:
    """Ends the servers."""
    _stop_servers()


_addresses = pytest.StashKey[Addresses]()


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """The event loop of all async tests."""
    return "asyncio"


@pytest.fixture(scope="session")
def worker_name(request: pytest.FixtureRequest) -> str:
    """Which test worker this is: "gw0" and so on under pytest-xdist, else "master"."""
    given: dict[str, str] = getattr(request.config, "workerinput", {})
    return given.get("workerid", "master")


@pytest.fixture(scope="session")
def servers(request: pytest.FixtureRequest) -> Iterator[Addresses]:
    """Where the shared servers are. No test may stop one: `faulty` has its own."""
    given: dict[str, str] = getattr(request.config, "workerinput", {})
    if _KEY in given:
        yield msgspec.json.decode(given[_KEY], type=Addresses)
    else:
        yield _start_servers()
        _stop_servers()


@pytest.fixture(scope="session", params=shared.STORE_NAMES)
def any_store(request: pytest.FixtureRequest, servers: Addresses) -> StoreAddress:
    """Each kind of object store in turn; skipped, and said so, where it is not installed."""
    _skip_without(request.param)
    return servers.stores[request.param]


@pytest.fixture(scope="session")
def store_address(servers: Addresses) -> StoreAddress:
    """The object store that a test uses which does not care."""
    return next(iter(servers.stores.values()))


@pytest.fixture(scope="session")
def bucket(worker_name: str) -> str:
    """This test worker's bucket; there is one of that name in every store."""
    return shared.bucket_of(worker_name)


@pytest.fixture(scope="session")
def redis_url(servers: Addresses, worker_name: str) -> str:
    """This test worker's own numbered database of Redis."""
    return servers.redis(shared.WORKERS.index(worker_name))


@pytest.fixture(scope="session")
async def database_url(servers: Addresses, worker_name: str) -> str:
    """This test worker's own database, with every table in it."""
    return await shared.make_database(servers, f"test_{worker_name}")


@pytest.fixture
async def fresh_database_url(servers: Addresses, worker_name: str) -> str:
    """A database for one test alone."""
    return await shared.make_database(servers, f"fresh_{worker_name}")


@pytest.fixture(scope="session")
def environ(
    *,
    servers: Addresses,
    database_url: str,
    redis_url: str,
    store_address: StoreAddress,
    bucket: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> dict[str, str]:
    """The FILEMILL_* variables for the shared servers."""
    return {
        "FILEMILL_HOME": str(tmp_path_factory.mktemp("home")),
        "FILEMILL_DATABASE_URL": database_url,
        "FILEMILL_REDIS_URL": redis_url,
        "FILEMILL_SECRET": shared.secret() * 2,
        "FILEMILL_CLAMD": servers.clamd,
        **shared.store_settings(store_address, bucket),
    }


@pytest.fixture(scope="session")
def settings(environ: dict[str, str]) -> Settings:
    """The settings for the shared servers."""
    return settings_room.read(environ)


@pytest.fixture
def scanned(settings: Settings) -> None:
    """The test needs a virus scanner; skipped, and said so, where none is installed."""
    if not settings.clamd:
        pytest.skip("clamd is not installed (filemill install puts it there)")


Start = Callable[..., FaultyStack]


@pytest.fixture(scope="session")
def _shared_stacks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[StoreName | None], FaultyStack]]:
    running: dict[StoreName | None, FaultyStack] = {}

    def shared_stack(store: StoreName | None) -> FaultyStack:
        if store not in running:
            running[store] = FaultyStack(tmp_path_factory.mktemp("stack"), store=store)
            running[store].start()
        return running[store]

    yield shared_stack
    for one in running.values():
        one.stop()


@pytest.fixture(scope="session")
def stack(_shared_stacks: Callable[[StoreName | None], FaultyStack]) -> FaultyStack:
    """A whole running filemill, API and worker included, for tests that break nothing."""
    return _shared_stacks(shared.preferred_store())


@pytest.fixture(scope="session", params=shared.STORE_NAMES)
def any_stack(request: pytest.FixtureRequest, _shared_stacks: Callable[[StoreName | None], FaultyStack]) -> FaultyStack:
    """A whole running filemill on each kind of object store in turn; skipped, and said so, where one lacks."""
    _skip_without(request.param)
    return _shared_stacks(request.param)


@pytest.fixture
def faulty(tmp_path: Path) -> Iterator[Start]:
    """Makes stacks of a test's own, which it may break: `faulty(store=..., environ={...})`; not started yet."""
    made: list[FaultyStack] = []

    def make(**more: Any) -> FaultyStack:
        made.append(FaultyStack(tmp_path / f"home-{len(made)}", **more))
        return made[-1]

    yield make
    for one in made:
        one.stop()


def _skip_without(store: StoreName) -> None:
    if not object_store.is_there(store):
        pytest.skip(f"{store} is not installed (make minio builds MinIO where Go is there)")
