"""B30 and B31: what a cron line is due at where clocks change: New York, 2013."""

from datetime import datetime, timezone
from itertools import takewhile

from dagster._utils.schedules import schedule_execution_time_iterator


def _ticks(line: str, first: datetime, last: datetime) -> list[str]:
    """The times of a line, in UTC."""
    times = schedule_execution_time_iterator(first.timestamp(), line, "America/New_York")
    due = takewhile(lambda at: at <= last, times)
    return [at.astimezone(timezone.utc).strftime("%dT%H:%M") for at in due]


def _around(day: datetime) -> dict:
    """From noon before to noon after, in UTC; clocks change at 02:00, six or seven hours on."""
    first = day.replace(hour=4)
    return {
        f"`{line}`": _ticks(line, first, first.replace(hour=12))
        for line in ("30 1 * * *", "30 2 * * *", "15 1-2 * * *", "*/30 1 * * *", "0 */2 * * *")
    }


def forward() -> dict:
    """B30. 02:00 is followed by 03:00."""
    return _around(datetime(2013, 3, 10, tzinfo=timezone.utc))


def back() -> dict:
    """B31. 02:00 is followed by 01:00."""
    return _around(datetime(2013, 11, 3, tzinfo=timezone.utc))
