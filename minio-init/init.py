"""Makes MinIO ready for filemill: the bucket with its quota, the service's key and the sandbox's.

Everything it needs comes from the environment, MinIO's address too; what is there already stays, so it may run at
every start. Runs wherever filemill is installed: `python minio-init/init.py`.
"""

import os
import sys
import time
from collections.abc import Mapping

import urllib3
from minio import Minio
from minio.error import MinioAdminException, MinioException

from filemill.local import minio_access
from filemill.local.minio_access import Administrator, Key

READY_SECONDS = 60
NEEDED = (
    *("FILEMILL_S3_URL", "FILEMILL_S3_BUCKET"),
    *("FILEMILL_S3_KEY", "FILEMILL_S3_SECRET", "FILEMILL_S3_SANDBOX_KEY", "FILEMILL_S3_SANDBOX_SECRET"),
    *("MINIO_ROOT_USER", "MINIO_ROOT_PASSWORD"),
)
BUCKET_BYTES = "FILEMILL_BUCKET_BYTES"
TROUBLE = (MinioException, MinioAdminException, urllib3.exceptions.HTTPError, ValueError)


def wait_for(url: str) -> None:
    """Returns once MinIO takes requests. Raises TimeoutError."""
    pool = urllib3.PoolManager(timeout=2, retries=False)
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        try:
            if pool.request("GET", f"{url}/minio/health/ready").status == 200:
                return
        except urllib3.exceptions.HTTPError:
            pass
        time.sleep(0.2)
    raise TimeoutError(f"No MinIO answers at {url}.")


def prepare(environ: Mapping[str, str]) -> list[str]:
    """Makes bucket and keys -> what was done, a sentence each."""
    url, bucket = environ["FILEMILL_S3_URL"].rstrip("/"), environ["FILEMILL_S3_BUCKET"]
    root = Key(environ["MINIO_ROOT_USER"], environ["MINIO_ROOT_PASSWORD"])
    service = Key(environ["FILEMILL_S3_KEY"], environ["FILEMILL_S3_SECRET"])
    sandbox = Key(environ["FILEMILL_S3_SANDBOX_KEY"], environ["FILEMILL_S3_SANDBOX_SECRET"])
    wait_for(url)
    done = [_make_bucket(url, root, bucket)]
    administrator = Administrator(url, root)
    quota = administrator.limit(bucket, _most_bytes(environ))
    done.append(f"The bucket {bucket} may hold {quota} bytes.")
    for key, policy in (
        (service, minio_access.service_policy([bucket])),
        (sandbox, minio_access.sandbox_policy([bucket])),
    ):
        administrator.let_in(key, policy)
        done.append(f"The key {key.name} has its policy.")
    return done


def _most_bytes(environ: Mapping[str, str]) -> int:
    """What the bucket may hold; 0 where nobody says. Raises ValueError."""
    text = environ.get(BUCKET_BYTES) or "0"
    if not text.isascii() or not text.isdigit():
        raise ValueError(f"{BUCKET_BYTES} must be a whole number of bytes, not {text!r}.")
    return int(text)


def _make_bucket(url: str, root: Key, bucket: str) -> str:
    client = Minio(
        url.split("://", 1)[1],
        root.name,
        root.secret,
        secure=url.startswith("https://"),
        region=minio_access.REGION,
    )
    if client.bucket_exists(bucket):
        return f"The bucket {bucket} is there."
    client.make_bucket(bucket)
    return f"The bucket {bucket} is made."


def main() -> None:
    """Ends with 0, or with one sentence that says what was wrong."""
    missing = [name for name in NEEDED if not os.environ.get(name)]
    if missing:
        sys.exit(f"{missing[0]} is not set.")
    try:
        done = prepare(os.environ)
    except TimeoutError as error:
        sys.exit(str(error))
    except TROUBLE as error:
        sys.exit(f"MinIO could not be made ready: {error}")
    print("\n".join(done))


if __name__ == "__main__":
    main()
