"""B6 to B9 and B74: what is stale and why, and what a materialization of a selection executes."""

from dagster import (
    AssetDep,
    AssetKey,
    DailyPartitionsDefinition,
    DataVersion,
    Definitions,
    LastPartitionMapping,
    Output,
    asset,
    materialize,
    observable_source_asset,
)
from dagster._core.definitions.data_version import CachingStaleStatusResolver, StaleStatus
from dagster._core.definitions.observe import observe
from dagster._core.workspace.context import LoadingContext

from home import forget, home, leave, steps


class _Loading(LoadingContext):
    """What was loaded in one look at the instance."""

    def __init__(self, instance):
        self._instance, self._loaders = instance, {}

    @property
    def instance(self):
        return self._instance

    @property
    def loaders(self):
        return self._loaders


def stale(instance, assets) -> list[str]:
    """The names of the assets that Dagster calls stale or missing."""
    graph = Definitions(assets=assets).resolve_asset_graph()
    resolver = CachingStaleStatusResolver(instance, graph, _Loading(instance))
    names = sorted(key.to_user_string() for key in graph.materializable_asset_keys)
    return [name for name in names if resolver.get_status(AssetKey(name)) != StaleStatus.FRESH]


def stale_partitions(instance, assets, name: str, keys: list[str]) -> list[str]:
    """The partitions of an asset that Dagster calls stale or missing."""
    graph = Definitions(assets=assets).resolve_asset_graph()
    resolver = CachingStaleStatusResolver(instance, graph, _Loading(instance))
    return [key for key in keys if resolver.get_status(AssetKey(name), key) != StaleStatus.FRESH]


def _chain(version: str, data_version: str | None = None) -> list:
    """a → b → c, with the code version of a, and a data version that a says itself."""

    @asset(code_version=version)
    def a():
        leave("a")
        return Output(None, data_version=DataVersion(data_version) if data_version else None)

    @asset(code_version="1", deps=[a])
    def b():
        leave("b")

    @asset(code_version="1", deps=[b])
    def c():
        leave("c")

    return [a, b, c]


def code_version() -> dict:
    """B6. The code version of the first of three assets changes."""
    with home() as instance:
        materialize(_chain("1"), instance=instance)
        changed = _chain("2")
        observed = {"after_code_change": stale(instance, changed)}
        for name in ("a", "b", "c"):
            materialize(changed, instance=instance, selection=[name])
            observed[f"after_run_of_{name}"] = stale(instance, changed)
        return observed


def source_and_reader() -> tuple:
    """A source whose version is the only word of a list, that list, and what reads it."""
    content = ["one"]

    @observable_source_asset
    def source():
        return DataVersion(content[0])

    @asset(deps=[source])
    def reader():
        pass

    return content, source, reader


def observed_source() -> dict:
    """B7. A source changes and is observed later."""
    content, source, reader = source_and_reader()
    assets = [source, reader]
    with home() as instance:
        observe([source], instance=instance)
        materialize([reader], instance=instance)
        states = {"after_first_run": stale(instance, assets)}
        content[0] = "two"
        states["after_change"] = stale(instance, assets)
        observe([source], instance=instance)
        states["after_observation"] = stale(instance, assets)
        materialize([reader], instance=instance)
        states["after_second_run"] = stale(instance, assets)
        return states


def unchanged_data_version() -> dict:
    """B8. The code of an asset changes, the version of its data does not."""
    with home() as instance:
        materialize(_chain("1", "same"), instance=instance)
        changed = _chain("2", "same")
        observed = {"after_code_change": stale(instance, changed)}
        materialize(changed, instance=instance, selection=["a"])
        observed["after_run_of_a"] = stale(instance, changed)
        return observed


def whole_selection() -> dict:
    """B9. The same selection is materialized twice, and fresh before the second time."""
    with home() as instance:
        assets = _chain("1")
        materialize(assets, instance=instance)
        before = stale(instance, assets)
        forget()
        materialize(assets, instance=instance)
        return {"stale_before": before, "executed": steps()}


def causes(instance, assets, name: str) -> list[str]:
    """Why Dagster calls an asset stale, in its words."""
    graph = Definitions(assets=assets).resolve_asset_graph()
    resolver = CachingStaleStatusResolver(instance, graph, _Loading(instance))
    return sorted(
        f"{cause.reason}" + (f" ({cause.dependency.asset_key.to_user_string()})" if cause.dependency else "")
        for cause in resolver.get_stale_causes(AssetKey(name))
    )


def days_until(end: str) -> list:
    """Days before one, and a reader of the last of them."""

    @asset(partitions_def=DailyPartitionsDefinition("2024-01-01", end_date=end))
    def daily():
        pass

    @asset(deps=[AssetDep(daily, partition_mapping=LastPartitionMapping())])
    def reader():
        pass

    return [daily, reader]


def reasons() -> dict:
    """B74. What an asset reads gets another name, is wiped, or has one day more of which the last is read."""

    def named(name: str) -> list:
        @asset(name=name)
        def upstream():
            pass

        @asset(deps=[name])
        def reader():
            pass

        return [upstream, reader]

    observed = {}
    with home() as instance:
        materialize(named("before"), instance=instance)
        after = named("after")
        materialize(after, instance=instance, selection=["after"])
        observed["renamed"] = causes(instance, after, "reader")
    with home() as instance:
        assets = named("before")
        materialize(assets, instance=instance)
        instance.wipe_assets([AssetKey("before")])
        observed["wiped"] = causes(instance, assets, "reader")
    with home() as instance:
        assets = days_until("2024-01-03")
        for day in ("2024-01-01", "2024-01-02"):
            materialize(assets, instance=instance, selection=["daily"], partition_key=day)
        materialize(assets, instance=instance, selection=["reader"])
        longer = days_until("2024-01-04")
        materialize(longer, instance=instance, selection=["daily"], partition_key="2024-01-03")
        observed["moved"] = causes(instance, longer, "reader")
    return observed
