"""A Dagster instance on SQLite in a folder of its own, and the trail that steps leave there."""

import os
import shutil
import tempfile
import time
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from dagster import DagsterInstance


# Runs that a daemon launches are executed at once, in this process.
SETTINGS = """\
telemetry: {enabled: false}
run_coordinator: {module: dagster._core.run_coordinator, class: DefaultRunCoordinator}
run_launcher:
  module: dagster._core.launcher.sync_in_memory_run_launcher
  class: SyncInMemoryRunLauncher
"""


@cache
def _empty() -> tempfile.TemporaryDirectory:
    """The folder of an instance in which nothing has happened. To make its databases takes seconds
    on a slow disk, to copy them nothing."""
    folder = tempfile.TemporaryDirectory(prefix="dagster-empty-")
    Path(folder.name, "dagster.yaml").write_text(SETTINGS)
    os.environ["DAGSTER_HOME"] = folder.name
    with DagsterInstance.get() as instance:
        instance.get_runs()
        instance.get_backfills()
        instance.all_instigator_state()
    return folder


@contextmanager
def home():
    """An empty instance; child processes find it by DAGSTER_HOME."""
    with tempfile.TemporaryDirectory(prefix="dagster-") as folder:
        shutil.copytree(_empty().name, folder, dirs_exist_ok=True)
        os.environ["DAGSTER_HOME"] = folder
        with DagsterInstance.get() as instance:
            yield instance


def path(name: str) -> Path:
    """A file in the folder of the instance."""
    return Path(os.environ["DAGSTER_HOME"], name)


def leave(step: str) -> int:
    """Notes that a step began, and tells how often it has begun before. One write(2), so that
    it outlives SIGKILL; the clock is CLOCK_MONOTONIC, the same in every process."""
    before = [name for name, _ in trail()].count(step)
    with path("trail").open("ab", buffering=0) as file:
        file.write(f"{step} {time.monotonic()}\n".encode())
    return before


def trail() -> list[tuple[str, float]]:
    """What began and when, in order."""
    if not path("trail").exists():
        return []
    pairs = [line.split() for line in path("trail").read_text().splitlines()]
    return [(name, float(at)) for name, at in pairs]


def steps() -> list[str]:
    """What began, in order."""
    return [name for name, _ in trail()]


def forget() -> None:
    """Begins the trail anew."""
    path("trail").unlink(missing_ok=True)


def await_file(name: str, seconds: float = 50) -> None:
    """Waits until a file is there."""
    deadline = time.monotonic() + seconds
    while not path(name).exists():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{name} was not written within {seconds} s")
        time.sleep(0.02)
