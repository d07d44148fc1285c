"""Assets without work: what is left is Dagster's own cost."""

from dagster import AssetKey, AssetsDefinition, Definitions, ExecutorDefinition, asset, define_asset_job

JOB = "noop"


def noop_assets(shape: str, steps: int) -> list[AssetsDefinition]:
    """As many assets, each on the one before it (`chain`) or on none (`fan-out`)."""

    def noop(number: int) -> AssetsDefinition:
        chained = shape == "chain" and number > 0

        @asset(name=_name(number), deps=[AssetKey(_name(number - 1))] if chained else [])
        def nothing() -> None:
            pass

        return nothing

    return [noop(number) for number in range(steps)]


def noop_definitions(
    shape: str, steps: int, executor: ExecutorDefinition | None = None
) -> Definitions:
    """The assets and a job on all of them."""
    job = define_asset_job(JOB, executor_def=executor)
    return Definitions(assets=noop_assets(shape, steps), jobs=[job])


def _name(number: int) -> str:
    return f"noop_{number:07}"
