"""The models of a dbt project as assets, by dagster-dbt: one asset each, its tests as checks."""

import os
from pathlib import Path
from typing import Any

from dagster import AssetExecutionContext, AssetSelection, Definitions, ExecutorDefinition, define_asset_job
from dagster_dbt import DbtCliResource, dbt_assets

from .steps import run_of
# The project in the harness's words.
Project = dict[str, Any]


def models_definitions(
    project: Project, job: str, executor: ExecutorDefinition | None = None
) -> Definitions:
    """The models of a project as assets, dbt as their resource, and a job of this name on
    all of them."""
    folder = Path(project["folder"])

    # user code: dbt-run
    @dbt_assets(manifest=folder / "target" / "manifest.json")
    def models(context: AssetExecutionContext, dbt: DbtCliResource):
        witnessed(context, project)
        yield from dbt.cli(["build"], context=context).stream()

    dbt = DbtCliResource(
        project_dir=str(folder), profiles_dir=str(folder), dbt_executable=str(folder / "dbt")
    )
    # end of user code
    everything = define_asset_job(job, AssetSelection.assets(models), executor_def=executor)
    return Definitions(assets=[models], jobs=[everything], resources={"dbt": dbt})


def witnessed(context: AssetExecutionContext, project: Project) -> None:
    """Tells dbt's process where the journal is, and in whose name it is kept."""
    os.environ |= {**project["variables"], "ORCHBENCH_DBT_RUN": run_of(context.run)}
