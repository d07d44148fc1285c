"""The pipeline with a person between publication and announcement.

A run of Dagster cannot wait for somebody: an op that does holds a process, and is lost with it. What its
users build is this: the run ends with what is to be approved; a person's word is an event of an asset that
nothing computes; a sensor looks for such events, and launches what comes after.

What this lacks: no run waits, so nothing lists for whom; there is no reminder and no deadline; the sensor
polls, and what it launches is another run, with a history of its own.
"""

from collections.abc import Iterator

from dagster import (
    AssetKey,
    AssetSelection,
    BackfillPolicy,
    DagsterInstance,
    DagsterRun,
    DagsterRunStatus,
    Definitions,
    DefaultSensorStatus,
    EventLogEntry,
    ExecutorDefinition,
    RetryPolicy,
    RunRequest,
    RunsFilter,
    SensorDefinition,
    SensorEvaluationContext,
    SkipReason,
    asset_sensor,
    define_asset_job,
)
from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition

from .assets import DAILY, DIMENSIONS, ONE_RUN, days_of, etl_assets, group, keys
from .sources import Source
from .steps import RUN_TAG

# What there is to approve, and what comes after.
APPROVED = (*DIMENSIONS, *DAILY, "marts")
AFTER = ("announcement",)

# The run of Dagster that another goes on with.
CONTINUES_TAG = "orchbench/continues"

# How often the sensor looks; by default every 30 s.
LOOK_S = 1


def approval_name(source: Source) -> str:
    """The name of the job up to what is to be approved."""
    return f"approval_{group(source)}"


# user code: who-approved, approval
def word_key(source: str) -> AssetKey:
    """The asset that stands in for what people say of a source."""
    return AssetKey([source, "approval"])


# end of user code


# user code: approval
def approval_definitions(
    source: Source,
    retry: RetryPolicy,
    executor: ExecutorDefinition | None = None,
    backfill: BackfillPolicy = ONE_RUN,
) -> Definitions:
    """The assets of a source, a job on all that is to be approved, one on what comes after, and the sensor
    between them; the resource `steps` is the caller's."""
    assets, checks = etl_assets(source, retry, backfill)
    before = define_asset_job(
        approval_name(source),
        AssetSelection.assets(*keys(source, APPROVED)),
        description=f"Up to a person's word: {source.title}",
        partitions_def=days_of(source),
        executor_def=executor,
    )
    after = define_asset_job(
        f"approved_{group(source)}",
        AssetSelection.assets(*keys(source, AFTER)),
        description=f"After a person's word: {source.title}",
        executor_def=executor,
    )
    return Definitions(
        assets=assets,
        asset_checks=checks,
        jobs=[before, after],
        sensors=[_word(source, after)],
    )


def _word(source: Source, after: UnresolvedAssetJobDefinition) -> SensorDefinition:
    """Launches what comes after a run once it is approved; its key is the run's, so that a second word
    launches nothing."""

    @asset_sensor(
        asset_key=word_key(source.name),
        job=after,
        name=f"word_{group(source)}",
        minimum_interval_seconds=LOOK_S,
        default_status=DefaultSensorStatus.RUNNING,
    )
    def word(
        context: SensorEvaluationContext, event: EventLogEntry
    ) -> Iterator[RunRequest | SkipReason]:
        run = event.asset_materialization.metadata["run"].value
        waiting = waiting_run(context.instance, run)
        if waiting is None:
            yield SkipReason(f"run {run}: nothing of it waits")
            return
        # What it is part of, and where its steps read and write.
        own = {key: value for key, value in waiting.tags.items() if key.startswith("orchbench/")}
        tags = own | {CONTINUES_TAG: waiting.run_id}
        yield RunRequest(run_key=run, run_config=waiting.run_config, tags=tags)

    return word


def waiting_run(instance: DagsterInstance, run: str) -> DagsterRun | None:
    """The run of Dagster that is over and with which none has gone on; None where there is none."""
    made = instance.get_runs(RunsFilter(tags={RUN_TAG: run}))
    continued = {each.tags.get(CONTINUES_TAG) for each in made}
    for each in made:
        is_first = CONTINUES_TAG not in each.tags and each.run_id not in continued
        if is_first and each.status == DagsterRunStatus.SUCCESS:
            return each
    return None
# end of user code
