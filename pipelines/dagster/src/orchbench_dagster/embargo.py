"""The pipeline with a wait between publication and announcement: what is published is announced when a time
has passed, and not before.

A run of Dagster has no timer: an op that sleeps holds a process, and is lost with it. What its users build
is this: the run ends with what is published; a sensor looks again and again for runs that ended so and are
old enough, and launches the announcement.

What this lacks: nothing lists what waits or until when; how late the second run begins is a matter of how
often the sensor looks, and of a run's launch; and it is another run, with a history of its own.
"""

import time
from collections.abc import Iterator

from dagster import (
    AssetKey,
    BackfillPolicy,
    DagsterEventType,
    DagsterInstance,
    DagsterRun,
    Definitions,
    DefaultSensorStatus,
    ExecutorDefinition,
    RetryPolicy,
    RunRequest,
    SensorDefinition,
    SensorEvaluationContext,
    sensor,
)

from .assets import ONE_RUN, etl_assets, group, keys
from .continuation import LOOK_S, Job, going_on, split_jobs, waiting_runs
from .sources import Source

# How long what a run publishes waits, milliseconds.
EMBARGO_TAG = "orchbench/embargo-ms"


def embargo_name(source: Source) -> str:
    """The name of the job up to what is published."""
    return f"embargo_{group(source)}"


def embargo_definitions(
    source: Source,
    retry: RetryPolicy,
    executor: ExecutorDefinition | None = None,
    backfill: BackfillPolicy = ONE_RUN,
) -> Definitions:
    """The assets of a source, a job on all that comes before the wait, one on what comes after, and the
    sensor between them; the resource `steps` is the caller's."""
    assets, checks = etl_assets(source, retry, backfill)
    jobs = split_jobs(source, embargo_name(source), "due", "an embargo", executor)
    return Definitions(
        assets=assets,
        asset_checks=checks,
        jobs=jobs,
        sensors=[due_sensor(f"due_{group(source)}", embargo_name(source), jobs[1], *keys(source, ["marts"]))],
    )


def due_sensor(name: str, before: str, after: Job, made: AssetKey) -> SensorDefinition:
    """Launches what comes after each run of the job `before` whose time has come, by when it has made the
    asset; its key is the run's, so that a second look launches nothing."""

    @sensor(
        job=after,
        name=name,
        minimum_interval_seconds=LOOK_S,
        default_status=DefaultSensorStatus.RUNNING,
    )
    def due(context: SensorEvaluationContext) -> Iterator[RunRequest]:
        for run, waiting in waiting_runs(context.instance, before):
            if time.time() >= due_s(context.instance, waiting, made):
                yield going_on(run, waiting)

    return due


def due_s(instance: DagsterInstance, run: DagsterRun, asset: AssetKey) -> float:
    """When a run that has made the asset may go on, in seconds since 1970."""
    made = instance.all_logs(run.run_id, of_type=DagsterEventType.ASSET_MATERIALIZATION)
    (made_s,) = (each.timestamp for each in made if each.get_dagster_event().asset_key == asset)
    return made_s + int(run.tags[EMBARGO_TAG]) / 1000
