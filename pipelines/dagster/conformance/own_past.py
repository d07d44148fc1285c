"""B42 to B44: assets that read earlier partitions of their own."""

from backfills import DAYS, finish, request
from daemon import location
from home import home, path, steps
from inputs import end_of_run
from locations import balance


def _backfill_of(failing: str | None) -> dict:
    with home() as instance, location(instance, "own_past") as context:
        if failing:
            path(f"fail-{failing}").touch()
        request(instance, context, ["balance"])
        return {"status": finish(instance, context), "executed": steps()}


def backfill() -> dict:
    """B42. All three days."""
    return _backfill_of(None)


def failing_backfill() -> dict:
    """B43. The second day fails."""
    return _backfill_of(DAYS[1])


def day_without_the_one_before() -> dict:
    """B44. The third day is made when the second never was."""
    with home() as instance:
        return {
            "of_the_first_day": end_of_run(instance, [balance], "balance", DAYS[0]),
            "of_the_third": end_of_run(instance, [balance], "balance", DAYS[2]),
        }
