"""Restart survival: what a kill broke, what it cost, and how soon the last run ended."""

from . import repetition

SELF = ("recovery_ms",)


def derive(trial, observed):
    found = list(observed)
    if trial.runs:
        wrong = any(not trial.ended_right(run) for run in trial.runs)
        found.append(("kills_wrong", float(wrong), {}))
    lost = [trial.missing_rows(source) for source in trial.left]
    if lost and None not in lost:
        found.append(("rows_lost", float(sum(lost)), {}))
    found += repetition.derive(trial)
    share = wasted(trial.by_key)
    if share is not None:
        found.append(("wasted_work_ratio", share, {}))
    # Only counts are taken from trials that are not alone on the machine.
    alone = trial.plan.get("side_by_side", 1) == 1
    return found + (recovery(trial) if alone else [])


def wasted(by_key):
    """The share of the time in steps that went into other executions than each key's last good one."""
    spent = needed = 0
    for executions in by_key.values():
        good = [one for one in executions if one.ok]
        for one in executions:
            end = one.last_seen_ns()
            took = max(0, end - one.invoked_ns) if end is not None else 0
            spent += took
            needed += took if good and one is good[-1] else 0
    return (spent - needed) / spent if spent else None


def recovery(trial):
    """From the kill to the end of the last run, where all ended well, and its parts where a worker was
    killed."""
    if not trial.runs or not all(run.ended_well() for run in trial.runs):
        return []
    end = max(run.ended_ns for run in trial.runs)
    crashed = [one for each in trial.by_key.values() for one in each if one.crash_ns is not None]
    if crashed:
        first = min(crashed, key=lambda one: one.crash_ns)
        return [("recovery_ms", ms(first.crash_ns, end), {})] + parts(trial, first, end)
    # The event of the kill itself comes before the one that says that the fault has fired.
    struck = [event["t_ns"] for event in trial.of("server_killed") + trial.of("fault_fired")]
    return [("recovery_ms", ms(min(struck), end), {})] if struck else []


def parts(trial, first, end):
    """Crash → the engine notes it → next invocation under the key → its end → the run's end."""
    after = [one for one in trial.by_key[first.key] if one.invoked_ns > first.crash_ns]
    if not after or after[0].ended_ns is None:
        return []
    again = after[0]
    found = [
        ("detect_and_reschedule_ms", ms(first.crash_ns, again.invoked_ns), {}),
        ("reexecute_ms", ms(again.invoked_ns, again.ended_ns), {}),
        ("catch_up_ms", ms(again.ended_ns, end), {}),
    ]
    noted = noted_ns(trial, first)
    if noted is not None and first.crash_ns <= noted <= again.invoked_ns:
        found.append(("detect_ms", ms(first.crash_ns, noted), {}))
        found.append(("reschedule_ms", ms(noted, again.invoked_ns), {}))
    return found


def noted_ns(trial, first):
    """When the engine's own history notes the loss of the crashed attempt."""
    for event in trial.of("engine_history"):
        for step in event["steps"]:
            if event["run"] == first.run and step["key"] == first.key:
                for failed in step.get("failed", []):
                    if failed["attempt"] == first.attempt:
                        return failed["noted_ns"]
    return None


def ms(begin, end):
    return max(0, end - begin) / 1e6
