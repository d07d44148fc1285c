"""What of a run that refreshes Dagster called missing or stale before it was made: prints the idempotency
keys as JSON.

usage: python -m orchbench_dagster.engine.refreshed --home DIR --run RUN
"""

import json

from dagster import RunsFilter
from dagster._core.storage.tags import PARTITION_NAME_TAG

from ..assets import STEPS
from ..steps import RUN_TAG
from .instance import of_run, open_instance
from .refreshing import CALLED_STALE_TAG


def main() -> None:
    home, name = of_run(__doc__.splitlines()[0])
    called = []
    with open_instance(home) as instance:
        for run in instance.get_runs(RunsFilter(tags={RUN_TAG: name}), ascending=True):
            day = run.tags.get(PARTITION_NAME_TAG, "-")
            for asset in json.loads(run.tags.get(CALLED_STALE_TAG, "[]")):
                called.append(f"{name}/{STEPS[asset]}/{day}")
    print(json.dumps(called))


if __name__ == "__main__":
    main()
