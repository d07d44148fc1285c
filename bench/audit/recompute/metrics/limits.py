"""Limits: whether a run of many steps ended with all of them, and its last steps against its first."""

SELF = ("hundred_ms",)
HUNDRED = 100


def derive(trial, observed):
    if "limit" in trial.plan["factors"]:
        return [(metric, value, {k: v for k, v in labels.items() if k != "said"}) for metric, value, labels in observed]
    ends = sorted(value for metric, value, _ in observed if metric == "step_end_ms")
    found = [each for each in observed if each[0] != "step_end_ms"]
    wanted = int(trial.factor("steps") or 0)
    ended_well = bool(trial.runs) and all(run.ended_well() for run in trial.runs)
    right = ended_well and len(ends) == wanted
    found.append(("chains_wrong", float(not right), {}))
    if right and wanted >= 2 * HUNDRED:
        for part, begin in (("first", 0), ("last", wanted - HUNDRED)):
            found.append(("hundred_ms", ends[begin + HUNDRED - 1] - ends[begin], {"part": part}))
    return found
