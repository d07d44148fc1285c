"""Whether a run of orchbench waits for a person's word: prints true or false.

usage: python -m orchbench_dagster.engine.waits --home DIR --run RUN

To Dagster nothing waits: it is a run that is over, and with which none has gone on.
"""

import argparse
import json
from pathlib import Path

from ..approval import waiting_run
from .instance import open_instance


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--run", required=True)
    arguments = parser.parse_args()
    with open_instance(arguments.home) as instance:
        print(json.dumps(waiting_run(instance, arguments.run) is not None))


if __name__ == "__main__":
    main()
