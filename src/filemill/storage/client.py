"""The minio client as the store is reached through it: its patience, and which of its errors mean what."""

import contextlib
from collections.abc import Iterator

import urllib3
from minio import Minio
from minio.error import InvalidResponseError, S3Error, ServerError

from filemill.errors import StoreAway
from filemill.settings import Settings
from filemill.storage import pool
from filemill.storage.pool import AsStored

CONNECT_SECONDS = 3
READ_SECONDS = 20
GONE = frozenset({"NoSuchKey", "NoSuchUpload", "NoSuchObject", "NoSuchVersion"})
"""The codes with which the store says that there is no such thing (any more)."""

_AWAY = frozenset(
    {"InternalError", "ServiceUnavailable", "SlowDown", "SlowDownRead", "SlowDownWrite", "RequestTimeout"}
)
_AWAY_STATUS = 500


def make(url: str, settings: Settings, connections: int) -> Minio:
    """The client of the store at this address, which keeps so many connections open."""
    connected = AsStored(
        timeout=urllib3.Timeout(connect=CONNECT_SECONDS, read=READ_SECONDS),
        maxsize=connections,
        retries=urllib3.Retry(total=1, backoff_factor=0.1, status_forcelist=()),
        cert_reqs="CERT_REQUIRED",
    )
    return pool.client(url, key=settings.s3_key, secret=settings.s3_secret, region=settings.s3_region, pool=connected)


@contextlib.contextmanager
def heard() -> Iterator[None]:
    """Raises StoreAway for every way in which the store does not answer; what it refuses stays an S3Error."""
    try:
        yield
    except S3Error as error:
        if error.code in _AWAY or (error.response and error.response.status >= _AWAY_STATUS):
            raise StoreAway from error
        raise
    except (urllib3.exceptions.HTTPError, ServerError, InvalidResponseError, OSError) as error:
        raise StoreAway from error
