"""Effort: what a user writes for a pattern, of programs that came out right."""

from datetime import date, timedelta

from . import capability, saga, waiting

SELF = ()
TAKEN = ("user_lines", "user_concepts", "processes_needed")
LOOP = "data-dependent-loop"


def derive(trial, observed):
    right = is_right(trial)
    found = [each for each in observed if right or each[0] not in TAKEN]
    found.append(("programs_wrong", float(not right), {}))
    if trial.factor("pattern") == LOOP:
        run = trial.runs[0] if trial.runs else None
        found += capability.level(trial, run, trial.by_key, right)
    return found


def is_right(trial):
    """Whether the run came to what its pattern is about."""
    if len(trial.runs) != 1:
        return False
    (run,), pattern = trial.runs, trial.factor("pattern")
    wrong = lambda found, metric: any(value > 0 for name, value, _ in found if name == metric)
    if pattern == "undoing":
        return run.failure is not None and not wrong(saga.derive(trial, []), "sagas_wrong")
    if pattern == "approval":
        return not wrong(waiting.derive(trial, []), "approvals_wrong")
    return run.ended_well() and (pattern != LOOP or loop_is_right(trial))


def loop_is_right(trial):
    """Day after day was loaded until there were enough rows and no longer; somebody was called where there
    never were."""
    done = sorted(
        (one for each in trial.by_key.values() for one in each if one.ok), key=lambda one: one.invoked_ns
    )
    of = lambda step: [one for one in done if one.step == step]
    loads = of("load")
    enough = trial.plan["parameters"].get("enough_rows")
    if not loads or enough is None:
        return False
    days = [date.fromisoformat(one.partition) for one in loads]
    in_order = all(later - earlier == timedelta(days=1) for earlier, later in zip(days, days[1:]))
    rows = [one.rows or 0 for one in loads]
    reached = sum(rows) >= enough
    wanted = reached != (trial.factor("program") == "short")
    return in_order and sum(rows[:-1]) < enough and wanted and len(of("escalate")) == (0 if reached else 1)
