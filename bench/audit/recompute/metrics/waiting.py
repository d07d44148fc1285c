"""Waiting: whether a run went on once, when a person had said so, and by whom."""

from . import capability, repetition

SELF = ("wake_ms",)


def derive(trial, observed):
    found = list(observed)
    alone = trial.plan.get("side_by_side", 1) == 1
    if trial.plan["factors"].get("words") == "too-late":
        said = any(metric == "late_word_taken" for metric, _, _ in observed)
        return found + late(trial, said) + repetition.derive(trial)
    for run in trial.runs:
        words = [event for event in trial.of("signal_acknowledged") if event["run"] == run.id]
        executions = [one for each in trial.by_key.values() for one in each if one.run == run.id]
        right = bool(words) and run.ended_well() and took_effect_once(words[0], executions)
        found.append(("approvals_wrong", float(not right), {}))
        released = [f"{run.id}/{word['releases']}/-" for word in words[:1]]
        found += capability.level(trial, run, released, right)
        if right and alone:
            found += wake_ms(words[0], executions)
    return found + repetition.derive(trial)


def late(trial, said):
    """Of a run whose word came when it waited no longer: one was said, the run ended well, nothing was released, and
    somebody was told once that no word had come."""
    found = []
    for run in trial.runs:
        executions = [one for each in trial.by_key.values() for one in each if one.run == run.id]
        told = sum(one.step == "escalate" and bool(one.ok) for one in executions)
        released = any(one.step == "announce" for one in executions)
        right = said and run.ended_well() and told == 1 and not released
        found.append(("approvals_wrong", float(not right), {}))
        found += capability.level(trial, run, [f"{run.id}/escalate/-"], right)
    return found


def took_effect_once(word, executions):
    """The step that it releases was executed after it only, ended well, and changed something at most
    once."""
    released = [one for one in executions if one.step == word["releases"]]
    early = any(one.invoked_ns < word["sent_ns"] for one in released)
    changes = sum(bool(one.changed) for one in released)
    return not early and any(one.ok for one in released) and changes <= 1


def wake_ms(word, executions):
    """From the word's acknowledgement to the first step that was invoked after it was sent."""
    after = [one.invoked_ns for one in executions if one.invoked_ns >= word["sent_ns"]]
    return [("wake_ms", max(0, min(after) - word["t_ns"]) / 1e6, {})] if after else []
