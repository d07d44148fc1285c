"""When the steps of a run of orchbench ended, from Dagster's event log (CLOCK_MONOTONIC, nanoseconds)."""

from typing import Any

from dagster import DagsterEventType, DagsterInstance

from .account import monotonic_ns
from .history import entries_of, runs_of


def told(instance: DagsterInstance, name: str) -> dict[str, Any]:
    """The ends of its steps, how many runs of Dagster it took, and the events of the longest of them."""
    logs = [entries_of(instance, run) for run in runs_of(instance, name)]
    success = DagsterEventType.STEP_SUCCESS
    ended_ns = [
        monotonic_ns(entry.timestamp)
        for log in logs
        for entry in log
        if entry.is_dagster_event and entry.get_dagster_event().event_type == success
    ]
    longest = max((len(log) for log in logs), default=0)
    return {"ended_ns": ended_ns, "executions": len(logs), "longest_record": longest}
