"""When the steps of a run of orchbench ended, from Dagster's event log (CLOCK_MONOTONIC, nanoseconds):
prints one JSON object.

usage: python -m orchbench_dagster.engine.ends --home DIR --run RUN
"""

import json

from dagster import DagsterEventType

from .account import monotonic_ns
from .history import entries_of, runs_of
from .instance import of_run, open_instance


def main() -> None:
    home, name = of_run(__doc__.splitlines()[0])
    with open_instance(home) as instance:
        logs = [entries_of(instance, run) for run in runs_of(instance, name)]
        success = DagsterEventType.STEP_SUCCESS
        ended_ns = [
            monotonic_ns(entry.timestamp)
            for log in logs
            for entry in log
            if entry.is_dagster_event and entry.get_dagster_event().event_type == success
        ]
        longest = max((len(log) for log in logs), default=0)
        print(json.dumps({"ended_ns": ended_ns, "executions": len(logs), "longest_record": longest}))


if __name__ == "__main__":
    main()
