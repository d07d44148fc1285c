"""Rehearsal: whether a run of steps that pretend to work ended well."""

SELF = ("rehearsal_ms",)


def derive(trial, observed):
    ended_well = bool(trial.runs) and all(run.ended_well() for run in trial.runs)
    return [*observed, ("rehearsals_wrong", float(not ended_well), {})]
