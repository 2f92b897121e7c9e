"""The rows of jobs: the job, its files, its events, and the workers that are alive."""

from piccolo.columns import JSONB, UUID, BigInt, ForeignKey, Integer, Real, Serial, Text, Timestamptz
from piccolo.columns.base import OnDelete
from piccolo.columns.defaults.timestamptz import TimestamptzNow
from piccolo.constraints import Check, Unique
from piccolo.table import Table

from filemill.accounts.tables import Account
from filemill.connections import DB
from filemill.storage.tables import Object


class Job(Table, db=DB, tablename="job"):
    """A job. The row is the truth.

    `fence` counts all claims ever, `events` the job's events. Since its owner last queued the job, `runs` counts the
    runs that count, `workers_lost` the runs whose worker was lost. Nobody claims the job before `due_at`. `share` is
    for whom the job counts where a lane's slots are shared out; null: for its owner. All times are PostgreSQL's.
    """

    id = UUID(primary_key=True)
    owner = ForeignKey(Account, null=False, default=None, on_delete=OnDelete.cascade, index=False)
    share = UUID(null=True, default=None)
    api = Text()
    lane = Text()
    pipeline = JSONB(default="[]")
    options = JSONB(default="{}")
    as_sent = Text(default="[]")
    status = Text(default="PENDING")
    progress = Real(default=0.0)
    phase = Text(null=True, default=None)
    fence = Integer(default=0)
    runs = Integer(default=0)
    workers_lost = Integer(default=0)
    events = Integer(default=0)
    queued_at = Timestamptz(null=True, default=None)
    due_at = Timestamptz(null=True, default=None)
    lease_until = Timestamptz(null=True, default=None)
    worker = Text(null=True, default=None)
    engine = Text(null=True, default=None)
    result = JSONB(null=True, default=None)
    error_code = Text(null=True, default=None)
    error_message = Text(null=True, default=None)
    at_fault = Text(null=True, default=None)
    idempotency_key = Text(null=True, default=None)
    body_hash = Text(null=True, default=None)
    created_at = Timestamptz(default=TimestamptzNow())
    updated_at = Timestamptz(default=TimestamptzNow())
    started_at = Timestamptz(null=True, default=None)
    ended_at = Timestamptz(null=True, default=None)
    expires_at = Timestamptz(null=True, default=None)

    job_status = Check(
        "status IN ('PENDING', 'QUEUED', 'RUNNING', 'CANCELLATION_REQUESTED', 'COMPLETED', 'FAILED', 'CANCELLED')"
    )
    job_lease_when_held = Check("(lease_until IS NOT NULL) = (status IN ('RUNNING', 'CANCELLATION_REQUESTED'))")
    job_phase_while_held = Check("phase IS NULL OR status IN ('RUNNING', 'CANCELLATION_REQUESTED')")
    job_error_when_failed = Check("(status = 'FAILED') = (error_code IS NOT NULL)")
    job_at_fault = Check("at_fault IN ('caller', 'us')")
    job_owner_idempotency_key = Unique(["owner", "idempotency_key"])


class JobFile(Table, db=DB, tablename="job_file"):
    """A named input or output of a job. `marked_at` is the time at which an input was marked as uploaded."""

    id = Serial(primary_key=True)
    job = ForeignKey(Job, null=False, default=None, on_delete=OnDelete.cascade)
    side = Text()
    name = Text()
    file_name = Text()
    announced_size = BigInt(null=True, default=None)
    object = ForeignKey(Object, null=True, default=None, on_delete=OnDelete.set_null, index=True)
    marked_at = Timestamptz(null=True, default=None)

    job_file_side = Check("side IN ('in', 'out')")
    job_file_name_once = Unique(["job", "side", "name"])


class JobEvent(Table, db=DB, tablename="job_event"):
    """An event of a job; `n` counts from 1 per job."""

    id = Serial(primary_key=True)
    job = ForeignKey(Job, null=False, default=None, on_delete=OnDelete.cascade)
    n = Integer()
    at = Timestamptz(default=TimestamptzNow())
    kind = Text()
    data = JSONB(default="{}")

    job_event_kind = Check("kind IN ('moved', 'phase', 'warning')")
    job_event_n_once = Unique(["job", "n"])


class CrashedJob(Table, db=DB, tablename="crashed_job"):
    """A job that ended its process in every run. The job and its files may be gone.

    `by_etags` and `by_hashes` are digests of its steps, options and inputs: by etag and size, by SHA-256.
    """

    id = Serial(primary_key=True)
    owner = ForeignKey(Account, null=False, default=None, on_delete=OnDelete.cascade, index=True)
    engine = Text()
    by_etags = Text()
    by_hashes = Text(null=True, default=None)
    at = Timestamptz(default=TimestamptzNow())


class Worker(Table, db=DB, tablename="worker"):
    """A live worker process: its lane, slots, engines and sandbox; written every 15 seconds.

    `pairs` are the pairs of formats that the worker converts; null means all pairs of the lane.
    """

    id = Text(primary_key=True)
    host = Text()
    lane = Text()
    slots = Integer()
    engines = JSONB(default="{}")
    sandbox = Text()
    pairs = JSONB(null=True, default=None)
    store_away_since = Timestamptz(null=True, default=None)
    seen_at = Timestamptz(default=TimestamptzNow())
