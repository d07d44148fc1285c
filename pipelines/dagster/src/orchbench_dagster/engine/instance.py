"""The Dagster instance of a trial: a home on SQLite."""

import fcntl
import os
from pathlib import Path

from dagster import DagsterInstance

SETTINGS = "telemetry: {enabled: false}\n"


def open_instance(home: Path) -> DagsterInstance:
    """Opens the instance of a home, made if it is not there. Children find it by DAGSTER_HOME.

    One process makes it: two that create its databases at once leave two alembic heads.
    """
    home.mkdir(parents=True, exist_ok=True)
    os.environ["DAGSTER_HOME"] = str(home)
    with Path(home, ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        settings = Path(home, "dagster.yaml")
        if not settings.exists():
            settings.write_text(SETTINGS)
        instance = DagsterInstance.get()
        # Databases are made when they are first asked for.
        instance.get_runs(limit=1)
        instance.event_log_storage.get_maximum_record_id()
    return instance
