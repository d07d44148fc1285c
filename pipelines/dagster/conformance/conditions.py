"""B18 to B20, B25 and B26: what rules of declarative automation ask for."""

from datetime import datetime, timezone

from dagster import (
    AutomationCondition,
    DailyPartitionsDefinition,
    DataVersion,
    Definitions,
    asset,
    evaluate_automation_conditions,
    materialize,
    observable_source_asset,
)
from dagster._core.definitions.observe import observe

from home import home

NOON = datetime(2024, 1, 4, 12, tzinfo=timezone.utc)


class _Rules:
    """The rules of some assets, with what they remember from one evaluation to the next."""

    def __init__(self, instance, assets):
        self._instance, self._assets, self._cursor = instance, assets, None

    def ask(self) -> list[str]:
        """The pieces that the next evaluation asks for."""
        result = evaluate_automation_conditions(
            Definitions(assets=self._assets), self._instance, evaluation_time=NOON, cursor=self._cursor
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
            rules = _Rules(instance, _days(getattr(AutomationCondition, name)()))
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
        rules = _Rules(instance, assets)
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
        rules = _Rules(instance, [source, reader])
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
        rules = _Rules(instance, [whole])
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
        rules = _Rules(instance, assets)
        rules.ask()
        materialize(assets, instance=instance)
        return {"asks_for": rules.ask()}
