"""minio-init against a real MinIO, twice: what the two keys may do afterwards, and what nobody lets them."""

import io
import json
import os
import subprocess
import sys
from collections.abc import Callable

import pytest
import urllib3
from minio import Minio
from minio.commonconfig import CopySource
from minio.credentials.providers import StaticProvider
from minio.error import MinioAdminException, S3Error
from minio.minioadmin import MinioAdmin

from filemill.local import minio_access, object_store
from filemill.local.keys import ROOT, Keys
from filemill.local.minio_access import Administrator, Key
from filemill.local.minio_server import MinioServer
from filemill.local.ports import free_port
from tests.compose import composefile

SERVICE_SECRET, SANDBOX_SECRET, ROOT_SECRET = "s" * 64, "c" * 64, "r" * 64
INIT = composefile.ROOT / "minio-init/init.py"


@pytest.fixture(scope="module")
def minio(tmp_path_factory):
    """A MinIO with nothing in it."""
    if not object_store.is_there("minio"):
        pytest.skip("minio is not installed (make minio builds MinIO where Go is there)")
    folder = tmp_path_factory.mktemp("minio")
    keys = Keys(ROOT_SECRET, SERVICE_SECRET, SANDBOX_SECRET)
    server = MinioServer(
        folder / "objects",
        ports=[free_port()],
        keys=keys,
        buckets=[],
        origins=[],
        log=folder / "log",
    )
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def environ(minio):
    return {
        "FILEMILL_S3_URL": minio.url,
        "FILEMILL_S3_BUCKET": "filemill",
        "FILEMILL_S3_KEY": "filemill",
        "FILEMILL_S3_SECRET": SERVICE_SECRET,
        "FILEMILL_S3_SANDBOX_KEY": "filemill-sandbox",
        "FILEMILL_S3_SANDBOX_SECRET": SANDBOX_SECRET,
        "MINIO_ROOT_USER": ROOT,
        "MINIO_ROOT_PASSWORD": ROOT_SECRET,
    }


@pytest.fixture(scope="module")
def said(environ):
    """What minio-init said the first and the second time."""
    return [init(environ).stdout for _ in range(2)]


@pytest.fixture(scope="module")
def root(minio, said):
    """The administrator; beside our bucket there is one of somebody else's."""
    client = connect(minio, ROOT, ROOT_SECRET)
    client.make_bucket("other")
    for bucket in ("filemill", "other"):
        for key in ("input/job/a.csv", "output/job/b.csv", "elsewhere/c.csv"):
            put(client, key, bucket)
    return client


@pytest.fixture(scope="module")
def sandbox(minio, root):
    return connect(minio, "filemill-sandbox", SANDBOX_SECRET)


@pytest.fixture(scope="module")
def service(minio, root):
    return connect(minio, "filemill", SERVICE_SECRET)


def test_the_second_run_changes_nothing_and_is_no_error(said):
    first, second = said

    assert "The bucket filemill is made." in first
    assert "The bucket filemill is there." in second
    assert first.splitlines()[1:] == second.splitlines()[1:]


def test_the_bucket_has_a_quota_below_the_disk(environ, minio, root):
    """Given no number of anybody's: all of the disk but a rest; given one: that."""
    admin = MinioAdmin(
        endpoint=minio.url.removeprefix("http://"),
        credentials=StaticProvider(ROOT, ROOT_SECRET),
        secure=False,
        region="us-east-1",
    )
    told = os.statvfs(minio.folder)
    disk = (told.f_blocks - told.f_bfree + told.f_bavail) * told.f_frsize
    quota = json.loads(admin.bucket_quota_get("filemill"))
    assert quota["quotatype"] == "hard"
    assert min(disk * 0.94, disk - (3 << 30)) <= quota["quota"] <= disk - (2 << 30)

    told = init({**environ, "FILEMILL_BUCKET_BYTES": "7000000"})

    assert "The bucket filemill may hold 7000000 bytes." in told.stdout
    assert json.loads(admin.bucket_quota_get("filemill"))["quota"] == 7_000_000
    init(environ)


def test_a_quota_that_is_no_number_is_told(environ, minio):
    told = init({**environ, "FILEMILL_BUCKET_BYTES": "7 GB"})

    assert told.returncode == 1
    assert "FILEMILL_BUCKET_BYTES must be a whole number of bytes, not '7 GB'." in told.stderr


