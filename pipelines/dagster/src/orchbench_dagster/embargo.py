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
    AssetSelection,
    BackfillPolicy,
    DagsterEventType,
    DagsterInstance,
    DagsterRun,
    DagsterRunStatus,
    Definitions,
    DefaultSensorStatus,
    ExecutorDefinition,
    RetryPolicy,
    RunRequest,
    RunsFilter,
    SensorDefinition,
    SensorEvaluationContext,
    define_asset_job,
    sensor,
)
from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition

from .approval import AFTER, APPROVED, CONTINUES_TAG, LOOK_S, waiting_run
from .assets import ONE_RUN, days_of, etl_assets, group, keys
from .sources import Source
from .steps import RUN_TAG

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
    before = define_asset_job(
        embargo_name(source),
        AssetSelection.assets(*keys(source, APPROVED)),
        description=f"Up to an embargo: {source.title}",
        partitions_def=days_of(source),
        executor_def=executor,
    )
    after = define_asset_job(
        f"due_{group(source)}",
        AssetSelection.assets(*keys(source, AFTER)),
        description=f"After an embargo: {source.title}",
        executor_def=executor,
    )
    return Definitions(
        assets=assets,
        asset_checks=checks,
        jobs=[before, after],
        sensors=[_due(source, after)],
    )


def _due(source: Source, after: UnresolvedAssetJobDefinition) -> SensorDefinition:
    """Launches what comes after each run whose time has come; its key is the run's, so that a second look
    launches nothing."""
    (marts,) = keys(source, ["marts"])

    @sensor(
        job=after,
        name=f"due_{group(source)}",
        minimum_interval_seconds=LOOK_S,
        default_status=DefaultSensorStatus.RUNNING,
    )
    def due(context: SensorEvaluationContext) -> Iterator[RunRequest]:
        succeeded = RunsFilter(job_name=embargo_name(source), statuses=[DagsterRunStatus.SUCCESS])
        for ended in context.instance.get_runs(succeeded):
            run = ended.tags[RUN_TAG]
            waiting = waiting_run(context.instance, run)
            if waiting is None or time.time() < due_s(context.instance, waiting, marts):
                continue
            # What it is part of, and where its steps read and write.
            own = {
                key: value for key, value in waiting.tags.items() if key.startswith("orchbench/")
            }
            tags = own | {CONTINUES_TAG: waiting.run_id}
            yield RunRequest(run_key=run, run_config=waiting.run_config, tags=tags)

    return due


def due_s(instance: DagsterInstance, run: DagsterRun, marts: AssetKey) -> float:
    """When what a run has published may be announced, in seconds since 1970."""
    made = instance.all_logs(run.run_id, of_type=DagsterEventType.ASSET_MATERIALIZATION)
    (published_s,) = (
        each.timestamp for each in made if each.get_dagster_event().asset_key == marts
    )
    return published_s + int(run.tags[EMBARGO_TAG]) / 1000
