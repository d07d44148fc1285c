"""Waiting: whether a run went on once, when a person had said so, and by whom."""

from . import repetition

SELF = ("wake_ms",)
NATIVE, EMULATED, UNSUPPORTED = 2.0, 1.0, 0.0


def derive(trial, observed):
    found = list(observed)
    alone = trial.plan.get("side_by_side", 1) == 1
    for run in trial.runs:
        words = [event for event in trial.of("signal_acknowledged") if event["run"] == run.id]
        executions = [one for each in trial.by_key.values() for one in each if one.run == run.id]
        right = bool(words) and run.ended_well() and took_effect_once(words[0], executions)
        found.append(("approvals_wrong", float(not right), {}))
        found += level(trial, run, words, right)
        if right and alone:
            found += wake_ms(words[0], executions)
    return found + repetition.derive(trial)


def took_effect_once(word, executions):
    """The step that it releases was executed after it only, ended well, and changed something at most
    once."""
    released = [one for one in executions if one.step == word["releases"]]
    early = any(one.invoked_ns < word["sent_ns"] for one in released)
    changes = sum(bool(one.changed) for one in released)
    return not early and any(one.ok for one in released) and changes <= 1


def level(trial, run, words, right):
    """2 where the released step is completed in the history of the run that waited, 1 where it came
    otherwise, 0 where it did not come as it should."""
    if not right:
        return [("capability_level", UNSUPPORTED, {})]
    told = [event for event in trial.of("engine_history") if event["run"] == run.id]
    if not told:
        return []
    key = f"{run.id}/{words[0]['releases']}/-"
    own = any(
        step["key"] == key and step["completed"] and not step.get("in_another_run") for step in told[0]["steps"]
    )
    return [("capability_level", NATIVE if own else EMULATED, {})]


def wake_ms(word, executions):
    """From the word's acknowledgement to the first step that was invoked after it was sent."""
    after = [one.invoked_ns for one in executions if one.invoked_ns >= word["sent_ns"]]
    return [("wake_ms", max(0, min(after) - word["t_ns"]) / 1e6, {})] if after else []
