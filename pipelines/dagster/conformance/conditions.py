"""B18 to B20, B25, B26 and B34 to B38 and B48 and B71: what rules of declarative automation ask for."""

from datetime import datetime, timedelta, timezone

from dagster import (
    AutomationCondition,
    DailyPartitionsDefinition,
    DataVersion,
    Definitions,
    StaticPartitionsDefinition,
    asset,
    evaluate_automation_conditions,
    materialize,
    observable_source_asset,
)
from dagster._core.definitions.observe import observe

from backfills import add_backfill
from home import home

NOON = datetime(2024, 1, 4, 12, tzinfo=timezone.utc)


class Rules:
    """The rules of some assets, with what they remember from one evaluation to the next."""

    def __init__(self, instance, assets):
        self._instance, self._assets, self._cursor = instance, assets, None

    def redefine(self, assets):
        """Goes on with other definitions."""
        self._assets = assets

    def ask(self, at=NOON) -> list[str]:
        """The pieces that the next evaluation asks for."""
        result = evaluate_automation_conditions(
            Definitions(assets=self._assets), self._instance, evaluation_time=at, cursor=self._cursor
        )
        self._cursor = result.cursor
        names = []
        for one in result.results:
            name = one.key.to_user_string()
            for partition in result.get_requested_partitions(one.key):
                names.append(f"{name}@{partition}" if partition else name)
        return sorted(names)


def _days(condition):
    """What has no partitions, and three days, none of them ever made."""

    @asset(automation_condition=condition)
    def whole():
        pass

    @asset(
        automation_condition=condition,
        partitions_def=DailyPartitionsDefinition("2024-01-01"),
    )
    def daily():
        pass

    return [whole, daily]


def first_evaluation() -> dict:
    """B18. Nothing was ever made when rules are evaluated for the first time."""
    observed = {}
    for name in ("eager", "on_missing"):
        with home() as instance:
            rules = Rules(instance, _days(getattr(AutomationCondition, name)()))
            observed[f"{name}_asks_for"] = rules.ask()
            observed[f"{name}_asks_again_for"] = rules.ask()
    return observed


def failed_request() -> dict:
    """B19. What an eager rule asked for has failed; later what it reads is made again."""

    @asset
    def upstream():
        pass

    @asset(deps=[upstream], automation_condition=AutomationCondition.eager())
    def reader():
        raise RuntimeError("as planned")

    assets = [upstream, reader]
    with home() as instance:
        rules = Rules(instance, assets)
        rules.ask()
        materialize(assets, instance=instance, selection=["upstream"])
        observed = {"asks_for": rules.ask()}
        materialize(assets, instance=instance, selection=["reader"], raise_on_error=False)
        observed["after_it_failed"] = rules.ask()
        materialize(assets, instance=instance, selection=["upstream"])
        observed["after_its_input_was_made_again"] = rules.ask()
        return observed


def first_observation() -> dict:
    """B20. A source is observed for the first time, after its reader was made."""
    content = ["one"]

    @observable_source_asset
    def source():
        return DataVersion(content[0])

    @asset(deps=[source], automation_condition=AutomationCondition.eager())
    def reader():
        pass

    with home() as instance:
        materialize([reader], instance=instance)
        rules = Rules(instance, [source, reader])
        observed = {"before": rules.ask()}
        observe([source], instance=instance)
        observed["after_the_first_look"] = rules.ask()
        observe([source], instance=instance)
        observed["after_an_equal_look"] = rules.ask()
        content[0] = "two"
        observe([source], instance=instance)
        observed["after_another_version"] = rules.ask()
        return observed


def wiped_piece() -> dict:
    """B26. What an eager rule had made is wiped."""

    @asset(automation_condition=AutomationCondition.eager())
    def whole():
        pass

    with home() as instance:
        rules = Rules(instance, [whole])
        rules.ask()
        materialize([whole], instance=instance)
        observed = {"after_it_was_made": rules.ask()}
        instance.wipe_assets([whole.key])
        observed["after_it_was_wiped"] = rules.ask()
        return observed


def made_again_meanwhile() -> dict:
    """B25. What is read is made again while its reader is at work."""

    @asset
    def upstream():
        pass

    @asset(deps=[upstream], automation_condition=AutomationCondition.eager())
    def reader(context):
        materialize([upstream], instance=context.instance)

    assets = [upstream, reader]
    with home() as instance:
        rules = Rules(instance, assets)
        rules.ask()
        materialize(assets, instance=instance)
        return {"asks_for": rules.ask()}


