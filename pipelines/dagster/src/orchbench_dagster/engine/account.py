"""Dagster's account of a run, from its event log: an object, or None for a run that it does not know.

`steps` has each step of the ETL by its idempotency key: how many attempts began, whether the last
one completed, and which failed and when that was noted (CLOCK_MONOTONIC); what undoes a run, or goes on
with it, is in another run of Dagster. The rest counts what Dagster keeps of the run. A run of several
days has one history of a step for all of them.
"""

import time
from collections.abc import Callable
from datetime import date
from typing import Any

from dagster import DagsterEventType, DagsterInstance, DagsterRun, DagsterRunStatus, EventLogEntry
from dagster._core.storage.tags import (
    ASSET_PARTITION_RANGE_END_TAG,
    ASSET_PARTITION_RANGE_START_TAG,
    PARTITION_NAME_TAG,
)

from ..assets import DAILY, STEPS, step_key
from ..blocking import waiting_step
from ..continuation import CONTINUES_TAG
from ..order import ORDER
from ..saga import UNDOES_TAG, op_key
from ..sources import days_between
from ..steps import OUTPUT
from .history import entries_of, is_whole, materializations, runs_of, standing
from .jobs import MODELS
from .runs import SOURCE_TAG

BEGUN = (DagsterEventType.STEP_START, DagsterEventType.STEP_RESTARTED)
FAILED = (DagsterEventType.STEP_UP_FOR_RETRY, DagsterEventType.STEP_FAILURE)


def told(instance: DagsterInstance, name: str) -> dict[str, Any] | None:
    """What Dagster knows of a run of orchbench."""
    runs = runs_of(instance, name)
    if not runs:
        return None
    counting = standing(runs)
    succeeded = all(run.status == DagsterRunStatus.SUCCESS for run in counting)
    steps: dict[str, dict[str, Any]] = {}
    for run in runs:
        if SOURCE_TAG in run.tags or UNDOES_TAG in run.tags or run.job_name == ORDER:
            _read(instance, run, name, steps)
        elif run.job_name == MODELS:
            _read_models(instance, run, name, steps)
        else:
            _read_told(instance, run, name, steps)
    return {
        "succeeded": succeeded and is_whole(instance, counting),
        "steps": list(steps.values()),
        "dagster_runs": len(runs),
        "dagster_events": sum(len(entries_of(instance, run)) for run in runs),
        "materializations": sum(1 for _ in materializations(instance, runs)),
    }


def _read(instance: DagsterInstance, run: DagsterRun, name: str, steps: dict) -> None:
    """Adds what the event log of a run of Dagster says to the steps by their keys. A run that tries
    another again goes on counting its attempts; those that a run left open when it failed were lost,
    and that is when it was noted."""
    keys_of = _keys(run, name)
    left_open = set()
    kinds = {*BEGUN, *FAILED, DagsterEventType.STEP_SUCCESS, DagsterEventType.RUN_FAILURE}
    for entry in entries_of(instance, run, kinds):
        event = entry.get_dagster_event().event_type
        if event == DagsterEventType.RUN_FAILURE:
            for key in left_open:
                steps[key]["failed"].append(_noted(steps[key], entry))
            continue
        for key in keys_of(entry.step_key):
            new = {"key": key, "attempts": 0, "completed": False, "failed": []}
            new["in_another_run"] = UNDOES_TAG in run.tags or CONTINUES_TAG in run.tags
            step = steps.setdefault(key, new)
            if event in BEGUN:
                step["attempts"] += 1
                left_open.add(key)
                continue
            left_open.discard(key)
            if event in FAILED:
                step["failed"].append(_noted(step, entry))
            else:
                step["completed"] = True


def _read_told(instance: DagsterInstance, run: DagsterRun, name: str, steps: dict) -> None:
    """Adds the steps that an op says in the log to have made. To Dagster they are none of its own, so that
    it calls none of them completed; each was made in the op's attempts."""
    attempts = len(entries_of(instance, run, set(BEGUN)))
    for made in materializations(instance, [run]):
        if OUTPUT in made.metadata:
            asset = made.asset_key.path[-1]
            key = f"{name}/{STEPS.get(asset, asset)}/{made.partition or '-'}"
            steps[key] = {"key": key, "attempts": attempts, "completed": False, "failed": []}


def _read_models(instance: DagsterInstance, run: DagsterRun, name: str, steps: dict) -> None:
    """Adds what the event log says of the models of a dbt project: a step makes several assets, so it is
    their own events that count. One that was planned and not made was attempted or waited for it."""
    kinds = {
        DagsterEventType.ASSET_MATERIALIZATION_PLANNED,
        DagsterEventType.ASSET_MATERIALIZATION,
    }
    for entry in entries_of(instance, run, kinds):
        event = entry.get_dagster_event()
        key = f"{name}/build_model/{event.asset_key.path[-1]}"
        new = {"key": key, "attempts": 1, "completed": False, "failed": []}
        step = steps.setdefault(key, new)
        step["completed"] |= event.event_type == DagsterEventType.ASSET_MATERIALIZATION


def _keys(run: DagsterRun, name: str) -> Callable[[str], list[str]]:
    """The idempotency keys of a step, by what Dagster calls it: one, or one a day of the run."""
    if UNDOES_TAG in run.tags or run.job_name == ORDER:
        return lambda op_name: [op_key(name, op_name)]
    source, days = run.tags[SOURCE_TAG], _days(run)
    keys = {
        step_key(source, asset): [
            f"{name}/{step}/{day}" for day in (days if asset in (*DAILY, "checked") else ["-"])
        ]
        for asset, step in STEPS.items()
    }
    # It makes nothing.
    keys[waiting_step(source)] = []
    return keys.__getitem__


def _days(run: DagsterRun) -> list[str]:
    """The partitions that a run is about: one, or a range whose ends are in it."""
    if day := run.tags.get(PARTITION_NAME_TAG):
        return [day]
    ends = (ASSET_PARTITION_RANGE_START_TAG, ASSET_PARTITION_RANGE_END_TAG)
    if ends[0] not in run.tags:
        return []
    return days_between(*(date.fromisoformat(run.tags[end]) for end in ends))


def _noted(step: dict[str, Any], entry: EventLogEntry) -> dict[str, int]:
    return {"attempt": step["attempts"], "noted_ns": monotonic_ns(entry.timestamp)}


def monotonic_ns(timestamp: float) -> int:
    """A time since 1970 by the clock of the journals; both clocks are of this host."""
    ago_ns = time.time_ns() - int(timestamp * 1e9)
    return max(0, time.monotonic_ns() - ago_ns)
