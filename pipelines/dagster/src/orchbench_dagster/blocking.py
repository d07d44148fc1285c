"""The pipeline with a person between publication and announcement, for whom a step waits.

A check of what is published blocks the announcement, and does not end before there is a word. So the run that
waits is the run that goes on: it is listed, and has one history.

What this lacks: the step is a process for as long as it waits, and takes a place among those that the executor
runs at a time. That it waits stands nowhere but in that process, so that the run is lost with it.
"""

import time

from dagster import (
    AssetCheckExecutionContext,
    AssetCheckResult,
    AssetChecksDefinition,
    AssetSelection,
    BackfillPolicy,
    Definitions,
    ExecutorDefinition,
    RetryPolicy,
    asset_check,
    define_asset_job,
)

from .approval import is_approved
from .assets import ONE_RUN, days_of, etl_assets, group, keys, step_key
from .continuation import LOOK_S
from .sources import Source
from .steps import RUN_TAG

def blocking_name(source: Source) -> str:
    """The name of the job with a step that waits."""
    return f"blocking_{group(source)}"


def waiting_step(source: str) -> str:
    """What Dagster calls the step that waits, in its events."""
    return f"{step_key(source, 'marts')}_approved"


def blocking_definitions(
    source: Source,
    retry: RetryPolicy,
    executor: ExecutorDefinition | None = None,
    backfill: BackfillPolicy = ONE_RUN,
) -> Definitions:
    """The assets of a source, a check that waits among theirs, and a job on all of them; the resource `steps`
    is the caller's."""
    assets, checks = etl_assets(source, retry, backfill)
    job = define_asset_job(
        blocking_name(source),
        AssetSelection.groups(group(source)),
        description=f"With a step that waits for a person's word: {source.title}",
        partitions_def=days_of(source),
        executor_def=executor,
    )
    return Definitions(assets=assets, asset_checks=[*checks, _approved(source)], jobs=[job])


def _approved(source: Source) -> AssetChecksDefinition:
    (marts,) = keys(source, ["marts"])

    @asset_check(asset=marts, blocking=True)
    def approved(context: AssetCheckExecutionContext) -> AssetCheckResult:
        """Somebody has approved what is published; until then it does not end."""
        run = context.run.tags[RUN_TAG]
        while not is_approved(context.instance, source, run):
            time.sleep(LOOK_S)
        return AssetCheckResult(passed=True)

    return approved
