"""An embedded store's keys: a home made by an earlier version gets the rights of this one."""

import io

import msgspec
import pytest
from minio import Minio
from minio.commonconfig import CopySource
from minio.error import S3Error

from filemill.local import minio_access, object_store
from filemill.local.keys import ROOT, SERVICE, Keys
from filemill.local.minio_access import Administrator, Key
from filemill.local.ports import free_port


def test_a_home_with_the_rights_of_an_earlier_version_gets_todays(tmp_path):
    if not object_store.is_there("minio"):
        pytest.skip("minio is not installed (make minio builds MinIO where Go is there)")
    # given a home whose service key might still copy
    keys, buckets = Keys("r" * 40, "s" * 40, "c" * 40), ["filemill"]
    store = object_store.make(
        "minio", tmp_path / "objects", ports=[free_port()], keys=keys, log=tmp_path / "log", buckets=buckets
    )
    store.start()
    try:
        object_store.prepare(store)
        policy = minio_access.service_policy(buckets)
        allowed = [each for each in policy["Statement"] if each["Effect"] == "Allow"]
        Administrator(store.url, Key(ROOT, keys.root)).let_in(
            Key(SERVICE, keys.service), policy | {"Statement": allowed}
        )
        (tmp_path / "prepared").write_bytes(msgspec.json.encode(["minio", *buckets]))
        # when this version starts in it
        object_store.prepare(store)
        # then the key copies nothing
        client = Minio(store.url.removeprefix("http://"), SERVICE, keys.service, secure=False, region="us-east-1")
        client.put_object("filemill", "input/one/a.csv", io.BytesIO(b"x"), 1)
        with pytest.raises(S3Error) as refused:
            client.copy_object("filemill", "input/two/a.csv", CopySource("filemill", "input/one/a.csv"))
        assert refused.value.code == "AccessDenied"
    finally:
        store.stop()


def test_deleted_bytes_leave_minios_disk_within_a_second_of_its_start(tmp_path):
    if not object_store.is_there("minio"):
        pytest.skip("minio is not installed (make minio builds MinIO where Go is there)")
    # given a MinIO that has just started, an object, and an upload in parts
    keys, words = Keys("r" * 40, "s" * 40, "c" * 40), b"the words of a stranger "
    store = object_store.make(
        "minio", tmp_path / "objects", ports=[free_port()], keys=keys, log=tmp_path / "log", buckets=["filemill"]
    )
    store.start()
    try:
        object_store.prepare(store)
        client = Minio(store.url.removeprefix("http://"), SERVICE, keys.service, secure=False, region="us-east-1")
        content = words * (1 << 16)
        client.put_object("filemill", "input/one/a.csv", io.BytesIO(content), len(content))
        upload = client._create_multipart_upload("filemill", "input/two/a.csv", {})
        client._upload_part("filemill", "input/two/a.csv", content, None, upload, 1)
        assert len(holding(words, store.folder)) >= 2
        # when both are taken away
        client.remove_object("filemill", "input/one/a.csv")
        client._abort_multipart_upload("filemill", "input/two/a.csv", upload)
        # then MinIO keeps their bytes, and the next tidy-up removes them
        assert holding(words, store.folder)
        store.tidy()
        assert not holding(words, store.folder)
        # and MinIO goes on
        client.put_object("filemill", "input/one/a.csv", io.BytesIO(b"x"), 1)
        client.remove_object("filemill", "input/one/a.csv")
    finally:
        store.stop()


def holding(words, folder):
    """The files below a folder that hold these words."""
    return [path for path in folder.rglob("*") if path.is_file() and words in path.read_bytes()]
