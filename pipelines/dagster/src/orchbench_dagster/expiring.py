"""The pipeline with a person between publication and announcement, who has to say so within a time.

Of waiting goes what `approval.py` says. Here one sensor looks for runs that wait: on a word it launches the
announcement; when the time has passed without one, it launches a call for somebody, and a word that comes later
finds no run that waits. It is one sensor for both, as two could each launch their own. How exact the time is, is a
matter of how often the sensor looks: a word that is there at its next look counts.
"""

import time
from collections.abc import Iterator

from dagster import (
    AssetSelection,
    BackfillPolicy,
    DagsterRun,
    Definitions,
    DefaultSensorStatus,
    ExecutorDefinition,
    RetryPolicy,
    RunRequest,
    SensorDefinition,
    SensorEvaluationContext,
    define_asset_job,
    sensor,
)

from .approval import escalation, is_approved
from .assets import ONE_RUN, etl_assets, group, keys
from .continuation import LOOK_S, Job, going_on, split_jobs, waiting_runs
from .embargo import due_s
from .sources import Source

# How the name of a job begins that tells somebody that no word has come.
EXPIRED = "expired_"


def expiring_name(source: Source) -> str:
    """The name of the job up to what is to be approved."""
    return f"expiring_{group(source)}"


def has_expired(run: DagsterRun) -> bool:
    """Whether a run is one in which somebody is told that no word has come."""
    return run.job_name.startswith(EXPIRED)


def expiring_definitions(
    source: Source,
    retry: RetryPolicy,
    executor: ExecutorDefinition | None = None,
    backfill: BackfillPolicy = ONE_RUN,
) -> Definitions:
    """The assets of a source, a job on all that is to be approved, one on what comes after a word, one on what
    comes without, and the sensor between them; the resource `steps` is the caller's."""
    assets, checks = etl_assets(source, retry, backfill)
    told = escalation(source, retry, "no word came in time on")
    before, after = split_jobs(source, expiring_name(source), "in_time", "a person's word", executor)
    expired = define_asset_job(
        f"{EXPIRED}{group(source)}", AssetSelection.assets(told), executor_def=executor
    )
    return Definitions(
        assets=[*assets, told],
        asset_checks=checks,
        jobs=[before, after, expired],
        sensors=[_word_or_time(source, after, expired)],
    )


def _word_or_time(source: Source, after: Job, expired: Job) -> SensorDefinition:
    (marts,) = keys(source, ["marts"])

    @sensor(
        jobs=[after, expired],
        name=f"word_or_time_{group(source)}",
        minimum_interval_seconds=LOOK_S,
        default_status=DefaultSensorStatus.RUNNING,
    )
    def word_or_time(context: SensorEvaluationContext) -> Iterator[RunRequest]:
        for run, waiting in waiting_runs(context.instance, expiring_name(source)):
            if is_approved(context.instance, source, run):
                job = after
            elif time.time() >= due_s(context.instance, waiting, marts):
                job = expired
            else:
                continue
            yield going_on(run, waiting).with_replaced_attrs(job_name=job.name)

    return word_or_time
