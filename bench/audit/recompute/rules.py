"""The rules of claims: what each tests, its p-value, and what it says at a level.

The p-value of a rule is the smallest level of error at which it decides anything.
"""

import math
from dataclasses import dataclass, field

from .difference import difference, difference_bound, more_a_side, p_difference
from .formats import number, percent
from .power import more_pairs, more_right
from .statistics import (
    estimate,
    lower_bound,
    median,
    p_rate_above,
    p_rate_at_most,
    paired_ratio,
    upper_bound,
)

FEWEST_KILLS = 59
SUPPORTED, CONTRADICTED, UNDECIDED = "supported", "contradicted", "undecided"


@dataclass
class Tested:
    """What a rule found; functions of a level where the correction sets the level."""

    value: float | None
    p: float
    verdict_at: object
    interval_at: object = lambda _level: None
    figures: dict = field(default_factory=dict)
    figure_at: object = lambda _level: {}
    needs_at: object = lambda _level: None  # how what it needs begins: a number and a noun
    values: list = field(default_factory=list)  # (engine, settings, text, interval, n)
    evidence: list = field(default_factory=list)
    effect: str | None = None  # in words, of a ratio


def selected(conditions, rule, side):
    """The measurements of a side: its conditions, whatever the factors it does not name are."""
    return [
        each
        for each in conditions.by_id.values()
        if each.experiment == rule["experiment"]
        and each.metric == rule["metric"]
        and each.engine == side["engine"]
        and each.settings == side["settings"]
        and each.factors.get("scenario") == side["scenario"]
        and all(each.factors.get(name) == value for name, value in side.get("factors", {}).items())
    ]


def wrong(measurements):
    """(k, n): trials with a value above 0, and trials."""
    trials = [values for each in measurements for _, _, values in each.trials]
    return sum(any(value > 0 for value in values) for values in trials), len(trials)


def bound(k, n, at_most):
    """At most a share of the trials is wrong."""
    below, above = p_rate_at_most(k, n, at_most), p_rate_above(k, n, at_most)

    def verdict(level):
        if below <= 1.0 - level + 1e-12:
            return SUPPORTED
        return CONTRADICTED if above <= 1.0 - level + 1e-12 else UNDECIDED

    def interval(level):
        if k / n <= at_most:
            return (0.0, upper_bound(k, n, level))
        return (lower_bound(k, n, level), 1.0)

    return Tested(
        k / n,
        min(below, above),
        verdict,
        interval,
        {"wrong": f"{k} of {n}"},
        lambda level: {"bound": percent(upper_bound(k, n, level))},
        lambda level: trials(more_right(k, n, at_most, level)),
    )


def conformance(passed, failed, unknown, at_most):
    """An invariant passes in every trial, and in enough of them; one failure contradicts."""
    n = passed + failed + unknown
    p = 0.0 if failed else p_rate_at_most(unknown, n, at_most)

    def verdict(level):
        if failed:
            return CONTRADICTED
        return SUPPORTED if p <= 1.0 - level + 1e-12 else UNDECIDED

    def interval(level):
        return (lower_bound(failed, n, level), 1.0) if failed else (0.0, upper_bound(unknown, n, level))

    tail = f", {unknown} unknown" if unknown else ""
    text = f"{passed} of {n} trial{'' if n == 1 else 's'}{tail}"
    bounded = lambda level: {"bound": percent(upper_bound(failed + unknown, n, level))}
    needs = lambda level: trials(more_right(unknown, n, at_most, level))
    return Tested(failed / n, p, verdict, interval, {"passed": text}, bounded, needs)


def trials(more):
    return "far more trials" if more is None else f"{more} trial"


