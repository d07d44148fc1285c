"""B45 to B47, B49, B50, B57, B67 and B70: being told of ends of runs, choosing assets, and looking at their past."""

from collections.abc import Iterable

from dagster import (
    AssetDep,
    AssetExecutionContext,
    AssetKey,
    AssetSelection,
    DailyPartitionsDefinition,
    Definitions,
    MaterializeResult,
    PartitionMapping,
    RunsFilter,
    StaticPartitionMapping,
    StaticPartitionsDefinition,
    asset,
    materialize,
)
from dagster._core.definitions.partitions.mapping import UpstreamPartitionsResult

from daemon import location, tick_sensors
from home import home, steps
from locations import failing, item
from orders import at
from versions import stale_partitions


def failures() -> dict:
    """B45. One run fails before the sensor's first look, another after it."""
    with home() as instance, location(instance, "alarms") as context:

        def fail() -> None:
            materialize([failing], instance=instance, raise_on_error=False)

        def told() -> int:
            return steps().count("told")

        fail()
        tick_sensors(context, at(3, 0))
        observed = {"at_first": told()}
        fail()
        tick_sensors(context, at(3, 1))
        observed["after_one_failed"] = told()
        tick_sensors(context, at(3, 2))
        observed["looking_again"] = told()
        return observed


def selections() -> dict:
    """B46. Two assets of a team, one of a kind, and one without either."""

    @asset(owners=["team:raw"])
    def a():
        pass

    @asset(owners=["team:raw"], kinds={"csv"})
    def b():
        pass

    @asset
    def c():
        pass

    graph = Definitions(assets=[a, b, c]).resolve_asset_graph()
    observed = {}
    for text in ('owner:"team:raw"', 'kind:"csv"', "kind:<null>", "owner:<null>"):
        keys = AssetSelection.from_string(text).resolve(graph)
        observed[f"`{text}`"] = sorted(key.to_user_string() for key in keys)
    return observed


def past() -> dict:
    """B47. How many rows there were over time, and what is there at all."""
    rows = [0]

    @asset
    def made():
        rows[0] += 1
        return MaterializeResult(metadata={"rows": rows[0]})

    @asset
    def wiped():
        pass

    with home() as instance:
        for _ in range(3):
            materialize([made, wiped], instance=instance)
        instance.wipe_assets([AssetKey("wiped")])
        records = instance.fetch_materializations(AssetKey("made"), limit=10).records
        values = [record.asset_materialization.metadata["rows"].value for record in records]
        assets = [key.to_user_string() for key in instance.all_asset_keys()]
        return {"assets": sorted(assets), "rows_over_time": values[::-1]}


def window() -> dict:
    """B49. A step asks for the time that its partition stands for."""
    observed = {}

    @asset(partitions_def=DailyPartitionsDefinition("2024-02-28"))
    def daily(context: AssetExecutionContext):
        window = context.partition_time_window
        observed["from"] = window.start.date().isoformat()
        observed["to"] = window.end.date().isoformat()

    with home() as instance:
        materialize([daily], instance=instance, partition_key="2024-02-29")
        return observed


def listed_keys() -> dict:
    """B50. What is read by a list of keys; one of the keys is made again."""
    area_of = StaticPartitionMapping({"EWR": "north", "LGA": "north", "JFK": "south"})

    @asset(partitions_def=StaticPartitionsDefinition(["EWR", "JFK", "LGA"]))
    def airport():
        pass

    @asset(
        partitions_def=StaticPartitionsDefinition(["north", "south"]),
        deps=[AssetDep(airport, partition_mapping=area_of)],
    )
    def area():
        pass

    return _made_again(airport, "LGA", area)


def _made_again(read, piece: str, reader) -> dict:
    """Which pieces of an asset are stale when everything was made and one piece of what it reads again."""
    assets = [read, reader]
    with home() as instance:

        def make(asset, keys: Iterable[str]) -> None:
            for key in keys:
                materialize(assets, instance=instance, selection=[asset], partition_key=key)

        keys = reader.partitions_def.get_partition_keys()
        make(read, read.partitions_def.get_partition_keys())
        make(reader, keys)
        make(read, [piece])
        return {"stale": stale_partitions(instance, assets, reader.key.to_user_string(), keys)}


def tags() -> dict:
    """B57. Runs with tags, by which they are found."""

    @asset
    def made():
        pass

    with home() as instance:
        for team in ("a", "b", "a"):
            materialize([made], instance=instance, tags={"team": team})
        found = instance.get_runs(filters=RunsFilter(tags={"team": "a"}))
        return {"of_team_a": len(found), "all": len(instance.get_runs())}


def successes() -> dict:
    """B67. One run succeeds before the sensor's first look; then one fails and another succeeds."""
    with home() as instance, location(instance, "reports") as context:

        def run(asset) -> None:
            materialize([asset], instance=instance, raise_on_error=False)

        run(item)
        tick_sensors(context, at(3, 0))
        observed = {"at_first": steps().count("told")}
        run(failing)
        run(item)
        tick_sensors(context, at(3, 1))
        tick_sensors(context, at(3, 2))
        observed["after_one_failed_and_one_succeeded"] = steps().count("told")
        return observed


class _SameTens(PartitionMapping):
    """A piece reads the pieces whose number has its tens: a mapping of one's own."""

    @property
    def description(self) -> str:
        return "those of the same tens"

    def get_upstream_mapped_partitions_result_for_partitions(
        self,
        downstream_partitions_subset,
        downstream_partitions_def,
        upstream_partitions_def,
        current_time=None,
        dynamic_partitions_store=None,
    ):
        tens = {key[0] for key in downstream_partitions_subset.get_partition_keys()}
        wanted = [key for key in upstream_partitions_def.get_partition_keys() if key[0] in tens]
        return UpstreamPartitionsResult(
            partitions_subset=upstream_partitions_def.subset_with_partition_keys(wanted),
            required_but_nonexistent_subset=upstream_partitions_def.empty_subset(),
        )

    def get_downstream_partitions_for_partitions(
        self,
        upstream_partitions_subset,
        upstream_partitions_def,
        downstream_partitions_def,
        current_time=None,
        dynamic_partitions_store=None,
    ):
        tens = {key[0] for key in upstream_partitions_subset.get_partition_keys()}
        wanted = [key for key in downstream_partitions_def.get_partition_keys() if key[0] in tens]
        return downstream_partitions_def.subset_with_partition_keys(wanted)

    def validate_partition_mapping(
        self, upstream_partitions_def, downstream_partitions_def
    ) -> None:
        pass


def own_mapping() -> dict:
    """B70. What is read by a mapping of one's own; one of the pieces is made again."""

    @asset(partitions_def=StaticPartitionsDefinition(["11", "12", "21"]))
    def part():
        pass

    @asset(
        partitions_def=StaticPartitionsDefinition(["10", "20"]),
        deps=[AssetDep(part, partition_mapping=_SameTens())],
    )
    def whole():
        pass

    return _made_again(part, "12", whole)
