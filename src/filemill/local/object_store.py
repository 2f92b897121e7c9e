"""The embedded object store: which server it is, its bucket, its keys, and whether a write succeeds."""

import io
import time
from collections.abc import Sequence
from pathlib import Path

import msgspec
import urllib3
from minio import Minio
from minio.error import MinioException, S3Error

from filemill.errors import BadSetting
from filemill.local import home, minio_access, minio_server, process, seaweedfs
from filemill.local.home import StoreName
from filemill.local.keys import ROOT, Keys
from filemill.local.minio_server import MinioServer
from filemill.local.ports import free_port
from filemill.local.process import LOOPBACK, NotStarted
from filemill.local.seaweedfs import SeaweedFS
from filemill.local.server import ObjectStore

PROBE_KEY = "probe"
WRITABLE_SECONDS = 30.0
_KINDS: dict[StoreName, type[ObjectStore]] = {"minio": MinioServer, "seaweedfs": SeaweedFS}


def choose(wanted: StoreName | None, written_by: StoreName | None) -> StoreName:
    """Which server a home gets. Raises BadSetting when the home's objects were written by the other one."""
    if written_by and wanted and wanted != written_by:
        raise BadSetting(f"--store {wanted} cannot be used: the objects of this home were written by {written_by}.")
    chosen = written_by or wanted
    if chosen:
        return chosen
    return "minio" if is_there("minio") else "seaweedfs"


def is_there(name: StoreName) -> bool:
    """Whether this server's program is installed."""
    try:
        (minio_server if name == "minio" else seaweedfs).program()
    except NotStarted:
        return False
    return True


def choose_ports(name: StoreName, wanted: Sequence[int] = (), taken: frozenset[int] = frozenset()) -> list[int]:
    """The ports this server needs: those it had before where they are free."""
    if name == "seaweedfs":
        return seaweedfs.choose_ports(wanted, taken)
    return [free_port(wanted[0] if wanted else None, taken=taken)]


def make(
    name: StoreName,
    folder: Path,
    *,
    ports: Sequence[int],
    keys: Keys,
    log: Path,
    buckets: Sequence[str],
    origins: Sequence[str] = (),
    kept_fds: tuple[int, ...] = (),
) -> ObjectStore:
    """A store of this kind; not started yet. `origins` are the web pages that may use it."""
    kind = _KINDS[name]
    return kind(folder, ports=ports, keys=keys, buckets=buckets, origins=origins, log=log, kept_fds=kept_fds)


def prepare(store: ObjectStore) -> None:
    """Makes buckets, quotas and keys where that was not done yet; waits until a write succeeds. Raises NotStarted."""
    mark = store.folder.parent / "prepared"
    # The policies stand in the mark, so that a home gets those of a later version.
    policies = [minio_access.service_policy(store.buckets), minio_access.sandbox_policy(store.buckets)]
    wanted = msgspec.json.encode([store.name, store.most_bytes, *store.buckets, *policies])
    prepared = mark.exists() and mark.read_bytes() == wanted
    if prepared and store.name == "minio":
        return  # whose first write succeeds as soon as it is ready
    _make_buckets(store)
    if not prepared:
        store.let_in()
        home.write_privately(mark, wanted)


def _make_buckets(store: ObjectStore) -> None:
    client = root_client(store)
    deadline = time.monotonic() + WRITABLE_SECONDS
    while True:
        try:
            for bucket in store.buckets:
                if not client.bucket_exists(bucket):
                    client.make_bucket(bucket)
            client.put_object(store.buckets[0], PROBE_KEY, io.BytesIO(b"ok"), 2)
            client.remove_object(store.buckets[0], PROBE_KEY)
        except (S3Error, MinioException, urllib3.exceptions.HTTPError) as error:
            if store.process is None or not store.process.alive or time.monotonic() > deadline:
                raise NotStarted(f"The object store takes no writes: {error}") from error
            time.sleep(process.POLL_SECONDS)
        else:
            return


def root_client(store: ObjectStore) -> Minio:
    """A client that may do everything with this store."""
    pool = urllib3.PoolManager(retries=False, timeout=urllib3.Timeout(connect=2, read=10))
    address = f"{LOOPBACK}:{store.port}"
    return Minio(address, ROOT, store.keys.root, secure=False, region="us-east-1", http_client=pool)
