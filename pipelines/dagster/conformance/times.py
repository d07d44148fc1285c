"""B55, B56, B58, B59 and B75: partitions of hours, of months, by a cron line, and of two dimensions."""

from datetime import datetime, timezone

from dagster import (
    AssetExecutionContext,
    DailyPartitionsDefinition,
    Definitions,
    HourlyPartitionsDefinition,
    MonthlyPartitionsDefinition,
    MultiPartitionsDefinition,
    StaticPartitionsDefinition,
    TimeWindowPartitionsDefinition,
    asset,
    materialize,
)
from dagster_shared.check import CheckError

from home import home
from versions import stale_partitions


def keys() -> dict:
    """B55. Their keys, and the time of one of each."""
    observed = {}
    now = datetime(2024, 3, 1, 2, tzinfo=timezone.utc)
    definitions = {
        "hourly": (HourlyPartitionsDefinition("2024-02-29-22:00"), "2024-02-29-23:00"),
        "monthly": (MonthlyPartitionsDefinition("2023-12-15"), "2024-02-01"),
    }
    with home() as instance:
        for name, (partitions, key) in definitions.items():

            @asset(partitions_def=partitions)
            def piece(context: AssetExecutionContext):
                window = context.partition_time_window
                observed[f"{name}_window"] = [
                    each.strftime("%Y-%m-%dT%H:%M:%S") for each in (window.start, window.end)
                ]

            observed[name] = list(partitions.get_partition_keys(current_time=now))
            materialize([piece], instance=instance, partition_key=key)
    return observed


def day_of_hours() -> dict:
    """B56. Days read their hours, one of which is made again."""
    hours = HourlyPartitionsDefinition("2024-01-01-00:00", end_date="2024-01-03-00:00")
    days = DailyPartitionsDefinition("2024-01-01", end_date="2024-01-03")

    @asset(partitions_def=hours)
    def hourly():
        pass

    @asset(partitions_def=days, deps=[hourly])
    def daily():
        pass

    assets = [hourly, daily]
    with home() as instance:

        def make(name: str, keys: list[str]) -> None:
            for key in keys:
                materialize(assets, instance=instance, selection=[name], partition_key=key)

        make("hourly", hours.get_partition_keys())
        make("daily", days.get_partition_keys())
        make("hourly", ["2024-01-02-03:00"])
        return {"stale": stale_partitions(instance, assets, "daily", days.get_partition_keys())}


def without_an_end() -> dict:
    """B58. The latest day and month of partitions without an end, before and after midnight."""
    definitions = {
        "day": DailyPartitionsDefinition("2024-01-01"),
        "month": MonthlyPartitionsDefinition("2023-01-01"),
    }
    times = {
        "before": datetime(2024, 1, 31, 23, 59, tzinfo=timezone.utc),
        "after": datetime(2024, 2, 1, tzinfo=timezone.utc),
    }
    return {
        f"{name}_{when}": partitions.get_partition_keys(current_time=at)[-1]
        for name, partitions in definitions.items()
        for when, at in times.items()
    }


def by_cron() -> dict:
    """B59. Partitions between the times of a cron line, up to and after one of them."""
    shifts = TimeWindowPartitionsDefinition(
        cron_schedule="0 9,17 * * 1-5", start="2024-02-29-12:00", fmt="%Y-%m-%d-%H:%M"
    )

    def keys(*at: int) -> list[str]:
        return list(shifts.get_partition_keys(current_time=datetime(*at, tzinfo=timezone.utc)))

    window = shifts.time_window_for_partition_key("2024-03-01-17:00")
    return {
        "keys": keys(2024, 3, 4, 9),
        "window": [each.strftime("%Y-%m-%dT%H:%M:%S") for each in (window.start, window.end)],
        "latest_on_sunday": keys(2024, 3, 3, 12)[-1],
        "latest_on_monday": keys(2024, 3, 4, 9)[-1],
    }


def equal_dimensions() -> dict:
    """B75. A product of two dimensions of equal keys is read by one of those keys, without saying of which."""
    airports = StaticPartitionsDefinition(["EWR", "JFK"])

    @asset(partitions_def=MultiPartitionsDefinition({"from": airports, "to": airports}))
    def flights():
        pass

    @asset(partitions_def=airports, deps=[flights])
    def airport():
        pass

    graph = Definitions(assets=[flights, airport]).resolve_asset_graph()
    mapping = graph.get_partition_mapping(airport.key, flights.key)
    try:
        read = mapping.get_upstream_mapped_partitions_result_for_partitions(
            airports.subset_with_partition_keys(["EWR"]), airports, flights.partitions_def
        ).partitions_subset
        return {"EWR_reads": sorted(str(key) for key in read.get_partition_keys())}
    except CheckError:
        return {"EWR_reads": "refused"}
