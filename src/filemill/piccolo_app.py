"""The Piccolo app: which tables there are and where their migrations stand."""

from pathlib import Path

from piccolo.conf.apps import AppConfig

import piccolo_migrations
from filemill.accounts.tables import Account, SecondFactor, SignIn, SignInAttempt
from filemill.apis.conversion.tables import ConversionFile
from filemill.connections import DB
from filemill.jobs.rows.tables import CrashedJob, Job, JobEvent, JobFile, Worker
from filemill.storage.tables import Object

__all__ = ["APP_CONFIG", "DB"]  # Piccolo looks for its engine here too

APP_CONFIG = AppConfig(
    app_name="filemill",
    migrations_folder_path=str(Path(piccolo_migrations.__file__).parent),
    table_classes=[
        *(Account, SecondFactor, SignIn, SignInAttempt, Object),
        *(Job, JobFile, JobEvent, Worker, CrashedJob),
        ConversionFile,
    ],
    migration_dependencies=[],
    commands=[],
)
