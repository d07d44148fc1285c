"""Warnings: what the raw files give of them is recomputed.

The report prints a warning field by field; the fields themselves are the recorded ones, and those
that are numbers are held against the raw files here.
"""

from .formats import plain
from .metrics import samples


def disagreements(recorded, folder, conditions):
    """(place, printed, recomputed) of recorded warnings that the raw files do not give."""
    found = []
    for index, warning in enumerate(recorded):
        for name, value in recomputed(warning, folder, conditions).items():
            if warning.get(name) not in (value if isinstance(value, list) else [value]):
                found.append((f"verdicts.json#warnings/{index}/{name}", plain(warning.get(name)), plain(value)))
    return found


def recomputed(warning, folder, conditions):
    """The fields that the raw files give; a list where the trial has several of its kind."""
    kind = warning["warning"]
    trial = conditions.trials.get(warning.get("trial"))
    if kind == "partial":
        # An interrupted trial has not been made to its end.
        ended = sum(each.status not in (None, "interrupted") for each in conditions.trials.values())
        return {"ended": ended, "planned": len(folder.plan["trials"])}
    if kind == "busy_at_start":
        return {"load_percent": plain_round(folder.environment["load_1m"] * 100)}
    if trial is None:
        return {}
    if kind == "busy":
        shares = trial.of("machine")
        return {
            "steal_percent": [plain_round(each["steal_share"] * 100) for each in shares],
            "foreign_percent": [plain_round(each["foreign_share"] * 100) for each in shares],
        }
    if kind in ("behind_offer", "generator_late"):
        metric, scale, name = {
            "behind_offer": ("achieved_ratio", 100, "achieved_percent"),
            "generator_late": ("generator_lateness_p99_ms", 1000, "lateness_us"),
        }[kind]
        values = [
            value * scale
            for found, value, labels in samples(trial)
            if found == metric and labels.get("load") == warning.get("load")
        ]
        # Rounded down; what is a whole number but for binary fractions is that number.
        return {name: [int(value + 1e-9) for value in values]} if values else {}
    return {}


def plain_round(value):
    """To the nearest whole number, halves away from zero."""
    return int(value + 0.5)
