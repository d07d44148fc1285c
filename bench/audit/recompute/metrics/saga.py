"""Saga: whether a run that failed left anything, and by whom it was undone.

An act is an execution of a step that has a compensation, by the run and the step of its key.
"""

from . import capability, repetition

SELF = ("undo_ms",)
UNDO = {"load": "undo_load", "publish": "undo_publish", "announce": "undo_announce"}


class Act:
    """A key that was begun, with the executions of its compensation and the commits of both."""

    def __init__(self, trial, key, executions):
        self.executions, self.step, self.begun_ns = executions, executions[0].step, executions[0].invoked_ns
        run, _, partition = key.split("/", 2)
        self.key, self.undo_key = key, f"{run}/{UNDO[self.step]}/{partition}"
        self.undos = trial.by_key.get(self.undo_key, [])
        self.told = self.step != "announce" and trial.applied is not None
        rows = sorted(trial.applied or [], key=lambda row: row["seq"])
        changed = lambda key: [row["seq"] for row in rows if row["key"] == key and row["rows_changed"]]
        self.acted, self.put_back = changed(self.key), changed(self.undo_key)
        day = None if partition == "-" else partition
        # Another run's work on the same target stays.
        self.superseded = bool(self.acted) and any(
            row["seq"] > self.acted[-1]
            and row["key"] != key
            and (row["step"], row.get("partition")) == (self.step, day)
            for row in rows
        )

    def undone_ns(self):
        held = [one.ended_ns for one in self.undos if one.ok and one.ended_ns > self.begun_ns]
        return min(held) if held else None

    def left(self):
        """Its effect is there and nothing put it back. Of an announcement no log tells: it counts
        unless each of its executions died before the effect."""
        if not self.told:
            happened = any(one.ok or one.crash_point != "before_effect" for one in self.executions)
            return happened and self.undone_ns() is None
        return bool(self.acted) and not self.superseded and not any(at > self.acted[-1] for at in self.put_back)


def derive(trial, observed):
    found = list(observed)
    for run in trial.runs:
        acts = acts_of(trial, run)
        ended_well = run.ended_ns is not None and run.failure is None
        failed = run.ended_ns is not None and run.failure is not None
        whole = any(act.step == "announce" and any(one.ok for one in act.executions) for act in acts)
        whole = whole and not any(act.undos for act in acts)
        left = sum(act.left() for act in acts)
        undone = left == 0 and in_reverse(acts) and not any(act.told and len(act.put_back) > 1 for act in acts)
        right = whole if ended_well else undone if failed else whole or undone
        found.append(("sagas_wrong", float(not right), {}))
        found.append(("effects_left", 0.0 if ended_well or whole else float(left), {}))
        if failed:
            # Times are taken from trials that were alone on the machine.
            found += undo_ms(acts) if trial.plan.get("side_by_side", 1) == 1 else []
            found += level(trial, run, acts, right)
    return found + repetition.derive(trial)


def acts_of(trial, run):
    """The acts that a run began, in that order."""
    begun = [
        Act(trial, key, executions)
        for key, executions in trial.by_key.items()
        if executions[0].run == run.id and executions[0].step in UNDO
    ]
    return sorted(begun, key=lambda act: act.begun_ns)


def in_reverse(acts):
    """No act's undoing begins before the act after it is undone."""
    for earlier, later in zip(acts, acts[1:]):
        held = [one.ended_ns for one in later.undos if one.ok]
        if earlier.undos and held and earlier.undos[0].invoked_ns < min(held):
            return False
    return True


def undo_ms(acts):
    """From the last failure of an act to the last compensation's end, where all are undone."""
    failed = [one.ended_ns for act in acts for one in act.executions if one.error is not None]
    undone = [act.undone_ns() for act in acts]
    if not failed or not undone or None in undone:
        return []
    return [("undo_ms", max(0, max(undone) - max(failed)) / 1e6, {})]


def level(trial, run, acts, right):
    """By trials without a fault: 2 where each compensation is completed in the history of the run that
    failed, 1 where all was put back otherwise, 0 where not."""
    if trial.factor("fault"):
        return []
    undone = [act.undo_key for act in acts if act.undos]
    return [] if right and not undone else capability.level(trial, run, undone, right)
