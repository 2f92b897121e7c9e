"""Compares the SHA-256 that an owner gave with the mark of an upload with the bytes in the store."""

import hashlib

import urllib3
from minio import Minio
from minio.error import MinioException, S3Error
from minio.helpers import DictType

from filemill.errors import JobFailed
from filemill.pipelines.run import Phase, Progress, Run, Say, StoreAccess, changed
from filemill.storage import pool
from filemill.storage.pool import AsStored

CHUNK = 1 << 20
_CHANGED = ("NoSuchKey", "PreconditionFailed")


def check(run: Run, say: Say) -> None:
    """Reads every input of a networked run that has a demanded SHA-256.

    The runner hashes the inputs of an isolated run as it stages them. Raises JobFailed: bad_file for another hash,
    input_changed, store_away.
    """
    if run.store is None:
        return
    for given in run.inputs:
        if given.sha256 is None:
            continue
        say(Phase("checking the SHA-256"))
        digest = hashlib.sha256()
        done = 0
        try:
            headers: DictType = {"If-Match": f'"{given.etag}"'}
            answer = _client(run.access).get_object(run.access.bucket, given.key, request_headers=headers)
            try:
                for chunk in answer.stream(CHUNK):
                    digest.update(chunk)
                    done += len(chunk)
                    # The work comes afterwards and takes longer: the check counts as a third of the progress.
                    say(Progress(done, given.size * 3, "bytes"))
            finally:
                answer.close()
                answer.release_conn()
        except S3Error as error:
            if error.code in _CHANGED:
                raise changed(given.file_name) from error
            raise _away() from error
        except (MinioException, urllib3.exceptions.HTTPError, OSError) as error:
            raise _away() from error
        if digest.hexdigest() != given.sha256.lower():
            raise JobFailed(
                "bad_file",
                f"{given.file_name!r} arrived with the SHA-256 {digest.hexdigest()}, not the {given.sha256} given.",
            )


def _away() -> JobFailed:
    return JobFailed("store_away", "The object store is out of reach.", at_fault="us")


def _client(store: StoreAccess) -> Minio:
    connected = AsStored(timeout=urllib3.Timeout(connect=3, read=20), retries=2)
    return pool.client(store.url, key=store.key, secret=store.secret, region=store.region, pool=connected)
