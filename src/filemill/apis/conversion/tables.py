"""The row of a file that somebody wants converted."""

from piccolo.columns import UUID, ForeignKey, Text, Timestamptz
from piccolo.columns.base import OnDelete
from piccolo.columns.defaults.timestamptz import TimestamptzNow
from piccolo.constraints import Unique
from piccolo.table import Table

from filemill.accounts.tables import Account
from filemill.connections import DB
from filemill.jobs.rows.tables import Job
from filemill.storage.tables import Object


class ConversionFile(Table, db=DB, tablename="conversion_file"):
    """A file as it was uploaded. `job_id` is its visitor's own name for it, `job` the core's newest job on it.

    `object` is the original, null once it was converted. `expires_at` is the end of the session.
    """

    id = UUID(primary_key=True)
    guest = ForeignKey(Account, null=False, default=None, on_delete=OnDelete.cascade, index=False)
    job_id = UUID()
    file_name = Text()
    object = ForeignKey(Object, null=True, default=None, on_delete=OnDelete.set_null, index=True)
    job = ForeignKey(Job, null=True, default=None, on_delete=OnDelete.set_null, index=True)
    created_at = Timestamptz(default=TimestamptzNow())
    expires_at = Timestamptz(default=TimestamptzNow(), index=True)

    conversion_file_job_id_once = Unique(["guest", "job_id"])
