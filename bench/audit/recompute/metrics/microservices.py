"""Microservices: whether an order happened as a whole or not at all, by the ledger of its services.

The ledger is the applied log of such a trial: each call that a service took, in order, with its time, what it
changed and what was answered.
"""

from . import capability, repetition

SELF = ("order_ms",)
ACTS = ("reserve", "charge", "book")
FOR_GOOD = ("mute", "refuses")


def derive(trial, observed):
    found = list(observed)
    ledger = sorted(trial.applied or [], key=lambda row: row["seq"])
    early = too_early(ledger)
    for run in trial.runs:
        keys = lambda prefix: [f"{run.id}/{prefix}{act}/-" for act in ACTS]
        begun = [
            (act, undo) for act, undo in zip(keys(""), keys("undo_")) if act in trial.by_key
        ]
        ended = run.ended_ns is not None
        well = ended and run.failure is None
        failed = ended and run.failure is not None
        done = effects(ledger, [act for act, _ in begun])
        undone = effects(ledger, [undo for _, undo in begun])
        left = [
            act for act, undo in begun if act in done and not any(at > done[act][-1] for at in undone.get(undo, []))
        ]
        if trial.factor("trouble") in FOR_GOOD:
            called = f"{run.id}/{trial.factor('service')}/-" in dict(begun)
            right = failed and called and not left and put_back_in_reverse(trial, begun, done, undone)
        else:
            booked = any(one.ok for one in trial.by_key.get(f"{run.id}/book/-", []))
            right = well and booked and all(act in done for act, _ in begun)
            right = right and not any(undo in trial.by_key for _, undo in begun)
        right = right and trial.applied is not None and early == 0
        right = right and all(len(at) == 1 for at in effects(ledger, None).values())
        found.append(("orders_wrong", float(not right), {}))
        found.append(("effects_left", 0.0 if well else float(len(left)), {}))
        found.append(("calls_too_early", float(early), {}))
        if right and trial.plan.get("side_by_side", 1) == 1:
            acknowledged = [e["t_ns"] for e in trial.of("run_acknowledged") if e["run"] == run.id]
            found.append(("order_ms", max(0, run.ended_ns - acknowledged[0]) / 1e6, {}))
        found += capability.level(trial, run, [undo if failed else act for act, undo in begun], right)
    return found + repetition.derive(trial)


def effects(ledger, keys):
    """Where each key changed something, by its places in the ledger; of these keys, or of all."""
    places = {}
    for row in ledger:
        if row["rows_changed"] and (keys is None or row["key"] in keys):
            places.setdefault(row["key"], []).append(row["seq"])
    return places


def put_back_in_reverse(trial, begun, done, undone):
    """By the ledger a later effect is put back before an earlier one; by the journal no compensation begins
    before that of the act after it has held; and each is put back once."""
    happened = sorted((done[act][-1], undone[undo][0]) for act, undo in begun if act in done)
    back = [at for _, at in reversed(happened)]
    # An act and the one after it, by when they were begun.
    order = sorted(begun, key=lambda keys: trial.by_key[keys[0]][0].invoked_ns)
    for (_, earlier), (_, later) in zip(order, order[1:]):
        first = [one.invoked_ns for one in trial.by_key.get(earlier, [])]
        held = [one.ended_ns for one in trial.by_key.get(later, []) if one.ok]
        if first and held and min(first) < min(held):
            return False
    return back == sorted(back) and all(len(at) == 1 for at in undone.values())


def too_early(ledger):
    """How many calls came before the time that an earlier answer under their key had stated."""
    count = 0
    for row in ledger:
        earlier = [
            each["answer"]
            for each in ledger
            if each["key"] == row["key"] and each["seq"] < row["seq"] and each.get("answer")
        ]
        asked = [each for each in earlier if each.get("retry_after_ms") is not None]
        if row.get("answer"):
            came = row["answer"]["t_ns"]
            count += any(came - each["t_ns"] < each["retry_after_ms"] * 1_000_000 for each in asked)
    return count
