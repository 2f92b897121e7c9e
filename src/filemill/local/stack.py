"""The whole stack: three servers, the API and the workers, started together, kept alive, and gone together."""

import hashlib
import http.client
import importlib
import importlib.util
import os
import signal
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

import msgspec

from filemill import settings
from filemill.local import clamd, environment, object_store, postgres, process, supervisor, system
from filemill.local.clamd import Clamd
from filemill.local.home import Home, Notes, StoreName, open_home
from filemill.local.keys import SANDBOX, SERVICE, Keys
from filemill.local.parallel import Parallel
from filemill.local.ports import Ports
from filemill.local.postgres import Postgres
from filemill.local.process import LOOPBACK, NotStarted, Process, Program
from filemill.local.redis import Redis
from filemill.local.server import ObjectStore
from filemill.pipelines import pairs
from filemill.settings import Settings

BUCKET = "filemill"
MIGRATIONS, ROLES = "piccolo_migrations", "filemill.role_queries"
READY_SECONDS = 60.0
API_GRACE = 6.0
WORKER_GRACE = 8.0
"""With the servers' 5 s after it, less than the 15 s in which everything is gone."""

WORKER_READY = b'"what":"ready"'
"""How a worker says in its log that it takes jobs."""

LANES_SECONDS = 30.0
"""How long the other lanes may take to be there once the first one is: a stack that lacks one of them is ready then."""

_FIRST_LANE = pairs.TABLES_LANE
"""The lane without which a stack is never ready."""

_CLAMD = f"{settings.PREFIX}CLAMD"


