"""One iteration each of what Dagster's daemon does, in this process, on a code location that is
loaded here too: no server, no waiting."""

import logging
import sys
from contextlib import contextmanager
from datetime import datetime

from dagster._core.remote_origin import InProcessCodeLocationOrigin
from dagster._core.test_utils import freeze_time
from dagster._core.types.loadable_target_origin import LoadableTargetOrigin
from dagster._core.workspace.context import WorkspaceProcessContext
from dagster._core.workspace.load_target import InProcessWorkspaceLoadTarget
from dagster._daemon.backfill import execute_backfill_iteration
from dagster._daemon.sensor import execute_sensor_iteration
from dagster._scheduler.scheduler import launch_scheduled_runs

import locations

LOGGER = logging.getLogger("daemon")


@contextmanager
def location(instance, name: str):
    """A workspace of one code location: the definitions of that name in locations.py."""
    target = LoadableTargetOrigin(
        executable_path=sys.executable, python_file=locations.__file__, attribute=name
    )
    origin = InProcessCodeLocationOrigin(target)
    with WorkspaceProcessContext(instance, InProcessWorkspaceLoadTarget(origin)) as context:
        yield context


def tick_sensors(context, at: datetime) -> None:
    """Evaluates every sensor that is due at a time and launches what it requests."""
    with freeze_time(at):
        list(execute_sensor_iteration(context, LOGGER, None, None))


def tick_schedules(context, at: datetime) -> None:
    """Evaluates every schedule for a time and launches what is due."""
    list(launch_scheduled_runs(context, LOGGER, at, iteration_times={}))


def tick_backfills(context) -> None:
    """Brings every open backfill one step forward."""
    list(execute_backfill_iteration(context, LOGGER))
