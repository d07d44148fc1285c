"""Deletes what Dagster keeps of a run of orchbench.

usage: python -m orchbench_dagster.engine.forget --home DIR --run RUN
"""

import argparse
from pathlib import Path

from .history import runs_of
from .instance import open_instance


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--run", required=True)
    arguments = parser.parse_args()
    with open_instance(arguments.home) as instance:
        for run in runs_of(instance, arguments.run):
            instance.delete_run(run.run_id)


if __name__ == "__main__":
    main()
