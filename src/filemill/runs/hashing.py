"""Hashes the inputs and outputs of COMPLETED jobs, beside a worker's runs.

A worker holds an object that is due for a minute at a time; if the worker dies, another one takes the object. Objects
are read in stretches, so that a worker that ends need not wait. Each stretch demands the etag that the job knew.
"""

import hashlib
import time

from filemill import logs
from filemill.errors import StoreAway
from filemill.jobs import context
from filemill.jobs.rows import receipts
from filemill.jobs.rows.receipts import Due

HELD_SECONDS = 60
RENEW_SECONDS = 10
STRETCH = 16 << 20


async def until_none_due() -> None:
    """Hashes one object after another until none is due. Calls may be repeated. Raises DatabaseAway."""
    while (one := await receipts.take(HELD_SECONDS)) is not None:
        try:
            sha256 = await _hash(one)
        except StoreAway as error:
            logs.warn("filemill.runs.hashing", "the store is away; it is hashed later", cause=error, key=one.key)
            return
        await receipts.hashed(one.id, sha256)


async def _hash(one: Due) -> str | None:
    """The object's SHA-256 in hex digits; None where the object has changed since its job ended."""
    store = context.get().store
    digest = hashlib.sha256()
    renewed = time.monotonic()
    for start in range(0, one.size, STRETCH):
        if time.monotonic() - renewed > RENEW_SECONDS:
            renewed = time.monotonic()
            if not await receipts.renew(one.id, HELD_SECONDS):
                return None
        if not await store.feed(one.key, one.etag, start, min(STRETCH, one.size - start), digest.update):
            return None
    return digest.hexdigest()