def rates(a, b, margin):
    """The first side's rate is at most the second's and a margin."""
    value = difference(a, b)
    few = min(a[1], b[1]) < FEWEST_KILLS
    below, above = (1.0, 1.0) if few else p_difference(a, b, margin)

    def verdict(level):
        if below <= 1.0 - level + 1e-12:
            return SUPPORTED
        return CONTRADICTED if above <= 1.0 - level + 1e-12 else UNDECIDED

    def interval(level):
        if few:
            return None
        return (-1.0, difference_bound(a, b, level, 1)) if value <= margin else (difference_bound(a, b, level, -1), 1.0)

    def text(level):
        if few:
            return {"difference": "not estimated (too few trials)"}
        high = difference_bound(a, b, level, 1)
        return {"difference": f"{number(value * 100)} points, at most {number(high * 100)}"}

    def needs(level):
        return f"at least {FEWEST_KILLS} trials, {a[1]} and {b[1]}" if few else trials(more_a_side(a, b, margin, level))

    count = lambda side: f"{side[0]} of {side[1]}"
    return Tested(value, min(below, above), verdict, interval, {"a": count(a), "b": count(b)}, text, needs)


def positive(values):
    return bool(values) and median(values) > 0.0


def ratio(named, predicted, limit):
    """The first side's values over the second's: lower, higher or the same as the limit says."""
    pairs = [(block_of(name), a, [value * limit for value in b]) for name, a, b in named]
    found = paired_ratio(pairs)
    if found is None:
        return None
    wanted = {"lower": "smaller", "higher": "larger", "equivalent": "same"}[predicted]

    def verdict(level):
        side = found.side(level)
        if side is None:
            return UNDECIDED
        return SUPPORTED if side == wanted else CONTRADICTED

    def needs(level):
        more = more_pairs(found, level)
        lacking = "; ".join(name for name, a, b in named if not (positive(a) and positive(b)))
        return f"{'far' if more is None else more} more blocks, dropped: {lacking}"

    def interval(level):
        ends = found.interval(level)
        return ends and tuple(each * limit for each in ends)

    def text(level):
        counted = f"{found.pairs} pair{'' if found.pairs == 1 else 's'}"
        ends = interval(level)
        if ends is None:
            return {"ratio": f"not estimated (too few trials: {counted})"}
        return {
            "ratio": f"{number(found.value * limit)} [{number(ends[0])}, {number(ends[1])}] over {counted}"
        }

    value, effect = found.value * limit, found.effect()
    return Tested(value, found.p_decided(), verdict, interval, {}, text, needs, effect=effect)


def sides_by_block(a, b, factors):
    """(name, first samples, second samples) of each block and condition. A condition is told by the
    factors that neither the scenario nor a side fixes; the name is the block's and the condition's."""

    def samples(measurements):
        found = {}
        for each in measurements:
            rest = {k: v for k, v in each.factors.items() if k != "scenario" and k not in factors}
            for _, block, values in each.trials:
                found.setdefault((block, tuple(sorted(rest.items()))), []).extend(values)
        return found

    first, second = samples(a), samples(b)
    return [(name_of(*key), first.get(key, []), second.get(key, [])) for key in sorted({*first, *second})]


def name_of(block, rest):
    return ", ".join([f"block {block}", *(f"{name}={value}" for name, value in rest)])


def block_of(name):
    return int(name.partition(",")[0].removeprefix("block "))


def side_value(measurements, unit):
    """(text, interval, n) of a side's own estimate: of trials, or of blocks over conditions. A
    block that lacks a condition is left out, as its mean would be of something else."""
    if len(measurements) == 1:
        found = measurements[0].estimate()
    else:
        blocks = {}
        for at, each in enumerate(measurements):
            for _, block, values in each.trials:
                blocks.setdefault(block, {}).setdefault(at, []).append(median(values))
        means = [
            [math.fsum(median(values) for values in of.values()) / len(of)]
            for _, of in sorted(blocks.items())
            if len(of) == len(measurements)
        ]
        found = estimate(means)
    return f"{number(found.value)}{' ' if unit else ''}{unit}", found.interval, found.trials
