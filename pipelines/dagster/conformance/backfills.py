"""B15 to B17 and B66: backfills of assets with and without partitions."""

from collections import Counter

from dagster import AssetKey
from dagster._core.execution.backfill import BulkActionStatus, PartitionBackfill

from daemon import location, tick_backfills
from home import forget, home, path, steps

DAYS = ["2024-01-01", "2024-01-02", "2024-01-03"]
STATUS = {
    BulkActionStatus.COMPLETED_SUCCESS: "success",
    BulkActionStatus.COMPLETED_FAILED: "failure",
    BulkActionStatus.CANCELED: "canceled",
}


def add_backfill(instance, graph, name, days, keys, timestamp) -> None:
    """A backfill of some days of assets, asked for at a time."""
    backfill = PartitionBackfill.from_asset_partitions(
        backfill_id=name,
        asset_graph=graph,
        partition_names=days,
        asset_selection=keys,
        backfill_timestamp=timestamp,
        tags={},
        dynamic_partitions_store=instance,
        all_partitions=False,
        title=None,
        description=None,
        run_config=None,
    )
    instance.add_backfill(backfill)


def request(instance, context, names=("lookup", "daily", "total")) -> str:
    """A backfill of three days of everything."""
    graph = context.create_request_context().asset_graph
    keys = [AssetKey(name) for name in names]
    add_backfill(instance, graph, "week", DAYS, keys, 1704456000.0)
    return "week"


def _status(instance, name: str) -> str | None:
    """How a backfill stands; None while it goes on."""
    return STATUS.get(instance.get_backfill(name).status)


def finish(instance, context, name: str = "week") -> str:
    """Ticks until it has ended; a backfill of three layers needs few ticks."""
    for _ in range(10):
        tick_backfills(context)
        if status := _status(instance, name):
            return status
    raise RuntimeError(f"not ended after 10 ticks: {instance.get_backfill(name).status}")


def unpartitioned_once() -> dict:
    """B15. Three days of an asset, what they read and what reads them all."""
    with home() as instance, location(instance, "week") as context:
        request(instance, context)
        status = finish(instance, context)
        return {"status": status, "times": dict(sorted(Counter(steps()).items()))}


def failed_partition() -> dict:
    """B16. One of three days fails."""
    with home() as instance, location(instance, "week") as context:
        path("fail-2024-01-02").touch()
        request(instance, context)
        status = finish(instance, context)
        return {"status": status, "times": dict(sorted(Counter(steps()).items()))}


def canceled() -> dict:
    """B17. It is cancelled when the days are made, and what reads them all is not."""
    with home() as instance, location(instance, "week") as context:
        request(instance, context)
        for _ in range(10):
            tick_backfills(context)
            if steps().count("daily") == len(DAYS):
                break
        backfill = instance.get_backfill("week")
        instance.update_backfill(backfill.with_status(BulkActionStatus.CANCELING))
        status = finish(instance, context)
        return {"status": status, "times": dict(sorted(Counter(steps()).items()))}


def failed_again() -> dict:
    """B66. One of three days fails, is mended, and the backfill is asked for again from what failed: what
    Dagster's interface does for that, less the target that was made already."""
    with home() as instance, location(instance, "week") as context:
        path("fail-2024-01-02").touch()
        request(instance, context)
        finish(instance, context)
        forget()
        path("fail-2024-01-02").unlink()
        graph = context.create_request_context().asset_graph
        data = instance.get_backfill("week").get_asset_backfill_data(graph)
        again = PartitionBackfill.from_asset_graph_subset(
            backfill_id="again",
            asset_graph_subset=data.target_subset - data.materialized_subset,
            dynamic_partitions_store=instance,
            tags={},
            backfill_timestamp=1704542400.0,
            title=None,
            description=None,
            run_config=None,
        )
        instance.add_backfill(again)
        status = finish(instance, context, "again")
        return {"status": status, "executed": sorted(steps())}
