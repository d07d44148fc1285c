"""B21 to B24, B32, B33 and B72: what is read: sources that are seen, partitions that are missing or added, pieces that
are wiped."""

from dagster import (
    AssetDep,
    AssetKey,
    AssetMaterialization,
    DagsterError,
    DagsterInstance,
    DailyPartitionsDefinition,
    TimeWindowPartitionMapping,
    asset,
    materialize,
)
from dagster._core.definitions.data_version import DATA_VERSION_TAG
from dagster._core.definitions.observe import observe

from home import home
from versions import days_until, source_and_reader, stale

DAYS = DailyPartitionsDefinition("2024-01-01", end_date="2024-01-04")


def end_of_run(
    instance: DagsterInstance, assets: list, name: str, day: str | None = None
) -> str:
    """How a run of one asset ends."""
    result = materialize(
        assets, instance=instance, selection=[name], partition_key=day, raise_on_error=False
    )
    return result.dagster_run.status.value.lower()


def first_look() -> dict:
    """B21. A source is observed for the first time, after its reader was made; later it is seen
    changed, and then as it was."""
    content, source, reader = source_and_reader()
    assets = [source, reader]
    with home() as instance:
        materialize([reader], instance=instance)
        observe([source], instance=instance)
        states = {"after_the_first_look": stale(instance, assets)}
        materialize([reader], instance=instance)
        for version, state in (("two", "seen_changed"), ("one", "seen_as_before")):
            content[0] = version
            observe([source], instance=instance)
            states[state] = stale(instance, assets)
        return states


def missing_partition() -> dict:
    """B22. Readers are made while one of three days that they read is missing."""

    @asset(partitions_def=DAYS)
    def daily():
        pass

    @asset(deps=[daily], partitions_def=DAYS)
    def of_the_day():
        pass

    @asset(deps=[daily])
    def of_all_days():
        pass

    assets = [daily, of_the_day, of_all_days]
    with home() as instance:
        for day in ("2024-01-01", "2024-01-03"):
            materialize(assets, instance=instance, selection=["daily"], partition_key=day)

        return {
            "of_the_missing_day": end_of_run(instance, assets, "of_the_day", "2024-01-02"),
            "of_another_day": end_of_run(instance, assets, "of_the_day", "2024-01-03"),
            "of_all_days": end_of_run(instance, assets, "of_all_days"),
        }


def _two_days(instance: DagsterInstance):
    """An asset of days, of which two are made."""

    @asset(partitions_def=DAYS)
    def daily():
        pass

    for day in ("2024-01-01", "2024-01-02"):
        materialize([daily], instance=instance, partition_key=day)
    return daily


def wiped_partition() -> dict:
    """B23. One of two days is wiped."""
    with home() as instance:
        _two_days(instance)
        try:
            instance.wipe_asset_partitions(AssetKey("daily"), ["2024-01-01"])
            refused = False
        except NotImplementedError:
            refused = True
        left = instance.get_materialized_partitions(AssetKey("daily"))
        return {"refused": refused, "left": sorted(left)}


def made_again_meanwhile() -> dict:
    """B24. What is read is made again while its reader is at work."""

    @asset
    def upstream():
        pass

    @asset(deps=[upstream])
    def reader(context):
        again = AssetMaterialization(upstream.key, tags={DATA_VERSION_TAG: "again"})
        context.instance.report_runless_asset_event(again)

    assets = [upstream, reader]
    with home() as instance:
        materialize(assets, instance=instance)
        return {"stale": stale(instance, assets)}


def window_beyond_the_first_day() -> dict:
    """B32. A piece that reads its day and the one before is made of the first day there is."""

    @asset(partitions_def=DAYS)
    def daily():
        pass

    two_days = TimeWindowPartitionMapping(start_offset=-1, end_offset=0)

    @asset(partitions_def=DAYS, deps=[AssetDep(daily, partition_mapping=two_days)])
    def trend():
        pass

    assets = [daily, trend]
    with home() as instance:

        def run(day: str) -> str:
            result = materialize(
                assets, instance=instance, partition_key=day, raise_on_error=False
            )
            return result.dagster_run.status.value.lower()

        return {"of_the_first_day": run("2024-01-01"), "of_the_second": run("2024-01-02")}


def last_day_added() -> dict:
    """B33. A day is added, and a reader of the last day is made before and after the new day is."""
    with home() as instance:
        two_days, three_days = days_until("2024-01-03"), days_until("2024-01-04")
        end_of_run(instance, two_days, "daily", "2024-01-02")
        states = {"of_the_last_day": end_of_run(instance, two_days, "reader")}
        states["of_a_day_to_come"] = end_of_run(instance, three_days, "reader")
        end_of_run(instance, three_days, "daily", "2024-01-03")
        states["of_the_new_day"] = end_of_run(instance, three_days, "reader")
        return states


def wiped_nothing() -> dict:
    """B72. What was never made is wiped; and an asset of days without naming one."""

    @asset
    def never():
        pass

    with home() as instance:
        daily = _two_days(instance)
        refused = {}
        for key in (never.key, daily.key):
            try:
                instance.wipe_assets([key])
                refused[key.to_user_string()] = False
            except DagsterError:
                refused[key.to_user_string()] = True
        left = instance.get_materialized_partitions(daily.key)
        return {"refused": refused, "days_left": len(left)}
