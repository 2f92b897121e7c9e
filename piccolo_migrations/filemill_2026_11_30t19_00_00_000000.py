"""A job that no worker holds is at nothing: the phases that FAILED and CANCELLED jobs have kept go."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.constraints import Check

from filemill import connections

ID = "2026-11-30T19:00:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "no phase once a job has ended"


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="filemill", description=DESCRIPTION)

    async def run() -> None:
        await connections.execute(
            "UPDATE job SET phase = NULL"
            " WHERE phase IS NOT NULL AND status NOT IN ('RUNNING', 'CANCELLATION_REQUESTED')"
        )

    manager.add_raw(run)
    manager.add_constraint(
        table_class_name="Job",
        tablename="job",
        constraint_name="job_phase_while_held",
        constraint_class=Check,
        params={"condition": "phase IS NULL OR status IN ('RUNNING', 'CANCELLATION_REQUESTED')"},
        schema=None,
    )
    return manager
