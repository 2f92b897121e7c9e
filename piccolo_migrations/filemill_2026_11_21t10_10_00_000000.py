"""What Piccolo cannot say of the first tables: partial indexes, room for updates, and the law of moves."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from filemill import connections

ID = "2026-11-21T10:10:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "indexes and the law of moves"

STATEMENTS = (
    # The queue is read by two probes, each of which must be one index scan; room on the page keeps updates in place.
    "ALTER TABLE job SET (fillfactor = 70)",
    "CREATE INDEX job_waiting ON job (lane, queued_at) WHERE status = 'QUEUED'",
    "CREATE INDEX job_waiting_owner ON job (lane, owner, queued_at) WHERE status = 'QUEUED'",
    "CREATE INDEX job_held ON job (lane, owner) WHERE status IN ('RUNNING', 'CANCELLATION_REQUESTED')",
    "CREATE INDEX job_lease ON job (lease_until) WHERE status IN ('RUNNING', 'CANCELLATION_REQUESTED')",
    "CREATE INDEX job_newest ON job (owner, created_at DESC, id DESC)",
    "CREATE INDEX job_open ON job (owner) WHERE status IN ('PENDING', 'QUEUED', 'RUNNING', 'CANCELLATION_REQUESTED')",
    "CREATE INDEX job_expires ON job (expires_at) WHERE expires_at IS NOT NULL",
    "CREATE INDEX job_crashed ON job (ended_at) WHERE error_code = 'crashed'",
    "CREATE INDEX object_arriving ON object (job) WHERE state = 'arriving'",
    "CREATE INDEX object_leaving ON object (writable_until) WHERE state = 'leaving'",
    "CREATE INDEX object_expires ON object (expires_at) WHERE state = 'stored' AND expires_at IS NOT NULL",
    "CREATE INDEX sign_in_known ON sign_in (account, address)",
    # A status changes only by a legal move, whoever writes it.
    """
    CREATE FUNCTION job_move_is_legal() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF (OLD.status, NEW.status) NOT IN (
        ('PENDING', 'QUEUED'), ('PENDING', 'CANCELLED'),
        ('QUEUED', 'RUNNING'), ('QUEUED', 'CANCELLED'), ('QUEUED', 'FAILED'),
        ('RUNNING', 'COMPLETED'), ('RUNNING', 'FAILED'), ('RUNNING', 'CANCELLATION_REQUESTED'), ('RUNNING', 'QUEUED'),
        ('CANCELLATION_REQUESTED', 'CANCELLED'),
        ('FAILED', 'QUEUED'), ('CANCELLED', 'QUEUED')
      ) THEN
        RAISE EXCEPTION 'a job cannot move from % to %', OLD.status, NEW.status USING ERRCODE = 'check_violation';
      END IF;
      RETURN NEW;
    END $$
    """,
    """
    CREATE TRIGGER job_moves BEFORE UPDATE OF status ON job FOR EACH ROW
    WHEN (OLD.status IS DISTINCT FROM NEW.status) EXECUTE FUNCTION job_move_is_legal()
    """,
)


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="filemill", description=DESCRIPTION)

    async def run() -> None:
        for statement in STATEMENTS:
            await connections.execute(statement)

    manager.add_raw(run)
    return manager
