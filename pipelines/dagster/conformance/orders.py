"""B11 to B14 and B29: what sensors and schedules ask for."""

from datetime import datetime, timezone

from dagster._core.storage.tags import RUN_KEY_TAG

from daemon import location, tick_schedules, tick_sensors
from home import home, steps


def at(day: int, hour: int) -> datetime:
    return datetime(2024, 1, day, hour, tzinfo=timezone.utc)


def statuses(instance) -> list[str]:
    """How the runs stand, the oldest first."""
    return [run.status.value.lower() for run in reversed(instance.get_runs())]


def failed_key() -> dict:
    """B11. A sensor asks at every look for the same run, which failed."""
    with home() as instance, location(instance, "failed_key") as context:
        for hour in range(3):
            tick_sensors(context, at(3, hour))
        return {"runs": statuses(instance), "executed": steps()}


def equal_keys() -> dict:
    """B12. A sensor asks twice for the same run in one look."""
    with home() as instance, location(instance, "equal_keys") as context:
        tick_sensors(context, at(3, 0))
        return {"runs": statuses(instance)}


def failing_look() -> dict:
    """B13. The second of three looks fails."""
    with home() as instance, location(instance, "failing_look") as context:
        for hour in range(3):
            tick_sensors(context, at(3, hour))
        runs = reversed(instance.get_runs())
        return {"runs": [run.tags[RUN_KEY_TAG] for run in runs]}


def missed_times() -> dict:
    """B14. A daily schedule is looked at again after eight of its times."""
    with home() as instance, location(instance, "mornings") as context:
        tick_schedules(context, at(3, 0))
        tick_schedules(context, at(10, 12))
        return {"executed": steps()}


def changed_cron() -> dict:
    """B29. A schedule of ten o'clock has run; at noon it is changed to eight o'clock."""
    with home() as instance:
        with location(instance, "at_ten") as context:
            tick_schedules(context, at(3, 9))
            tick_schedules(context, at(3, 11))
        at_ten = len(steps())
        with location(instance, "at_eight") as context:
            tick_schedules(context, at(3, 12))
            at_noon = len(steps()) - at_ten
            tick_schedules(context, at(4, 9))
        return {"at_ten": at_ten, "at_noon": at_noon, "next_day": len(steps()) - at_ten - at_noon}
