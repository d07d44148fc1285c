"""The Dagster instance of a trial: a home, its databases SQLite in there or one on PostgreSQL.

usage: python -m orchbench_dagster.engine.instance --home DIR --settings NAME [--postgres URL]
makes one, before the processes of a deployment open it.
"""

import argparse
import fcntl
import os
from pathlib import Path
from urllib.parse import urlsplit

import psycopg2
from dagster import DagsterInstance

# What `dagster.yaml` can be, by name: a file each. What is not in it is Dagster's default.
SETTINGS = Path(__file__).parent / "settings"


# The instance's own on a PostgreSQL server.
DATABASE = "dagster"


def open_instance(
    home: Path, settings: str = "default", postgres: str | None = None
) -> DagsterInstance:
    """Opens the instance of a home, made with these settings if it is not there, on a database of its
    own on a PostgreSQL server if one is named. Children find it by DAGSTER_HOME.

    One process makes it: two that create its databases at once leave two alembic heads.
    """
    home.mkdir(parents=True, exist_ok=True)
    os.environ["DAGSTER_HOME"] = str(home)
    with Path(home, ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        written = Path(home, "dagster.yaml")
        if not written.exists():
            text = (SETTINGS / f"{settings}.yaml").read_text()
            written.write_text(text + (_storage(postgres) if postgres else ""))
        instance = DagsterInstance.get()
        # Databases are made when they are first asked for.
        instance.get_runs(limit=1)
        instance.event_log_storage.get_maximum_record_id()
        instance.all_instigator_state()
    return instance


def _storage(server: str) -> str:
    """Makes a database on a server, and gives the lines that name it."""
    connection = psycopg2.connect(server, dbname="postgres")
    # Not in a transaction, in which no database can be made.
    connection.autocommit = True
    with connection.cursor() as cursor:
        try:
            cursor.execute(f"CREATE DATABASE {DATABASE}")
        except psycopg2.errors.DuplicateDatabase:
            # By a process that died before it had written the lines.
            pass
    connection.close()
    # SQLAlchemy would take another driver than the store has.
    url = urlsplit(server)._replace(scheme="postgresql+psycopg2", path=f"/{DATABASE}").geturl()
    return f"storage: {{postgres: {{postgres_url: '{url}'}}}}\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--home", type=Path, required=True)
    names = [each.stem for each in SETTINGS.iterdir()]
    parser.add_argument("--settings", choices=names, required=True)
    parser.add_argument("--postgres", help="URL of a server")
    arguments = parser.parse_args()
    with open_instance(arguments.home, arguments.settings, arguments.postgres):
        pass


if __name__ == "__main__":
    main()
