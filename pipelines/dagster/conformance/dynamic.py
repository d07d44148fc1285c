"""B39 to B41: partitions that come and go at run time."""

from dagster import AutomationCondition, DynamicPartitionsDefinition, asset, materialize
from dagster._core.errors import DagsterUnknownPartitionError

from conditions import Rules
from daemon import location, tick_sensors
from home import home
from orders import at, statuses

FRUITS = "fruits"


def _fruit(condition):
    @asset(
        partitions_def=DynamicPartitionsDefinition(name=FRUITS), automation_condition=condition
    )
    def fruit():
        pass

    return fruit


def _run_of(instance, fruit, key: str) -> str:
    """How a run of one key ends."""
    try:
        result = materialize([fruit], instance=instance, partition_key=key)
    except DagsterUnknownPartitionError:
        return "refused"
    return result.dagster_run.status.value.lower()


def coming_and_going() -> dict:
    """B39. Two keys come, one goes when it was made, and comes again."""
    fruit = _fruit(AutomationCondition.missing())
    with home() as instance:
        for key in ("plum", "apple", "plum"):
            instance.add_dynamic_partitions(FRUITS, [key])
        observed = {"keys": list(instance.get_dynamic_partitions(FRUITS))}
        observed["run_of_a_key"] = _run_of(instance, fruit, "plum")
        observed["run_of_no_key"] = _run_of(instance, fruit, "pear")
        instance.delete_dynamic_partition(FRUITS, "plum")
        observed["keys_after_one_went"] = list(instance.get_dynamic_partitions(FRUITS))
        instance.add_dynamic_partitions(FRUITS, ["plum"])
        observed["keys_after_it_came_again"] = list(instance.get_dynamic_partitions(FRUITS))
        observed["missing_then"] = Rules(instance, [fruit]).ask()
        return observed


def asked_for() -> dict:
    """B40. A rule on what is missing, and a key comes."""
    with home() as instance:
        rules = Rules(instance, [_fruit(AutomationCondition.on_missing())])
        instance.add_dynamic_partitions(FRUITS, ["apple"])
        at_first = rules.ask()
        instance.add_dynamic_partitions(FRUITS, ["plum"])
        return {"at_first": at_first, "when_one_comes": rules.ask()}


def by_a_sensor() -> dict:
    """B41. A sensor adds a key and asks for a run of it in one look."""
    with home() as instance, location(instance, "growing") as context:
        for hour in range(2):
            tick_sensors(context, at(3, hour))
        return {"runs": statuses(instance)}
