"""What Dagster tells of the models of a dbt project, from its asset graph: prints a JSON object with
`edges`, each a model and one that it reads, and the `tests` that it knows as asset checks.

usage: python -m orchbench_dagster.engine.models --project JSON
"""

import argparse
import json
import os

from ..models import models_definitions
from .jobs import MODELS


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--project", type=json.loads, required=True)
    project = parser.parse_args().project
    os.environ |= project["variables"]
    graph = models_definitions(project, MODELS).resolve_asset_graph()
    models = graph.materializable_asset_keys
    edges = [
        [key.path[-1], parent.path[-1]]
        for key in models
        for parent in graph.get(key).parent_keys & models
    ]
    tests = [check.name for check in graph.asset_check_keys]
    print(json.dumps({"edges": edges, "tests": tests}))


if __name__ == "__main__":
    main()
