"""Assets that pretend to work: each takes its time, and fails as planned."""

import time

from dagster import (
    AssetExecutionContext,
    AssetsDefinition,
    AssetSelection,
    Definitions,
    ExecutorDefinition,
    RetryPolicy,
    asset,
    define_asset_job,
)

from .noop import step_before, step_name


def synthetic_name(steps: int) -> str:
    """The name of the job on as many assets."""
    return f"synthetic_{steps}"


def synthetic_definitions(
    steps: int, work: dict, retry: RetryPolicy, executor: ExecutorDefinition
) -> Definitions:
    """As many assets, each on the one before it, and a job on all of them. Of `work`, `step_ms` is how
    long an attempt takes, and `failures` how many attempts of each step fail first."""
    name = synthetic_name(steps)

    def step(number: int) -> AssetsDefinition:
        fails = work["failures"][number] if number < len(work["failures"]) else 0
        before = step_before(name, number)

        @asset(name=step_name(number), key_prefix=name, deps=before, retry_policy=retry)
        def pretend(context: AssetExecutionContext) -> None:
            time.sleep(work["step_ms"] / 1000)
            if context.retry_number < fails:
                raise RuntimeError(f"planned failure of step {number}")

        return pretend

    assets = [step(number) for number in range(steps)]
    job = define_asset_job(name, AssetSelection.assets(*assets), executor_def=executor)
    return Definitions(assets=assets, jobs=[job])