def test_the_sandbox_reads_inputs_and_writes_outputs(sandbox, root):
    assert get(sandbox, "input/job/a.csv") == b"rows"

    put(sandbox, "output/job/made.parquet")
    assert get(root, "output/job/made.parquet") == b"rows"


def test_the_sandbox_writes_large_outputs_in_parts(sandbox, root):
    size = 11 * 2**20

    sandbox.put_object("filemill", "output/job/large.csv", io.BytesIO(b"x" * size), size, part_size=5 * 2**20)

    assert root.stat_object("filemill", "output/job/large.csv").size == size


def test_the_sandbox_takes_back_an_upload_it_gave_up(sandbox, root):
    upload = sandbox._create_multipart_upload("filemill", "output/job/half.csv", {})
    sandbox._upload_part("filemill", "output/job/half.csv", b"x", {}, upload, 1)

    sandbox._abort_multipart_upload("filemill", "output/job/half.csv", upload)

    assert not root._list_multipart_uploads("filemill", prefix="output/job/half.csv").uploads


FORBIDDEN_TO_THE_SANDBOX: dict[str, Callable[[Minio], object]] = {
    "write an input": lambda it: put(it, "input/job/a.csv"),
    "write elsewhere": lambda it: put(it, "elsewhere/d.csv"),
    "begin an input in parts": lambda it: it._create_multipart_upload("filemill", "input/job/a.csv", {}),
    "read an output": lambda it: get(it, "output/job/b.csv"),
    "read elsewhere": lambda it: get(it, "elsewhere/c.csv"),
    "remove an input": lambda it: it.remove_object("filemill", "input/job/a.csv"),
    "remove an output": lambda it: it.remove_object("filemill", "output/job/b.csv"),
    "list": lambda it: list(it.list_objects("filemill", recursive=True)),
    "list inputs": lambda it: list(it.list_objects("filemill", prefix="input/", recursive=True)),
    "list uploads": lambda it: it._list_multipart_uploads("filemill"),
    "ask whether the bucket is there": lambda it: it.bucket_exists("filemill"),
    "copy an input over another": lambda it: it.copy_object(
        "filemill", "input/job/z.csv", CopySource("filemill", "input/job/a.csv")
    ),
    "carry another bucket's object out": lambda it: it.copy_object(
        "filemill", "output/job/z.csv", CopySource("other", "input/job/a.csv")
    ),
    "read another bucket": lambda it: get(it, "input/job/a.csv", "other"),
    "write another bucket": lambda it: put(it, "output/job/b.csv", "other"),
    "make a bucket": lambda it: it.make_bucket("mine"),
    "change who may do what": lambda it: it.set_bucket_policy("filemill", "{}"),
    "read who may do what": lambda it: it.get_bucket_policy("filemill"),
    "let things expire": lambda it: it.delete_bucket_lifecycle("filemill"),
}

FORBIDDEN_TO_THE_SERVICE = {
    name: FORBIDDEN_TO_THE_SANDBOX[name]
    for name in (
        *("read another bucket", "write another bucket", "carry another bucket's object out", "make a bucket"),
        *("change who may do what", "read who may do what", "let things expire"),
    )
} | {
    "remove the bucket": lambda it: it.remove_bucket("filemill"),
    "list another bucket": lambda it: list(it.list_objects("other")),
}


@pytest.mark.parametrize("what", FORBIDDEN_TO_THE_SANDBOX)
def test_the_sandbox_may_not(sandbox, what):
    with pytest.raises(S3Error) as refused:
        FORBIDDEN_TO_THE_SANDBOX[what](sandbox)

    assert refused.value.code == "AccessDenied"


@pytest.mark.parametrize("what", FORBIDDEN_TO_THE_SERVICE)
def test_the_service_may_not(service, what):
    with pytest.raises(S3Error) as refused:
        FORBIDDEN_TO_THE_SERVICE[what](service)

    assert refused.value.code == "AccessDenied"


