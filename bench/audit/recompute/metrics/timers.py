"""Timers: whether a run that waited for a time to pass went on once, how late, and by whom."""

from . import capability, repetition

SELF = ("timer_late_ms",)
BEFORE, AFTER = "publish", "announce"
IN_TIME_MS = 1000.0


def derive(trial, observed):
    found = list(observed)
    skipped_ms = sum(value for metric, value, _ in observed if metric == "time_skipped_ms")
    wait_ms = trial.plan["parameters"]["embargo_s"] * 1e3 - skipped_ms
    for run in trial.runs:
        executions = [one for each in trial.by_key.values() for one in each if one.run == run.id]
        late_ms = lateness(executions, wait_ms)
        right = late_ms is not None and late_ms >= 0 and run.ended_well() and done_once(executions)
        found.append(("timers_wrong", float(not right), {}))
        found.append(("timers_missed", float(not right or late_ms > IN_TIME_MS), {}))
        if right:
            found.append(("timer_late_ms", late_ms, {}))
        found += capability.level(trial, run, [f"{run.id}/{AFTER}/-"], right)
    return found + repetition.derive(trial)


def lateness(executions, wait_ms):
    """From the end of the last publication and the wait to the first announcement's begin."""
    published = [one.ended_ns for one in executions if one.step == BEFORE and one.ok]
    announced = [one.invoked_ns for one in executions if one.step == AFTER]
    if not published or not announced:
        return None
    return (min(announced) - max(published)) / 1e6 - wait_ms


def done_once(executions):
    """The announcement ended well, and changed something at most once."""
    after = [one for one in executions if one.step == AFTER]
    return any(one.ok for one in after) and sum(bool(one.changed) for one in after) <= 1
