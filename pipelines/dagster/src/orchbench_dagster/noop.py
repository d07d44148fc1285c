"""Assets without work: what is left is Dagster's own cost."""

from dagster import (
    AssetKey,
    AssetsDefinition,
    AssetSelection,
    Definitions,
    ExecutorDefinition,
    asset,
    define_asset_job,
)


def noop_job(shape: str, steps: int) -> str:
    """The name of the job on as many assets of a shape."""
    return f"noop_{shape.replace('-', '_')}_{steps}"


def noop_assets(shape: str, steps: int) -> list[AssetsDefinition]:
    """As many assets, each on the one before it (`chain`) or on none (`fan-out`)."""
    job = noop_job(shape, steps)

    def noop(number: int) -> AssetsDefinition:
        before = step_before(job, number) if shape == "chain" else []

        @asset(name=step_name(number), key_prefix=job, deps=before)
        def nothing() -> None:
            pass

        return nothing

    return [noop(number) for number in range(steps)]


def noop_definitions(
    shape: str, steps: int, executor: ExecutorDefinition | None = None
) -> Definitions:
    """The assets and a job on all of them."""
    assets = noop_assets(shape, steps)
    job = define_asset_job(noop_job(shape, steps), AssetSelection.assets(*assets), executor_def=executor)
    return Definitions(assets=assets, jobs=[job])


def step_before(job: str, number: int) -> list[AssetKey]:
    """What a step of a chain depends on: the one before it, of the first none."""
    return [AssetKey([job, step_name(number - 1)])] if number > 0 else []


def step_name(number: int) -> str:
    """The name of a step's asset, below its job's."""
    return f"step_{number:07}"
