"""Retries: attempts and gaps by the journal, and the time that failures add."""

from ..statistics import median
from . import capability, repetition

SELF = ("run_ms",)
NO_FAILURES = "rate-0.00"
TOLERANCE_MS = 5.0


def derive(trial, observed):
    rated = trial.factor("case").startswith("rate-")
    # Times are taken from trials that were alone on the machine.
    alone = trial.plan.get("side_by_side", 1) == 1
    if not alone or rated and not all(trial.ended_right(run) for run in trial.runs):
        observed = [each for each in observed if each[0] != "run_ms"]
    found = []
    if rated:
        every = [one for each in trial.by_key.values() for one in each]
        if every:
            failed = sum(one.error is not None for one in every)
            found.append(("failed_share", failed / len(every), {}))
    policies = {run.id: run.retry for run in trial.runs}
    for _, attempts in sorted(trial.by_key.items()):
        if not rated and any(one.error is not None for one in attempts):
            found.append(("attempts", float(len(attempts)), {}))
        retry = policies.get(attempts[0].run)
        for before, after in zip(attempts, attempts[1:]):
            if before.error is None or retry is None or not alone:
                continue
            gap = max(0.0, (after.invoked_ns - before.ended_ns) / 1e6)
            delay = scheduled_ms(trial.engine["retry_schedule"], retry, before.attempt)
            found.append(("retry_gap_ms", gap, {}))
            found.append(("retry_gap_excess_ms", gap - delay, {}))
    return observed + found + (repetition.derive(trial) if rated else []) + spacing(trial, policies)


def spacing(trial, policies):
    """The level at which an engine spaces retries as asked: native where the run ended right, no gap was
    shorter than its delay, and none that was not to double was as long as if it had."""
    alone = trial.plan.get("side_by_side", 1) == 1
    if not trial.factor("pattern").startswith("retry-") or not alone:
        return []
    kept = []
    for attempts in trial.by_key.values():
        retry = policies.get(attempts[0].run)
        for before, after in zip(attempts, attempts[1:]):
            if before.error is None or retry is None:
                continue
            gap = (after.invoked_ns - before.ended_ns) / 1e6
            schedule = trial.engine["retry_schedule"]
            asked = scheduled_ms(schedule, retry, before.attempt)
            doubling = retry | {"backoff_coefficient": 2.0, "max_delay_ms": float("inf")}
            doubled = scheduled_ms(schedule, doubling, before.attempt)
            kept.append(gap >= asked - TOLERANCE_MS and (doubled <= asked or gap < doubled))
    right = all(trial.ended_right(run) for run in trial.runs)
    shown = right and len(kept) > 1 and all(kept)
    level = capability.NATIVE if shown else capability.UNSUPPORTED
    return [("capability_level", level, {})]


def scheduled_ms(schedule, retry, failed):
    """The wait that an engine with this schedule documents after its failed attempt of this number:
    with coefficient 2 it is 2^(k-1) delays after the k-th, or one delay less than twice that."""
    delay, factor = float(retry["delay_ms"]), retry["backoff_coefficient"]
    if schedule == "exponential-less-one" and factor != 1.0:
        delay *= factor**failed - 1.0
    else:
        delay *= factor ** (failed - 1)
    return min(delay, float(retry["max_delay_ms"]))


def across(measurements):
    """`added_ms`: a run's time at a share of failing attempts less that of the failure-free run of
    the same block, scenario, engine and settings."""
    runs = [m for m in measurements if m.experiment == "retries" and m.metric == "run_ms"]
    found = []
    for rated in runs:
        case = rated.factors.get("case", "")
        if not case.startswith("rate-") or case == NO_FAILURES:
            continue
        base = next(
            (
                m
                for m in runs
                if m.factors.get("case") == NO_FAILURES
                and (m.engine, m.settings) == (rated.engine, rated.settings)
                and m.factors.get("scenario") == rated.factors.get("scenario")
            ),
            None,
        )
        if base is None:
            continue
        free = {block: median(values) for _, block, values in base.trials if values}
        trials = [
            (trial, block, [median(values) - free[block]])
            for trial, block, values in rated.trials
            if values and block in free
        ]
        if trials:
            found.append(rated.like("added_ms", trials))
    return found
