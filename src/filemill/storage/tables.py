"""The row of an object: committed before its first byte, gone after its last."""

from typing import Any

from piccolo.columns import UUID, BigInt, ForeignKey, Integer, Text, Timestamptz
from piccolo.columns.base import OnDelete
from piccolo.columns.defaults.timestamptz import TimestamptzNow
from piccolo.columns.reference import LazyTableReference
from piccolo.constraints import Check
from piccolo.table import Table

from filemill.accounts.tables import Account
from filemill.connections import DB


class Object(Table, db=DB, tablename="object"):
    """Bytes in the store. `arriving`: they may be there; `stored`: they are; `leaving`: they go.

    `fence` is set on what a run writes. Nobody can write under the key after `writable_until`; `removed_at` is when the
    bytes were last taken away. From `hash_due` on a worker may hash it; null where nobody is to.

    `most_bytes` is the size that an upload was announced with; more is taken away, and `refused` tells its owner why.
    `landed_bytes` is what was last seen to lie there, before it is `stored` or over what was.
    """

    id = UUID(primary_key=True)
    owner = ForeignKey(Account, null=True, default=None, on_delete=OnDelete.set_null, index=True)
    job: ForeignKey[Any] = ForeignKey(
        LazyTableReference("Job", module_path="filemill.jobs.rows.tables"),
        null=True,
        default=None,
        on_delete=OnDelete.set_null,
        index=True,
    )
    fence = Integer(null=True, default=None)
    key = Text(unique=True)
    state = Text(default="arriving")
    media_type = Text(null=True, default=None)
    size = BigInt(null=True, default=None)
    most_bytes = BigInt(null=True, default=None)
    landed_bytes = BigInt(null=True, default=None)
    refused = Text(null=True, default=None)
    etag = Text(null=True, default=None)
    sha256 = Text(null=True, default=None)
    scan = Text(default="not scanned")
    hash_due = Timestamptz(null=True, default=None)
    upload_id = Text(null=True, default=None)
    writable_until = Timestamptz(null=True, default=None)
    removed_at = Timestamptz(null=True, default=None)
    created_at = Timestamptz(default=TimestamptzNow())
    expires_at = Timestamptz(null=True, default=None)

    object_state = Check("state IN ('arriving', 'stored', 'leaving')")
    object_stored_whole = Check("state <> 'stored' OR (size IS NOT NULL AND etag IS NOT NULL)")
