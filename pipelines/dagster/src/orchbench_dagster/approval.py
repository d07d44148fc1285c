"""The pipeline with a person between publication and announcement.

A run of Dagster cannot wait for somebody: an op that does holds a process, and is lost with it. What its
users build is this: the run ends with what is to be approved; a person's word is an event of an asset that
nothing computes; a sensor looks for such events, and launches what comes after.

What this lacks: no run waits, so nothing lists for whom; there is no reminder and no deadline; the sensor
polls, and what it launches is another run, with a history of its own.
"""

from collections.abc import Iterator

from dagster import (
    AssetExecutionContext,
    AssetIn,
    AssetKey,
    AssetSelection,
    AssetsDefinition,
    BackfillPolicy,
    DagsterInstance,
    Definitions,
    DefaultSensorStatus,
    EventLogEntry,
    ExecutorDefinition,
    MaterializeResult,
    RetryPolicy,
    RunRequest,
    SensorDefinition,
    SensorEvaluationContext,
    SkipReason,
    asset,
    asset_sensor,
)

from .assets import ONE_RUN, etl_assets, group
from .continuation import LOOK_S, Job, going_on, split_jobs, waiting_run
from .references import Reference, References
from .sources import Source
from .steps import Steps


# How many words are looked through, from the newest on.
NEWEST = 1000


def approval_name(source: Source) -> str:
    """The name of the job up to what is to be approved."""
    return f"approval_{group(source)}"


# user code: who-approved, approval
def word_key(source: str) -> AssetKey:
    """The asset that stands in for what people say of a source."""
    return AssetKey([source, "approval"])


# end of user code


def is_approved(instance: DagsterInstance, source: Source, run: str) -> bool:
    """Whether there is a word on a run among the newest of its source's."""
    words = instance.fetch_materializations(word_key(source.name), limit=NEWEST).records
    said = (record.asset_materialization.metadata["run"].value for record in words)
    return run in said


# user code: approval
def approval_definitions(
    source: Source,
    retry: RetryPolicy,
    executor: ExecutorDefinition | None = None,
    backfill: BackfillPolicy = ONE_RUN,
    tells: bool = False,
) -> Definitions:
    """The assets of a source, a job on all that is to be approved, one on what comes after, and the sensor
    between them; with `tells`, an asset more, by which somebody is told. The resource `steps` is the
    caller's."""
    assets, checks = etl_assets(source, retry, backfill)
    # user code: deploy
    more = [escalation(source, retry)] if tells else []
    assets += more
    # user code: approval
    before = AssetSelection.assets(*more)
    jobs = split_jobs(source, approval_name(source), "approved", "a person's word", executor, before)
    return Definitions(
        assets=assets,
        asset_checks=checks,
        jobs=jobs,
        sensors=[_word(source, jobs[1])],
    )


# user code: deploy
def escalation(
    source: Source, retry: RetryPolicy, why: str = "to be approved:"
) -> AssetsDefinition:
    """Tells somebody that there is something to approve, or another reason; beside the way to the announcement."""

    @asset(
        key_prefix=source.name,
        group_name=group(source),
        retry_policy=retry,
        io_manager_def=References(),
        ins={"marts": AssetIn(AssetKey([source.name, "marts"]))},
    )
    def escalation(
        context: AssetExecutionContext, steps: Steps, marts: Reference
    ) -> MaterializeResult:
        reason = f"{why} version {marts['version']}"
        return steps.materialize(context, source.name, "escalate", reason=reason)

    return escalation


# user code: approval
def _word(source: Source, after: Job) -> SensorDefinition:
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
        yield going_on(run, waiting)

    return word


# end of user code