def test_the_service_does_what_it_likes_with_its_objects(service):
    put(service, "input/other/x.csv")
    assert get(service, "input/other/x.csv") == b"rows"
    assert "input/other/x.csv" in {entry.object_name for entry in service.list_objects("filemill", recursive=True)}
    upload = service._create_multipart_upload("filemill", "input/other/y.csv", {})
    assert service._list_multipart_uploads("filemill", prefix="input/other/y.csv").uploads
    service._abort_multipart_upload("filemill", "input/other/y.csv", upload)
    service.remove_object("filemill", "input/other/x.csv")
    assert service.bucket_exists("filemill")
    assert [bucket.name for bucket in service.list_buckets()] == ["filemill"]


ADMINISTRATION: dict[str, Callable[[MinioAdmin], object]] = {
    "ask about the server": lambda it: it.info(),
    "list users": lambda it: it.user_list(),
    "add a user": lambda it: it.user_add("mallory", "m" * 16),
    "change its own secret": lambda it: it.user_add("filemill-sandbox", "m" * 16),
    "add a policy": lambda it: it.policy_add("all", policy={"Version": "2012-10-17", "Statement": []}),
    "list policies": lambda it: it.policy_list(),
    "make itself another key": lambda it: it.add_service_account(access_key="another-key", secret_key="m" * 16),
}


@pytest.mark.parametrize("what", ADMINISTRATION)
@pytest.mark.parametrize(
    ("name", "secret"), [("filemill-sandbox", SANDBOX_SECRET), ("filemill", SERVICE_SECRET)], ids=["sandbox", "service"]
)
def test_neither_key_administers(minio, root, name, secret, what):
    admin = MinioAdmin(
        endpoint=minio.url.removeprefix("http://"),
        credentials=StaticProvider(name, secret),
        secure=False,
        region="us-east-1",
    )
    with pytest.raises(MinioAdminException, match="AccessDenied"):
        ADMINISTRATION[what](admin)


def test_another_secret_in_the_environment_becomes_the_keys(environ, minio, root, said):
    """Given a secret that was changed: after the next run the old one is worth nothing."""
    before = Key("filemill-sandbox-2", "old" * 10)
    Administrator(minio.url, Key(ROOT, ROOT_SECRET)).let_in(before, minio_access.sandbox_policy(["filemill"]))
    assert get(connect(minio, "filemill-sandbox-2", "old" * 10), "input/job/a.csv") == b"rows"

    told = init({**environ, "FILEMILL_S3_SANDBOX_KEY": "filemill-sandbox-2", "FILEMILL_S3_SANDBOX_SECRET": "new" * 10})

    assert told.returncode == 0
    assert get(connect(minio, "filemill-sandbox-2", "new" * 10), "input/job/a.csv") == b"rows"
    with pytest.raises(S3Error):
        get(connect(minio, "filemill-sandbox-2", "old" * 10), "input/job/a.csv")


@pytest.mark.parametrize("name", ["FILEMILL_S3_URL", "FILEMILL_S3_SANDBOX_SECRET", "MINIO_ROOT_PASSWORD"])
def test_a_missing_variable_is_named_in_one_sentence(name):
    environ = dict.fromkeys(("MINIO_ROOT_USER", "MINIO_ROOT_PASSWORD"), "x" * 8)
    for variable in ("URL", "BUCKET", "KEY", "SECRET", "SANDBOX_KEY", "SANDBOX_SECRET"):
        environ[f"FILEMILL_S3_{variable}"] = "x" * 8

    told = init({**environ, name: ""})

    assert told.returncode == 1
    assert told.stderr == f"{name} is not set.\n"


def test_a_wrong_root_password_is_told_without_a_traceback(environ, minio):
    told = init({**environ, "MINIO_ROOT_PASSWORD": "wrong" * 4})

    assert told.returncode == 1
    assert told.stderr.startswith("MinIO could not be made ready: ")
    assert "Traceback" not in told.stderr
    assert "wrong" not in told.stderr


def init(environ):
    return subprocess.run([sys.executable, INIT], capture_output=True, text=True, env=environ, check=False, timeout=60)


def connect(minio, name, secret):
    pool = urllib3.PoolManager(retries=False, timeout=10)
    return Minio(minio.url.removeprefix("http://"), name, secret, secure=False, region="us-east-1", http_client=pool)


def put(client, key, bucket="filemill"):
    return client.put_object(bucket, key, io.BytesIO(b"rows"), 4)


def get(client, key, bucket="filemill"):
    answer = client.get_object(bucket, key)
    try:
        return answer.read()
    finally:
        answer.close()
        answer.release_conn()
