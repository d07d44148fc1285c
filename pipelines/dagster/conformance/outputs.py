"""B60 to B63: steps that make several assets or partitions in one attempt."""

from dagster import (
    AssetExecutionContext,
    AssetKey,
    AssetSpec,
    DagsterEventType,
    MaterializeResult,
    asset,
    materialize,
    multi_asset,
)

from backfills import finish, request
from daemon import location
from home import forget, home, leave, steps
from versions import stale


def _split(leaves_out: bool = False, code: str = "1") -> list:
    """Two assets of one step that makes those that are asked for, and what reads the second, which
    may be left out."""
    specs = [
        AssetSpec("first", code_version=code, skippable=True),
        AssetSpec("second", code_version="1", skippable=True),
    ]

    @multi_asset(specs=specs, can_subset=True)
    def split(context: AssetExecutionContext):
        leave("split")
        for key in sorted(context.selected_asset_keys):
            if not (leaves_out and key == AssetKey("second")):
                yield MaterializeResult(asset_key=key)

    @asset(deps=["second"], code_version="1")
    def reader():
        pass

    return [split, reader]


def _made(result) -> list[str]:
    events = result.get_asset_materialization_events()
    return sorted(event.asset_key.to_user_string() for event in events)


def subset() -> dict:
    """B60. One of two assets is asked for, then the other, then both."""
    observed = {}
    with home() as instance:
        for name, only in {
            "of_one": ["first"],
            "of_the_other": ["second"],
            "of_both": ["first", "second"],
        }.items():
            result = materialize(_split(), instance=instance, selection=only)
            observed[name] = {"made": _made(result), "executions": len(steps())}
            forget()
    return observed


def left_out() -> dict:
    """B61. The second is left out, and is read."""
    with home() as instance:
        result = materialize(_split(leaves_out=True), instance=instance)
        skipped = [
            event.step_key
            for event in result.all_events
            if event.event_type == DagsterEventType.STEP_SKIPPED
        ]
        status = instance.get_run_by_id(result.run_id).status
        return {"run": status.value.lower(), "made": _made(result), "skipped": skipped}


def stale_subset() -> dict:
    """B62. Both are made; then the code of one changes."""
    with home() as instance:
        materialize(_split(), instance=instance)
        return {"stale": stale(instance, _split(code="2"))}


def range_of_days() -> dict:
    """B63. A backfill of three days of an asset that makes a range in one step."""
    with home() as instance, location(instance, "ranges") as context:
        request(instance, context, ["daily"])
        return {
            "status": finish(instance, context),
            "runs": instance.get_runs_count(),
            "executed": steps(),
            "materialized": len(instance.get_materialized_partitions(AssetKey("daily"))),
        }
