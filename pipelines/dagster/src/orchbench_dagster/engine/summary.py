"""What a run came to, from what its steps said: the summary that every engine gives."""

from collections.abc import Mapping
from typing import Any

from ..sources import Source

# The output of each asset's step, by name and partition.
Outputs = Mapping[tuple[str, str | None], dict[str, Any]]


def summary_of(run: str, source: Source, outputs: Outputs) -> dict[str, Any]:
    """Sums up the days of a run. Counts are of flights; warnings about the data are left to the
    steps' logs. Raises KeyError, when something was not made."""
    published, announced = outputs["marts", None], outputs["announcement", None]

    def daily(name: str) -> list[dict[str, Any]]:
        return [outputs[name, day] for day in source.days]

    def total(name: str, field: str) -> int:
        return sum(output[field] for output in daily(name))

    unresolved = [output["unresolved"] for output in daily("transformed")]
    return {
        "run": run,
        "source": source.name,
        "partitions": len(source.days),
        "extracted": total("flights", "extracted"),
        "accepted": total("flights", "accepted"),
        "quarantined": total("flights", "quarantined"),
        "loaded": published["loaded"],
        "changed": total("warehouse", "changed"),
        "digest": published["digest"],
        "version": published["version"],
        "receipt": announced["receipt"],
        "unresolved": {
            kind: sum(each[kind] for each in unresolved) for kind in ("plane", "airport", "weather")
        },
        "arr_delay_sum": total("flights", "arr_delay_sum"),
    }
