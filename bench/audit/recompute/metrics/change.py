"""Change: what was made again after one, against what had to be."""

from . import repetition
from .capability import EMULATED, NATIVE, UNSUPPORTED, completed_itself

SELF = ()
BEFORE_THE_DAYS = ("extract_airlines", "extract_airports", "extract_planes")
# Steps of a day, and those after all days, each behind what it reads.
OF_A_DAY = {
    "extract_flights": (),
    "extract_weather": (),
    "transform": (*BEFORE_THE_DAYS, "extract_flights", "extract_weather"),
    "check": ("transform",),
    "load": ("check", "transform"),
}
AFTER = {"publish": ("load",), "announce": ("publish",)}


def derive(trial, observed):
    stale = {labels["key"] for metric, _, labels in observed if metric == "called_stale"}
    found = [each for each in observed if each[0] != "called_stale"]
    found += repetition.derive(trial)
    interrupted = trial.plan["factors"]["changed"] == "interrupted"
    if interrupted:
        found += backfill(trial, stale)
    if len(trial.runs) != 2:
        return found
    first, again = trial.runs
    needed, dependent = what_depends(trial, first.id, again.id)
    made = pieces(trial, again.id)
    found += [
        ("steps_made_again", float(len(made)), {}),
        ("steps_needed", float(len(needed)), {}),
        ("steps_needless", float(len(made - needed)), {}),
        ("steps_missed", float(len(needed - made)), {}),
    ]
    if interrupted:
        return found
    if trial.plan["factors"]["changed"] == "failing":
        return found + failing(trial, first, again, made, needed, stale)
    return found + levels(trial, again, made, needed, dependent, stale)


def pieces(trial, run):
    """The steps that a run executed, each with its day."""
    executions = (one for each in trial.by_key.values() for one in each if one.run == run)
    return {(one.step, one.partition) for one in executions}


def version(trial, run, piece):
    """Of what a run made of a step last; None where it did not."""
    good = [one.version for one in trial.by_key.get(key(run, piece), []) if one.ok]
    return good[-1] if good else None


def key(run, piece):
    return f"{run}/{piece[0]}/{piece[1] or '-'}"


def what_depends(trial, first, again):
    """What had to be made again: what was not made, has changed, or reads what came out otherwise; and
    all that depends on such, whatever came out."""
    executed = pieces(trial, first)
    days = sorted({day for _, day in executed | pieces(trial, again) if day})
    parameters, changed = trial.plan["parameters"], trial.plan["factors"]["changed"]
    needed, dependent = set(), set()

    def look(piece, reads):
        itself = version(trial, first, piece) is None
        itself |= changed == "partition" and piece == ("extract_flights", parameters["day"])
        itself |= changed == "code" and piece[0] == parameters["step"] and piece in executed
        if itself or any(each in needed and other(each) for each in reads):
            needed.add(piece)
        if itself or any(each in dependent for each in reads):
            dependent.add(piece)

    def other(piece):
        after = version(trial, again, piece)
        return after is None or after != version(trial, first, piece)

    for step in BEFORE_THE_DAYS:
        look((step, None), [])
    for day in days:
        for step, reads in OF_A_DAY.items():
            look((step, day), [(read, None if read in BEFORE_THE_DAYS else day) for read in reads])
    for step, reads in AFTER.items():
        look((step, None), [(read, day) for read in reads for day in (days if read in OF_A_DAY else [None])])
    return needed, dependent


def levels(trial, run, made, needed, dependent, stale):
    """2 where the engine's own records called all that was made stale before, or what it judges; 1 where
    they did not; 0 where too much or too little was made."""
    whole = run.ended_well() and needed <= made
    if whole and not made:
        return []
    known = all_known(run, made, stale)

    def level(right):
        if not right:
            return UNSUPPORTED
        return NATIVE if known else EMULATED

    found = [("capability_level", level(whole and made <= dependent), {"pattern": "asset-definition"})]
    if trial.plan["factors"]["changed"] == "partition":
        found.append(("capability_level", level(whole and made == needed), {"pattern": "partition-change"}))
    return found


def all_known(run, made, stale):
    """Whether the engine's records called all of it stale, or what it judges."""
    judged = {"check": "transform"}
    return all(
        key(run.id, piece) in stale or key(run.id, (judged.get(piece[0], piece[0]), piece[1])) in stale for piece in made
    )


def backfill(trial, stale):
    """What was made twice of a backfill that was killed half-way, and whose work it was to go on."""
    killed = [event["t_ns"] for event in trial.of("fault_fired")]
    loads = {}
    executions = [one for each in trial.by_key.values() for one in each]
    for one in executions:
        if one.step == "load" and one.ok:
            loads.setdefault(one.partition, []).append(one.ended_ns)
    last = trial.runs[-1]
    days = {row[0] for row in trial.expected.get(last.source) or []}
    if not killed or sum(min(ends) < killed[0] for ends in loads.values()) >= len(days):
        return []
    twice = sum(len(ends) > 1 for ends in loads.values())
    found = [("partitions_made_twice", float(twice), {})]
    if loads:
        span_ns = max(max(ends) for ends in loads.values()) - min(one.invoked_ns for one in executions)
        found.append(("partitions_per_s", len(loads) / (span_ns / 1e9), {}))
    few = twice <= 0.05 * len(days) + at_once(executions, killed[0])
    right = days <= set(loads) and few and last.ended_well()
    if not right:
        level = UNSUPPORTED
    elif len(trial.runs) == 1:
        level = NATIVE if announced_itself(trial, last) else EMULATED
    else:
        level = NATIVE if all_known(last, pieces(trial, last.id), stale) else EMULATED
    return [*found, ("capability_level", level, {"pattern": "backfill-interrupted"})]


def at_once(executions, killed_ns):
    """The most steps of partitions that were at work at any one time before all was killed."""
    begun = [one for one in executions if one.partition and one.invoked_ns < killed_ns]
    changes = [(one.invoked_ns, 1) for one in begun]
    changes += [(one.ended_ns, -1) for one in begun if one.ended_ns is not None]
    # What ends at an instant is no longer at work at it.
    most = now = 0
    for _, change in sorted(changes):
        now += change
        most = max(most, now)
    return most


def failing(trial, first, again, made, needed, stale):
    """Whether a day that failed kept others from being loaded, and what was made after it was mended."""
    executions = (one for each in trial.by_key.values() for one in each if one.run == first.id)
    loaded = {one.partition for one in executions if one.step == "load" and one.ok}
    left = {row[0] for row in trial.expected.get(first.source) or []} - loaded
    right = len(left) == 1 and first.failure is not None and again.ended_well() and made == needed
    if not right:
        level = UNSUPPORTED
    else:
        level = NATIVE if all_known(again, made, stale) else EMULATED
    return [
        ("partitions_left_out", float(max(0, len(left) - 1)), {}),
        ("capability_level", level, {"pattern": "backfill-failed-only"}),
    ]


def announced_itself(trial, run):
    """Whether by the engine's own history the run announced, and no other for it."""
    return f"{run.id}/announce/-" in (completed_itself(trial, run) or ())
