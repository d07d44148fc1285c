"""Assets whose steps do nothing, on real Dagster with a SQLite instance, executed in one process:
what is left is the engine's own cost. Prints one JSON line: seconds of the run alone (imports and
the making of the instance not counted) and events recorded.

usage: python noop.py chain|fan-out STEPS FOLDER
"""

import json
import logging
import os
import sys
import time
from pathlib import Path

from dagster import AssetKey, DagsterInstance, asset, materialize


def assets(shape: str, steps: int) -> list:
    def noop(number: int):
        before = [AssetKey(f"noop_{number - 1:07}")] if shape == "chain" and number > 0 else []

        @asset(name=f"noop_{number:07}", deps=before)
        def step() -> None:
            pass

        return step

    return [noop(number) for number in range(steps)]


def main() -> None:
    shape, steps, folder = sys.argv[1], int(sys.argv[2]), sys.argv[3]
    logging.disable(logging.CRITICAL)
    Path(folder, "dagster.yaml").write_text("telemetry: {enabled: false}\n")
    os.environ["DAGSTER_HOME"] = folder
    graph = assets(shape, steps)
    with DagsterInstance.get() as instance:
        # The instance makes its databases when they are first asked for.
        instance.get_runs()
        begun = time.perf_counter()
        result = materialize(graph, instance=instance)
        seconds = time.perf_counter() - begun
        assert result.success
        print(json.dumps({"seconds": seconds, "events": len(instance.all_logs(result.run_id))}))


main()
