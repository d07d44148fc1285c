"""Dagster's account of a run, from its event log: prints one JSON object, or null for a run that it
does not know.

usage: python -m orchbench_dagster.engine.account --home DIR --run RUN

`steps` has each step of the ETL by its idempotency key: how many attempts began, whether the last
one completed, and which failed and when that was noted (CLOCK_MONOTONIC). The rest counts what Dagster
keeps of the run.
"""

import argparse
import json
import time
from pathlib import Path
from typing import Any

from dagster import DagsterEventType, DagsterInstance, DagsterRun, DagsterRunStatus
from dagster._core.storage.tags import PARTITION_NAME_TAG

from ..assets import DAILY, STEPS, step_key
from .history import entries_of, materializations, runs_of
from .instance import open_instance
from .runs import LAST, PART_TAG, SOURCE_TAG

BEGUN = (DagsterEventType.STEP_START, DagsterEventType.STEP_RESTARTED)
FAILED = (DagsterEventType.STEP_UP_FOR_RETRY, DagsterEventType.STEP_FAILURE)


def account(instance: DagsterInstance, name: str) -> dict[str, Any] | None:
    """What Dagster knows of a run of orchbench."""
    runs = runs_of(instance, name)
    if not runs:
        return None
    succeeded = all(run.status == DagsterRunStatus.SUCCESS for run in runs)
    return {
        "succeeded": succeeded and any(run.tags[PART_TAG] == LAST for run in runs),
        "steps": [step for run in runs for step in _steps(instance, run, name)],
        "dagster_events": sum(len(entries_of(instance, run)) for run in runs),
        "materializations": sum(1 for _ in materializations(instance, runs)),
    }


def _steps(instance: DagsterInstance, run: DagsterRun, name: str) -> list[dict[str, Any]]:
    """The steps of a run of Dagster, in the order in which they began."""
    if SOURCE_TAG not in run.tags:
        return []
    source, day = run.tags[SOURCE_TAG], run.tags.get(PARTITION_NAME_TAG)
    named = {
        step_key(source, asset): f"{name}/{step}/{day if asset in (*DAILY, 'checked') else '-'}"
        for asset, step in STEPS.items()
    }
    steps: dict[str, dict[str, Any]] = {}
    for entry in entries_of(instance, run, {*BEGUN, *FAILED, DagsterEventType.STEP_SUCCESS}):
        step = steps.setdefault(
            entry.step_key,
            {"key": named[entry.step_key], "attempts": 0, "completed": False, "failed": []},
        )
        event = entry.get_dagster_event().event_type
        if event in BEGUN:
            step["attempts"] += 1
        elif event in FAILED:
            noted = {"attempt": step["attempts"], "noted_ns": _monotonic_ns(entry.timestamp)}
            step["failed"].append(noted)
        else:
            step["completed"] = True
    return list(steps.values())


def _monotonic_ns(timestamp: float) -> int:
    """A time since 1970 by the clock of the journals; both clocks are of this host."""
    ago_ns = time.time_ns() - int(timestamp * 1e9)
    return max(0, time.monotonic_ns() - ago_ns)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--run", required=True)
    arguments = parser.parse_args()
    with open_instance(arguments.home) as instance:
        print(json.dumps(account(instance, arguments.run)))


if __name__ == "__main__":
    main()
