"""Deletes what Dagster keeps of a run of orchbench."""

from dagster import DagsterInstance

from .history import runs_of


def told(instance: DagsterInstance, name: str) -> None:
    """Deletes its runs of Dagster, with all that belongs to them."""
    for run in runs_of(instance, name):
        instance.delete_run(run.run_id)
