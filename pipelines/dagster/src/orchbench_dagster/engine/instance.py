"""The Dagster instance of a trial: a home on SQLite.

usage: python -m orchbench_dagster.engine.instance --home DIR --settings NAME
makes one, before the processes of a deployment open it.
"""

import argparse
import fcntl
import os
import shutil
from pathlib import Path

from dagster import DagsterInstance

# What `dagster.yaml` can be, by name: a file each. What is not in it is Dagster's default.
SETTINGS = Path(__file__).parent / "settings"


def open_instance(home: Path, settings: str = "default") -> DagsterInstance:
    """Opens the instance of a home, made with these settings if it is not there. Children find it by
    DAGSTER_HOME.

    One process makes it: two that create its databases at once leave two alembic heads.
    """
    home.mkdir(parents=True, exist_ok=True)
    os.environ["DAGSTER_HOME"] = str(home)
    with Path(home, ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        written = Path(home, "dagster.yaml")
        if not written.exists():
            shutil.copy(SETTINGS / f"{settings}.yaml", written)
        instance = DagsterInstance.get()
        # Databases are made when they are first asked for.
        instance.get_runs(limit=1)
        instance.event_log_storage.get_maximum_record_id()
        instance.all_instigator_state()
    return instance


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--home", type=Path, required=True)
    names = [each.stem for each in SETTINGS.iterdir()]
    parser.add_argument("--settings", choices=names, required=True)
    arguments = parser.parse_args()
    with open_instance(arguments.home, arguments.settings):
        pass


if __name__ == "__main__":
    main()
