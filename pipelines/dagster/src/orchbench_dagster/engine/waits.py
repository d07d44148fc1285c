"""Whether a run of orchbench waits for a person's word, or for a time to pass.

To Dagster nothing waits: it is a run that is over, and with which none has gone on; or one that is under way,
in a step that does not end.
"""

from dagster import DagsterEventType, DagsterInstance, DagsterRun, DagsterRunStatus

from ..blocking import waiting_step
from ..continuation import waiting_run
from .history import entries_of, runs_of
from .runs import SOURCE_TAG


def told(instance: DagsterInstance, name: str) -> bool:
    """Whether it does."""
    if waiting_run(instance, name) is not None:
        return True
    return any(_waits_in_a_step(instance, run) for run in runs_of(instance, name))


def _waits_in_a_step(instance: DagsterInstance, run: DagsterRun) -> bool:
    if run.status != DagsterRunStatus.STARTED or SOURCE_TAG not in run.tags:
        return False
    step = waiting_step(run.tags[SOURCE_TAG])
    begun = entries_of(instance, run, DagsterEventType.STEP_START)
    return any(entry.step_key == step for entry in begun)