class Stack:
    """A local stack in one home. `start` returns once it is ready; `stop` leaves no process."""

    def __init__(
        self,
        home: Home,
        *,
        port: int,
        store: StoreName | None,
        environ: Mapping[str, str],
        lanes: Sequence[str] | None = None,
    ) -> None:
        """`port` is the API's (0: any), `lanes` those that get a worker; without that those that this machine can run.

        Raises BadSetting for what is wrong with the choice or the environment.
        """
        self.home = home
        notes = home.notes
        name = object_store.choose(store, notes.store)
        ports = Ports(notes.ports)
        self.port = ports.api(port)
        self.health_port = ports.one("health")
        self.postgres = Postgres(
            home.folder / "postgres",
            port=ports.one("postgres"),
            password=home.secrets.postgres,
            log=home.log("postgres"),
            kept_fds=(home.servers_lock,),
        )
        self.redis = Redis(
            home.folder / "redis",
            port=ports.one("redis"),
            password=home.secrets.redis,
            log=home.log("redis"),
            kept_fds=(home.servers_lock,),
        )
        given = environment.given(environ)
        self.clamd = self._scanner(given)
        self.store: ObjectStore = object_store.make(
            name,
            home.folder / "store/objects",
            ports=ports.several(name, partial(object_store.choose_ports, name)),
            keys=Keys(home.secrets.store_root, home.secrets.store_service, home.secrets.store_sandbox),
            log=home.log(name),
            buckets=(BUCKET,),
            origins=(self.url, f"http://localhost:{self.port}", *environment.origins(given)),
            kept_fds=(home.servers_lock,),
        )
        lanes = system.lanes(weak=given.get(f"{settings.PREFIX}SANDBOX") == "weak") if lanes is None else lanes
        self.environ = {**given, **self._addresses(), f"{settings.PREFIX}LANES": ",".join(lanes)}
        if self.clamd is not None:
            self.environ[_CLAMD] = self.clamd.address
        self.settings: Settings = settings.read(self.environ)
        self.store.most_bytes = self.settings.bucket_bytes
        self.api = Process(self._program("api", "filemill.cli", "api", *self._listening, grace=API_GRACE))
        self.workers = {lane: Process(self.worker_program(lane, lane)) for lane in lanes}
        self._starting: Parallel | None = None
        self._is_stopping = False
        home.remember(Notes(store=name, ports=ports.chosen, migrations=notes.migrations))

    @property
    def url(self) -> str:
        """Where the API is."""
        return f"http://{LOOPBACK}:{self.port}"

    @property
    def _listening(self) -> tuple[str, ...]:
        return "--port", str(self.port), "--health-port", str(self.health_port)

    def start(self, check: Callable[[], None] = lambda: None) -> None:
        """Starts everything; returns once the API says that it, the store and a worker answer, and all lanes take jobs.

        A lane that takes longer than LANES_SECONDS, or whose worker ends, is left to `watch`; `missing_lanes` names it.
        `check` is called all the while; what it raises ends the waiting. Raises NotStarted.
        """
        self._starting = Parallel(self._start_store, self._start_the_rest)
        self._starting.start()
        self._starting.wait(check)

        def is_ready() -> bool:
            check()
            return self._is_ready()

        self.api.wait_until(is_ready, READY_SECONDS)
        deadline = time.monotonic() + LANES_SECONDS
        while any(self.workers[lane].alive for lane in self.missing_lanes) and time.monotonic() < deadline:
            check()
            time.sleep(process.POLL_SECONDS)

    @property
    def missing_lanes(self) -> list[str]:
        """The lanes whose worker does not take jobs yet."""
        return [lane for lane, worker in self.workers.items() if not self.takes_jobs(worker)]

    def start_stores(self) -> None:
        """Starts the servers alone, with tables, bucket and keys made. Raises NotStarted."""
        process.in_parallel(self._start_database, self.redis.start, self._start_store, self._start_scanner)

    def _scanner(self, given: Mapping[str, str]) -> Clamd | None:
        """Our own clamd, where it is installed and the environment names no other."""
        if given.get(_CLAMD) or not clamd.is_there():
            return None
        return Clamd(self.home.folder / "clamd", log=self.home.log("clamd"), kept_fds=(self.home.servers_lock,))

    def watch(self, say: Callable[[str], None], check: Callable[[], None]) -> None:
        """Starts again whatever ends by itself, until `check` raises something."""
        supervisor.watch([*self._servers, self.api, *self.workers.values()], say, check)

    def stop(self) -> None:
        """Ends everything: the API and the workers first, as they need the servers to end well.

        May be called while `start` is under way, or was interrupted: what that still starts is ended as well.
        """
        self._is_stopping = True
        self._stop_all()
        if self._starting is not None and not self._starting.is_over:
            self._starting.wait_for_end()
            self._stop_all()

    def _stop_all(self) -> None:
        process.in_parallel(self.api.stop, *(worker.stop for worker in self.workers.values()))
        process.in_parallel(*(server.stop for server in self._servers))

    @property
    def _servers(self) -> list[Postgres | Redis | ObjectStore | Clamd]:
        scanner = [] if self.clamd is None else [self.clamd]
        return [self.postgres, self.redis, self.store, *scanner]

    def _start_the_rest(self) -> None:
        # Neither API nor workers need the store to start, and they take longer than it does.
        process.in_parallel(self._start_database, self.redis.start, self._start_scanner)
        for part in (self.api, *self.workers.values()):
            self._want_going_on()
            part.start()

    def _want_going_on(self) -> None:
        if self._is_stopping:
            raise NotStarted("It was stopped while it started.")

    def _start_database(self) -> None:
        self.postgres.start()
        self._want_going_on()
        secrets = self.home.secrets
        notes, now = self.home.notes, _fingerprint(secrets.postgres_owner, secrets.postgres_app)
        if self.postgres.was_made or notes.migrations != now:
            argv = [sys.executable, "-m", "filemill.cli", "migrate"]
            roles = {"OWNER": self._database(postgres.OWNER, secrets.postgres_owner), "ADMIN": self.postgres.url}
            more = {f"{settings.PREFIX}DATABASE_{rank}_URL": url for rank, url in roles.items()}
            process.run("filemill migrate", argv, environ=process.plain_environ(**self.environ, **more))
            self.home.remember(msgspec.structs.replace(notes, migrations=now))

    def _start_scanner(self) -> None:
        if self.clamd is not None:
            self.clamd.start()

    def _start_store(self) -> None:
        self.store.start()
        object_store.prepare(self.store)

    def _is_ready(self) -> bool:
        worker = self.workers[_FIRST_LANE]
        if not worker.alive:
            worker.wait_until(lambda: False, 0)  # says what its log says
        if not self.takes_jobs(worker):
            return False  # the row that /health/ready reads may be that of a worker of before a kill
        connection = http.client.HTTPConnection(LOOPBACK, self.health_port, timeout=5)
        try:
            connection.request("GET", "/health/ready")
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def worker_program(self, lane: str, name: str) -> Program:
        """How a worker of this lane is started; `name` tells its log from others."""
        return self._program(f"worker-{name}", "workers", lane, grace=WORKER_GRACE)

    @staticmethod
    def takes_jobs(worker: Process) -> bool:
        """Whether a worker has said that it takes jobs."""
        return worker.alive and worker.said(WORKER_READY)

    def _program(self, name: str, module: str, *arguments: str, grace: float) -> Program:
        return Program(
            name=f"filemill's {name}",
            argv=(sys.executable, "-m", module, *arguments),
            log=self.home.log(name),
            environ=process.plain_environ(**self.environ),
            kept_fds=(self.home.servers_lock,),
            stop_signal=signal.SIGTERM,
            grace=grace,
        )

    def _database(self, role: str, password: str) -> str:
        return postgres.address(self.postgres.port, role, password)

    def _addresses(self) -> dict[str, str]:
        own = {
            "HOME": str(self.home.folder),
            "DATABASE_URL": self._database(postgres.APP, self.home.secrets.postgres_app),
            "REDIS_URL": self.redis.url,
            "S3_URL": self.store.url,
            "S3_PUBLIC_URL": self.store.url,
            "S3_BUCKET": BUCKET,
            "S3_KEY": SERVICE,
            "S3_SECRET": self.home.secrets.store_service,
            "S3_SANDBOX_KEY": SANDBOX,
            "S3_SANDBOX_SECRET": self.home.secrets.store_sandbox,
            "SECRET": self.home.secrets.secret,
        }
        return {settings.PREFIX + name: value for name, value in own.items()}


def open_stack(
    folder: Path, *, port: int = 0, store: StoreName | None = None, lanes: Sequence[str] | None = None
) -> Stack:
    """Opens a home and puts a stack together in it; nothing is started yet. Raises BadSetting, NotStarted."""
    environment.check(os.environ)
    home = open_home(folder)
    try:
        return Stack(home, port=port, store=store, environ=os.environ, lanes=lanes)
    except BaseException:
        home.give_up()
        raise


def _fingerprint(*passwords: str) -> str:
    """What tells one set of migrations, roles and passwords from another: a database that has these needs no look."""
    digest = hashlib.sha256(" ".join(passwords).encode())
    roles = importlib.util.find_spec(ROLES)  # what imports it is the business of `migrate`, and takes its time
    digest.update(Path(roles.origin).read_bytes() if roles and roles.origin else b"")
    for folder in importlib.import_module(MIGRATIONS).__path__:
        for path in sorted(Path(folder).glob("*.py")):
            digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()
