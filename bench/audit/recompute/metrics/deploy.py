"""Deployment: whether a run that waited went on by its own code, and one that began later had the new."""

from . import capability, repetition
from .waiting import took_effect_once

SELF = ()


def derive(trial, observed):
    found = list(observed)
    all_right = True
    for run in trial.runs:
        old = run.id.endswith(".old")
        words = [event for event in trial.of("signal_acknowledged") if event["run"] == run.id]
        executions = [one for each in trial.by_key.values() for one in each if one.run == run.id]
        told = any(one.step == "escalate" and one.ok for one in executions)
        released = bool(words) and run.ended_well() and took_effect_once(words[0], executions)
        right = released and told != old
        all_right = all_right and right
        found.append(("old_runs_wrong" if old else "new_runs_wrong", float(not right), {}))
    return found + level(trial, observed, all_right) + repetition.derive(trial)


def level(trial, observed, all_right):
    if any(metric == "rolled_back" and value > 0 for metric, value, _ in observed):
        return [("capability_level", capability.UNSUPPORTED, {})]
    old = [run for run in trial.runs if run.id.endswith(".old")]
    return capability.level(trial, old[0], [f"{old[0].id}/announce/-"], all_right) if old else []
