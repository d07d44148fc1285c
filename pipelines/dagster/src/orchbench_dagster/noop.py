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
        before = [AssetKey([job, _name(number - 1)])] if shape == "chain" and number > 0 else []

        @asset(name=_name(number), key_prefix=job, deps=before)
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


def _name(number: int) -> str:
    return f"step_{number:07}"
