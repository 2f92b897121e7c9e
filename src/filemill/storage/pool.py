"""The connections of every client of the store: bytes come as they are stored, whatever their headers say of them."""

from typing import Any

import urllib3


class AsStored(urllib3.PoolManager):
    """A pool that unpacks nothing.

    Whoever uploads names the object's Content-Encoding. Followed, it would make other bytes of those that were counted
    and hashed, or none at all where it is a lie; and that looks as if the store were broken.
    """

    def urlopen(self, method: str, url: str, *others: Any, **more: Any) -> urllib3.BaseHTTPResponse:
        """One request."""
        return super().urlopen(method, url, *others, **{**more, "decode_content": False})
