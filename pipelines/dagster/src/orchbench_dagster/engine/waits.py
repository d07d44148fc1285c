"""Whether a run of orchbench waits for a person's word, or for a time to pass.

To Dagster nothing waits: it is a run that is over, and with which none has gone on.
"""

from dagster import DagsterInstance

from ..continuation import waiting_run


def told(instance: DagsterInstance, name: str) -> bool:
    """Whether it does."""
    return waiting_run(instance, name) is not None