def all_that_is_missing() -> dict:
    """B34. Nothing was ever made, and a rule asks for whatever is missing."""
    with home() as instance:
        rules = Rules(instance, _days(AutomationCondition.missing()))
        return {"asks_for": rules.ask(), "asks_again_for": rules.ask()}


def _read(partitions, condition):
    """What is made piece by piece, and what reads it likewise."""

    @asset(partitions_def=partitions)
    def upstream():
        pass

    @asset(deps=[upstream], partitions_def=partitions, automation_condition=condition)
    def reader():
        pass

    return [upstream, reader]


def latest_day() -> dict:
    """B35. What is read is made for three days."""
    assets = _read(DailyPartitionsDefinition("2024-01-01"), AutomationCondition.eager())
    with home() as instance:
        rules = Rules(instance, assets)
        rules.ask()
        for day in ("2024-01-01", "2024-01-02", "2024-01-03"):
            materialize(assets, instance=instance, selection=["upstream"], partition_key=day)
        return {"asks_for": rules.ask()}


def another_day() -> dict:
    """B36. A day is over that was not at the first evaluation."""
    conditions = {
        "eager": AutomationCondition.eager(),
        "on_missing": AutomationCondition.on_missing(),
        "on_cron": AutomationCondition.on_cron("0 0 * * *"),
    }
    observed = {}
    for name, condition in conditions.items():
        with home() as instance:
            _, daily = _days(condition)
            rules = Rules(instance, [daily])
            rules.ask()
            observed[f"{name}_asks_for"] = rules.ask(NOON + timedelta(days=1))
    return observed


def added_key() -> dict:
    """B37. A key is added, while what it reads is missing; then that is made."""

    def of(keys):
        return _read(StaticPartitionsDefinition(keys), AutomationCondition.on_missing())

    with home() as instance:
        rules = Rules(instance, of(["a", "c"]))
        rules.ask()
        after = of(["a", "b", "c"])
        rules.redefine(after)
        observed = {"when_it_is_added": rules.ask()}
        materialize(after, instance=instance, selection=["upstream"], partition_key="b")
        observed["when_its_input_is_made"] = rules.ask()
        return observed


def outdated_before() -> dict:
    """B38. What is read was made again before the first evaluation, and then once more."""

    @asset
    def upstream():
        pass

    @asset(deps=[upstream], automation_condition=AutomationCondition.eager())
    def reader():
        pass

    assets = [upstream, reader]
    with home() as instance:
        for name in ("upstream", "reader", "upstream"):
            materialize(assets, instance=instance, selection=[name])
        rules = Rules(instance, assets)
        observed = {"at_first": rules.ask()}
        materialize(assets, instance=instance, selection=["upstream"])
        observed["made_once_more"] = rules.ask()
        return observed


def left_to_a_backfill() -> dict:
    """B48. What an eager rule would ask for is still to be made by a backfill."""
    assets = _read(DailyPartitionsDefinition("2024-01-01"), AutomationCondition.eager())
    day = "2024-01-03"
    with home() as instance:
        rules = Rules(instance, assets)
        rules.ask()
        materialize(assets, instance=instance, selection=["upstream"], partition_key=day)
        graph = Definitions(assets=assets).resolve_asset_graph()
        keys = [assets[1].key]
        add_backfill(instance, graph, "backfill", [day], keys, NOON.timestamp())
        return {"asks_for": rules.ask()}


def kept_fresh() -> dict:
    """B71. All is to be kept fresh: by a condition made of Dagster's parts, as none of that name is there."""
    handled = AutomationCondition.any_deps_updated().since_last_handled()
    missing = AutomationCondition.missing() & ~AutomationCondition.newly_requested()
    condition = (
        (missing | handled)
        & ~AutomationCondition.any_deps_missing()
        & ~AutomationCondition.in_progress()
    )

    @asset(automation_condition=condition)
    def upstream():
        pass

    @asset(deps=[upstream], automation_condition=condition)
    def reader():
        pass

    assets = [upstream, reader]
    with home() as instance:
        rules = Rules(instance, assets)
        observed = {"asks_for": rules.ask()}
        materialize(assets, instance=instance)
        observed["after_both_were_made"] = rules.ask()
        materialize(assets, instance=instance, selection=["upstream"])
        observed["after_the_first_was_made_again"] = rules.ask()
        return observed
