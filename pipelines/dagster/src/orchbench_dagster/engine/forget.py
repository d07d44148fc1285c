"""Deletes what Dagster keeps of a run of orchbench.

usage: python -m orchbench_dagster.engine.forget --home DIR --run RUN
"""

from .history import runs_of
from .instance import of_run, open_instance


def main() -> None:
    home, name = of_run(__doc__.splitlines()[0])
    with open_instance(home) as instance:
        for run in runs_of(instance, name):
            instance.delete_run(run.run_id)


if __name__ == "__main__":
    main()
