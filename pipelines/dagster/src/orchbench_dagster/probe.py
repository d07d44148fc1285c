"""Assets of which one thing is large: whether Dagster takes it, and how it says so where it does not."""

from dagster import (
    AssetIn,
    AssetKey,
    AssetSelection,
    Definitions,
    ExecutorDefinition,
    asset,
    define_asset_job,
)

from .noop import noop_definitions, noop_job, step_name

# The shape of the steps, and how many there are where that is not what is large.
SHAPES = {"name": ("chain", 1), "steps": ("chain", None), "steps-at-once": ("fan-out", None)}


def probe_name(of: str, size: int) -> str:
    """The name of the job."""
    if of in SHAPES:
        shape, steps = SHAPES[of]
        return noop_job(shape, steps or size)
    return f"payload_{size}"


def probe_definitions(of: str, size: int, executor: ExecutorDefinition) -> Definitions:
    """The assets and a job on all of them."""
    if of in SHAPES:
        shape, steps = SHAPES[of]
        return noop_definitions(shape, steps or size, executor)
    job = probe_name(of, size)

    @asset(name=step_name(0), key_prefix=job)
    def made() -> str:
        return "x" * size

    @asset(name=step_name(1), key_prefix=job, ins={"before": AssetIn(AssetKey([job, step_name(0)]))})
    def handed(before: str) -> str:
        return before

    assets = [made, handed]
    on_all = define_asset_job(job, AssetSelection.assets(*assets), executor_def=executor)
    return Definitions(assets=assets, jobs=[on_all])
