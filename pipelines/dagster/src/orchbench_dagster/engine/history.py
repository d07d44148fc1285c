"""What Dagster's own records say of a run of orchbench."""

from collections.abc import Iterator
from typing import Any

from dagster import (
    AssetMaterialization,
    DagsterEventType,
    DagsterInstance,
    DagsterRun,
    DagsterRunStatus,
    EventLogEntry,
    RunsFilter,
)
from dagster._core.errors import DagsterAssetCheckFailedError
from dagster._core.execution.backfill import BULK_ACTION_TERMINAL_STATUSES
from dagster._core.storage.tags import BACKFILL_ID_TAG, WILL_RETRY_TAG

from ..continuation import CONTINUES_TAG
from ..expiring import has_expired
from ..sources import source_named
from ..steps import ERROR_TYPE, OUTPUT, RUN_TAG
from .runs import LAST, PART_TAG, SOURCE_TAG
from .summary import summary_of


def runs_of(instance: DagsterInstance, run: str) -> list[DagsterRun]:
    """The runs of Dagster that are one of orchbench's, oldest first."""
    return instance.get_runs(RunsFilter(tags={RUN_TAG: run}), ascending=True)


def standing(runs: list[DagsterRun]) -> list[DagsterRun]:
    """Those of them that count: one that failed is replaced by the run that tries it again."""
    replaced = {run.parent_run_id for run in runs}
    return [run for run in runs if run.run_id not in replaced]


def is_over(instance: DagsterInstance, run: DagsterRun) -> bool:
    """Whether a run of Dagster has ended, and is not going to be tried again by another."""
    if run.status != DagsterRunStatus.FAILURE or not instance.run_retries_enabled:
        return run.is_finished
    # Set a moment after the status, and taken back where the daemon gives up.
    return run.tags.get(WILL_RETRY_TAG) == "false"


def is_whole(instance: DagsterInstance, runs: list[DagsterRun]) -> bool:
    """Whether no other run is to come: the last part is there, or what comes after a person's word, or the
    backfill has ended."""
    if any(run.tags.get(PART_TAG) == LAST or CONTINUES_TAG in run.tags for run in runs):
        return True
    backfill_id = runs and runs[0].tags.get(BACKFILL_ID_TAG)
    backfill = backfill_id and instance.get_backfill(backfill_id)
    return bool(backfill) and backfill.status in BULK_ACTION_TERMINAL_STATUSES


def entries_of(
    instance: DagsterInstance, run: DagsterRun, event_type: DagsterEventType | None = None
) -> list[EventLogEntry]:
    """The event log of a run of Dagster, oldest first."""
    return list(instance.all_logs(run.run_id, of_type=event_type))


def ended(instance: DagsterInstance, run: str, sources: str | None) -> dict[str, Any] | None:
    """How a run ended, in the words of the line protocol; None while it has not. Its source is
    one of the catalogue file `sources`."""
    made = runs_of(instance, run)
    runs = standing(made)
    if not all(is_over(instance, each) for each in runs):
        return None
    failed = [each for each in runs if each.status != DagsterRunStatus.SUCCESS]
    if failed:
        return {"ended": "failed", **_failure(instance, failed[0])}
    if not is_whole(instance, runs):
        return None
    if any(has_expired(each) for each in runs):
        # It made no announcement to sum up.
        return {"ended": "succeeded", "summary": None}
    name = runs[0].tags.get(SOURCE_TAG)
    source = name and source_named(name, sources)
    summary = source and summary_of(run, source, _outputs(instance, made))
    return {"ended": "succeeded", "summary": summary}


def _failure(instance: DagsterInstance, run: DagsterRun) -> dict[str, str]:
    """Why a run of Dagster failed: its first step that did."""
    for entry in entries_of(instance, run, DagsterEventType.STEP_FAILURE):
        failure = entry.get_dagster_event().step_failure_data
        by_user = failure.user_failure_data
        if by_user and ERROR_TYPE in by_user.metadata:
            error_type = by_user.metadata[ERROR_TYPE].value
            return {"error_type": error_type, "message": f"{entry.step_key}: {by_user.description}"}
        error = failure.error
        blocked = error.cls_name == DagsterAssetCheckFailedError.__name__
        return {
            "error_type": "CheckFailed" if blocked else error.cls_name or "Unexpected",
            "message": f"{entry.step_key}: {error.message.strip()}",
        }
    failures = entries_of(instance, run, DagsterEventType.RUN_FAILURE)
    message = failures[0].message if failures else f"run {run.run_id}: {run.status.value}"
    return {"error_type": "Unexpected", "message": "; ".join([message, *_troubles(instance, run)])}


def _troubles(instance: DagsterInstance, run: DagsterRun) -> Iterator[str]:
    """What Dagster itself met with in a run, a line each: why one failed none of whose steps did."""
    for entry in entries_of(instance, run, DagsterEventType.ENGINE_EVENT):
        event = entry.get_dagster_event()
        if error := event.engine_event_data.error:
            said = f"{event.message}: {error.cls_name}: {error.message}"
            yield " ".join(said.split())


def materializations(
    instance: DagsterInstance, runs: list[DagsterRun]
) -> Iterator[AssetMaterialization]:
    """What the runs have made."""
    for run in runs:
        for entry in entries_of(instance, run, DagsterEventType.ASSET_MATERIALIZATION):
            yield entry.get_dagster_event().step_materialization_data.materialization


def _outputs(instance: DagsterInstance, runs: list[DagsterRun]) -> dict:
    return {
        (made.asset_key.path[-1], made.partition): made.metadata[OUTPUT].value
        for made in materializations(instance, runs)
    }
