"""Timers: whether a run that waited for a time to pass went on once, how late, and by whom."""

from ..statistics import nearest_rank
from . import capability, repetition

SELF = ("timer_late_ms",)
# What comes before the wait and what comes after it, by the program that waits.
AROUND = {"pipeline": ("publish", "announce"), "reminder": ("extract_airlines", "escalate")}
IN_TIME_MS = 1000.0
# Runs of a trial from which on it has a 99th percentile.
MANY = 100


def derive(trial, observed):
    found = list(observed)
    skipped_ms = sum(value for metric, value, _ in observed if metric == "time_skipped_ms")
    wait_ms = trial.plan["parameters"]["embargo_s"] * 1e3 - skipped_ms
    before, after = AROUND[trial.plan["parameters"].get("program", "pipeline")]
    lates_ms = []
    for run in trial.runs:
        began, went_on = (trial.by_key.get(f"{run.id}/{step}/-", []) for step in (before, after))
        late_ms = lateness(began, went_on, wait_ms)
        right = late_ms is not None and late_ms >= 0 and run.ended_well() and done_once(went_on)
        found.append(("timers_wrong", float(not right), {}))
        found.append(("timers_missed", float(not right or late_ms > IN_TIME_MS), {}))
        if right:
            found.append(("timer_late_ms", late_ms, {}))
            lates_ms.append(late_ms)
        found += capability.level(trial, run, [f"{run.id}/{after}/-"], right)
    if len(lates_ms) >= MANY:
        found.append(("timer_late_p99_ms", nearest_rank(lates_ms, 0.99), {}))
    return found + repetition.derive(trial)


def lateness(before, after, wait_ms):
    """From the end of what comes before the wait, and the wait, to the begin of what comes after."""
    ended = [one.ended_ns for one in before if one.ok]
    if not ended or not after:
        return None
    return (min(one.invoked_ns for one in after) - max(ended)) / 1e6 - wait_ms


def done_once(after):
    """What comes after ended well, and changed something at most once."""
    return any(one.ok for one in after) and sum(bool(one.changed) for one in after) <= 1
