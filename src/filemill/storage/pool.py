"""Every client of the store and its connections: bytes come as they are stored, whatever their headers say of them."""

from typing import Any
from urllib.parse import urlsplit

import urllib3
from minio import Minio


class AsStored(urllib3.PoolManager):
    """A pool that unpacks nothing.

    Whoever uploads names the object's Content-Encoding. Followed, it would make other bytes of those that were counted
    and hashed, or none at all where it is a lie; and that looks as if the store were broken.
    """

    def urlopen(self, method: str, url: str, *others: Any, **more: Any) -> urllib3.BaseHTTPResponse:
        """One request."""
        return super().urlopen(method, url, *others, **{**more, "decode_content": False})


def client(url: str, *, key: str, secret: str, region: str, pool: AsStored) -> Minio:
    """Who reaches the store at this address with this key; `pool` says how patiently."""
    address = urlsplit(url)
    return Minio(
        address.netloc,
        access_key=key,
        secret_key=secret,
        secure=address.scheme == "https",
        region=region,
        http_client=pool,
    )
