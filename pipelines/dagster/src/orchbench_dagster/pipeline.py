"""What runs the assets of a source: jobs, a schedule, a sensor."""

from collections.abc import Iterator
from pathlib import Path

from dagster import (
    AssetSelection,
    BackfillPolicy,
    Definitions,
    ExecutorDefinition,
    RetryPolicy,
    RunRequest,
    SensorDefinition,
    SensorEvaluationContext,
    SkipReason,
    build_schedule_from_partitioned_job,
    define_asset_job,
    sensor,
)

from .assets import DAILY, ONE_RUN, days_of, etl_assets, group, keys
from .sources import Source
from .steps import Steps


def job_name(source: Source) -> str:
    """The name of the job on all assets of a source."""
    return f"etl_{group(source)}"


def etl_definitions(
    source: Source,
    retry: RetryPolicy,
    executor: ExecutorDefinition | None = None,
    backfill: BackfillPolicy = ONE_RUN,
) -> Definitions:
    """The assets of a source and what runs them; the resource `steps` is the caller's."""
    assets, checks = etl_assets(source, retry, backfill)
    days = days_of(source)
    # user code: pipeline
    everything = define_asset_job(
        job_name(source),
        AssetSelection.groups(group(source)),
        description=source.title,
        partitions_def=days,
        executor_def=executor,
    )
    # end of user code
    # The unpartitioned assets before and after a day are not that day's.
    one_day = define_asset_job(
        f"day_{group(source)}",
        AssetSelection.assets(*keys(source, DAILY)),
        description=f"One day of: {source.title}",
        partitions_def=days,
        executor_def=executor,
    )
    return Definitions(
        assets=assets,
        asset_checks=checks,
        jobs=[everything, one_day],
        # Each day, when it is over. From then on the automation conditions of marts and
        # announcement have their turn.
        schedules=[build_schedule_from_partitioned_job(one_day)],
        sensors=[_arrivals(source, one_day.name)],
    )


def _arrivals(source: Source, one_day: str) -> SensorDefinition:
    """Runs every day anew when the flights that it is extracted from have changed."""

    @sensor(name=f"arrivals_{group(source)}", job_name=one_day)
    def arrivals(
        context: SensorEvaluationContext, steps: Steps
    ) -> Iterator[RunRequest | SkipReason]:
        folder = steps.settings.get("data_dir")
        if folder is None:
            yield SkipReason("the flights are those in the program: none can arrive")
            return
        changed = str(Path(folder, "flights.csv.zip").stat().st_mtime_ns)
        if changed == context.cursor:
            yield SkipReason("no flights have arrived")
            return
        for day in source.days:
            yield RunRequest(run_key=f"{changed}/{day}", partition_key=day)
        context.update_cursor(changed)

    return arrivals
