"""What Dagster tells of the models of a dbt project, from its asset graph."""

import os
from typing import Any

from dagster import DagsterInstance

from ..models import Project, models_definitions
from .jobs import MODELS


def told(_instance: DagsterInstance, project: Project) -> dict[str, Any]:
    """`edges`, each a model and one that it reads, and the `tests` that it knows as asset checks."""
    os.environ |= project["variables"]
    graph = models_definitions(project, MODELS).resolve_asset_graph()
    models = graph.materializable_asset_keys
    edges = [
        [key.path[-1], parent.path[-1]]
        for key in models
        for parent in graph.get(key).parent_keys & models
    ]
    tests = [check.name for check in graph.asset_check_keys]
    return {"edges": edges, "tests": tests}
