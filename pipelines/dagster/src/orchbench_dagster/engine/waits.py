"""Whether a run of orchbench waits for a person's word, or for a time to pass: prints true or false.

usage: python -m orchbench_dagster.engine.waits --home DIR --run RUN

To Dagster nothing waits: it is a run that is over, and with which none has gone on.
"""

import json

from ..continuation import waiting_run
from .instance import of_run, open_instance


def main() -> None:
    home, name = of_run(__doc__.splitlines()[0])
    with open_instance(home) as instance:
        print(json.dumps(waiting_run(instance, name) is not None))


if __name__ == "__main__":
    main()
