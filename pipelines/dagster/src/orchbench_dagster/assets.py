"""The assets of a source.

Airlines, airports and planes once; by day flights and weather, joined, checked (which blocks) and
loaded; then marts over all days, and their announcement. Values that pass are references to data.
A run may be of one day or of many: each step then goes through its days.
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta

from dagster import (
    AssetCheckExecutionContext,
    AssetCheckResult,
    AssetChecksDefinition,
    AssetExecutionContext,
    AssetIn,
    AssetKey,
    AssetsDefinition,
    AutomationCondition,
    BackfillPolicy,
    DailyPartitionsDefinition,
    MaterializeResult,
    RetryPolicy,
    asset,
    asset_check,
)

from .references import Reference, References
from .sources import Source
from .steps import Steps

# A new version makes the assets stale.
CODE_VERSION = "1"

# A backfill is one run: each step is a process already, which goes through its days.
ONE_RUN = BackfillPolicy.single_run()

DIMENSIONS = ("airlines", "airports", "planes")
DAILY = ("flights", "weather", "transformed", "warehouse")
PUBLICATION = ("marts", "announcement")

# The step of each asset, and of the check.
STEPS = {
    "airlines": "extract_airlines",
    "airports": "extract_airports",
    "planes": "extract_planes",
    "flights": "extract_flights",
    "weather": "extract_weather",
    "transformed": "transform",
    "checked": "check",
    "warehouse": "load",
    "marts": "publish",
    "announcement": "announce",
    "escalation": "escalate",
}


def keys(source: Source, names: Sequence[str]) -> list[AssetKey]:
    """The keys of assets by their names: `source/name`."""
    return [AssetKey([source.name, name]) for name in names]


def group(source: Source) -> str:
    """The source's name as Dagster takes it for groups, jobs, schedules and sensors."""
    return source.name.replace("-", "_")


def step_key(source: str, name: str) -> str:
    """What Dagster calls the step of an asset, or of the check, in its events."""
    prefix = source.replace("-", "_")
    return f"{prefix}__transformed_checked" if name == "checked" else f"{prefix}__{name}"


def days_of(source: Source) -> DailyPartitionsDefinition:
    """The days of a source."""
    end = source.last + timedelta(days=1)
    return DailyPartitionsDefinition(source.first.isoformat(), end.isoformat())


# user code: pipeline
def etl_assets(
    source: Source,
    retry: RetryPolicy,
    backfill: BackfillPolicy = ONE_RUN,
    inputs: Mapping[str, AssetKey] | None = None,
    code_versions: Mapping[str, str] | None = None,
) -> tuple[list[AssetsDefinition], list[AssetChecksDefinition]]:
    """The assets of a source and the checks between them, under one retry policy; a backfill is as
    many runs as its policy says. With `inputs`, what is extracted depends on these; `code_versions` has
    those that differ, by the assets' names."""
    common = {
        "key_prefix": source.name,
        "group_name": group(source),
        "retry_policy": retry,
        "io_manager_def": References(),
    }
    daily = common | {"partitions_def": days_of(source), "backfill_policy": backfill}
    # What follows from other assets alone follows by itself, where the automation sensor runs.
    derived = common | {"automation_condition": AutomationCondition.eager()}

    def reads(*names: str) -> dict[str, AssetIn]:
        return {name: AssetIn(key) for name, key in zip(names, keys(source, names))}

    def code(name: str) -> dict[str, str]:
        return {"code_version": (code_versions or {}).get(name, CODE_VERSION)}

    def read(name: str) -> dict[str, list[AssetKey]]:
        return {"deps": [inputs[name]]} if inputs else {}

    def extract(name: str) -> AssetsDefinition:
        @asset(name=name, **common, **code(name), **read(name))
        def extracted(context: AssetExecutionContext, steps: Steps) -> MaterializeResult:
            return steps.materialize(context, source.name, STEPS[name])

        return extracted

    def extract_days(name: str) -> AssetsDefinition:
        @asset(name=name, **daily, **code(name), **read(name))
        def extracted(context: AssetExecutionContext, steps: Steps) -> MaterializeResult:
            return steps.materialize_days(context, source.name, STEPS[name], lambda day: {})

        return extracted

    @asset(ins=reads("flights", "weather", *DIMENSIONS), **daily, **code("transformed"))
    def transformed(
        context: AssetExecutionContext,
        steps: Steps,
        flights: Reference,
        weather: Reference,
        planes: Reference,
        airports: Reference,
        airlines: Reference,
    ) -> MaterializeResult:
        """A day of flights joined with weather, planes, airports and airlines."""
        return steps.materialize_days(
            context,
            source.name,
            "transform",
            lambda day: {
                "flights": flights[day]["artifact"],
                "weather": weather[day]["artifact"],
                "planes": planes["artifact"],
                "airports": airports["artifact"],
                "airlines": airlines["artifact"],
            },
        )

    @asset_check(
        asset=transformed,
        additional_ins=reads("flights"),
        blocking=True,
        partitions_def=days_of(source),
        retry_policy=retry,
    )
    def checked(
        context: AssetCheckExecutionContext,
        steps: Steps,
        transformed: Reference,
        flights: Reference,
    ) -> AssetCheckResult:
        """Counts conserved, keys unique, null rates within bounds."""
        return steps.check_days(
            context,
            source.name,
            "check",
            lambda day: {"flights": flights[day], "transformed": transformed[day]},
        )

    @asset(ins=reads("transformed"), **daily, **code("warehouse"))
    def warehouse(
        context: AssetExecutionContext, steps: Steps, transformed: Reference
    ) -> MaterializeResult:
        """A day in the warehouse, in one transaction."""

        def loaded(day: str) -> Reference:
            artifact = transformed[day]["artifact"]
            # The check blocks, so these rows have passed it.
            checked = {"rows": artifact["rows"], "digest": artifact["digest"]}
            return {"transformed": transformed[day], "checked": checked}

        return steps.materialize_days(context, source.name, "load", loaded)

    @asset(ins=reads("warehouse"), **derived, **code("marts"))
    def marts(
        context: AssetExecutionContext, steps: Steps, warehouse: Reference
    ) -> MaterializeResult:
        """The marts over all days as a new version, then the pointer moves."""
        loaded = [warehouse[day] for day in source.days]
        return steps.materialize(context, source.name, "publish", loaded=loaded)

    @asset(ins=reads("marts"), **derived, **code("announcement"))
    def announcement(
        context: AssetExecutionContext, steps: Steps, marts: Reference
    ) -> MaterializeResult:
        """The published version, posted to the catalogue service."""
        return steps.materialize(context, source.name, "announce", published=marts)

    extracts = [extract(name) for name in DIMENSIONS]
    extracts += [extract_days(name) for name in ("flights", "weather")]
    return [*extracts, transformed, warehouse, marts, announcement], [checked]
# end of user code
