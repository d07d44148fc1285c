"""What of a run that refreshes Dagster called missing or stale before it was made."""

import json

from dagster import DagsterInstance
from dagster._core.storage.tags import PARTITION_NAME_TAG

from ..assets import STEPS
from .history import runs_of
from .refreshing import CALLED_STALE_TAG


def told(instance: DagsterInstance, name: str) -> list[str]:
    """The idempotency keys."""
    called = []
    for run in runs_of(instance, name):
        day = run.tags.get(PARTITION_NAME_TAG, "-")
        for asset in json.loads(run.tags.get(CALLED_STALE_TAG, "[]")):
            called.append(f"{name}/{STEPS[asset]}/{day}")
    return called
