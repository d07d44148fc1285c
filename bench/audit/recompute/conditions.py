"""Samples of many trials by condition, their estimates, and equal trials compared (A/A).

A condition is singled out by experiment, scenario, engine, settings, factors and labels; the
scenario stands among the factors. Twins are there to be compared and count in no estimate.
"""

from dataclasses import dataclass, replace

from .metrics import EXPERIMENTS, overhead, retries, samples
from .statistics import LEVEL, Ratio, estimate, holm, paired_ratio
from .trial import read_trial


@dataclass
class Measurement:
    experiment: str
    metric: str
    engine: str
    settings: str
    factors: dict
    trials: list  # (trial, block, values)

    def id(self):
        factors = ",".join(f"{name}={value}" for name, value in sorted(self.factors.items()))
        return f"{self.experiment}/{self.metric}/{self.engine}/{self.settings}/{factors}"

    def like(self, metric, trials):
        return replace(self, metric=metric, trials=trials)

    def estimate(self):
        return estimate([values for _, _, values in self.trials])


@dataclass
class SelfComparison:
    """A condition against its twin."""

    measurement: Measurement
    ratio: Ratio
    decided: bool
    groups: int
    groups_decided: int


class Conditions:
    """Everything that a folder's raw files come to."""

    def __init__(self, folder, void):
        self.trials = {}
        self.counted = []
        first, second = {}, {}
        for plan in folder.plan["trials"]:
            trial = read_trial(folder, plan)
            self.trials[plan["id"]] = trial
            if trial.status != "completed" or trial.malformed or plan["id"] in void:
                continue
            self.counted.append(plan["id"])
            gather(second if plan.get("twin") else first, plan, samples(trial))
        measurements = list(first.values())
        measurements += retries.across(measurements) + overhead.across(measurements)
        self.by_id = {each.id(): each for each in sorted(measurements, key=Measurement.id)}
        self.self_comparisons = compare(self.by_id, second)


def gather(conditions, plan, found):
    """Adds a trial's samples to their conditions."""
    of_trial = {}
    for metric, value, labels in found:
        factors = {"scenario": plan["scenario"], **plan["factors"], **labels}
        key = (metric, tuple(sorted(factors.items())))
        of_trial.setdefault(key, []).append(value)
    for (metric, factors), values in of_trial.items():
        each = Measurement(plan["experiment"], metric, plan["engine"], plan["settings"], dict(factors), [])
        each = conditions.setdefault(each.id(), each)
        each.trials.append((plan["id"], plan["block"], values))


def compare(by_id, twins):
    """Each twin with what it repeats, corrected for their number within an experiment."""
    found = []
    for id_, twin in sorted(twins.items()):
        first = by_id.get(id_)
        if first is None or twin.metric not in EXPERIMENTS[twin.experiment].SELF:
            continue
        ratio = paired_ratio(pairs(first, twin))
        if ratio is None:
            continue
        threes = [Ratio(ratio.logs[at : at + 3]) for at in range(0, len(ratio.logs) - 2, 3)]
        decided = sum(each.side() in ("larger", "smaller") for each in threes)
        found.append(SelfComparison(first, ratio, False, len(threes), decided))
    for name in {each.measurement.experiment for each in found}:
        family = [each for each in found if each.measurement.experiment == name]
        for each, (adjusted, _) in zip(family, holm([one.ratio.p_outside() for one in family])):
            each.decided = adjusted <= 1.0 - LEVEL + 1e-12
    return found


def pairs(first, second):
    """Samples of both sides by block."""
    a, b = by_block(first), by_block(second)
    return [(block, a.get(block, []), b.get(block, [])) for block in sorted({*a, *b})]


def by_block(measurement):
    blocks = {}
    for _, block, values in measurement.trials:
        blocks.setdefault(block, []).extend(values)
    return blocks
