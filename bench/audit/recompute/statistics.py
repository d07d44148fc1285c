"""The statistics by their definitions.

The estimand is the population's median over trials; a trial counts once, by the median of its
samples. Three to eleven trials: the mean of the logarithms (of the values where one is not
positive) with Student's t; from twelve on the median with the interval of the sign test. Ratios:
the same on the logarithms of the blocks' ratios. Counts: Clopper and Pearson. Families: Holm.
"""

import math
from dataclasses import dataclass

from .distributions import beta_quantile, binomial_cdf, sign_cdf, t_quantile, t_upper

LEVEL = 0.95
FEWEST = 3
BY_RANK = 12
MARGIN = math.log(1.05)


def median(values):
    ordered = sorted(values)
    half = len(ordered) // 2
    return ordered[half] if len(ordered) % 2 else (ordered[half - 1] + ordered[half]) / 2.0


def nearest_rank(values, p):
    """The smallest value that at least a share p of the values does not exceed."""
    ordered = sorted(values)
    # A share such as 0.95 of 20 is 19, whatever binary fractions make of it.
    return ordered[max(1, math.ceil(p * len(ordered) - 1e-9)) - 1]


@dataclass
class Location:
    """Where the median of a population lies, from values of it."""

    values: list

    def __post_init__(self):
        self.values = sorted(self.values)
        self.n = len(self.values)
        self.same = self.values[0] == self.values[-1]
        self.mean = self.values[0] if self.same else math.fsum(self.values) / self.n
        squares = math.fsum((each - self.mean) ** 2 for each in self.values)
        self.error = 0.0 if self.same else math.sqrt(squares / (self.n - 1) / self.n)

    def point(self):
        return median(self.values) if self.n >= BY_RANK else self.mean

    def interval(self, level=LEVEL):
        if self.n < FEWEST:
            return None
        if self.n < BY_RANK:
            reach = t_quantile(1.0 - (1.0 - level) / 2.0, self.n - 1) * self.error
            return (self.mean - reach, self.mean + reach)
        if self.same:
            return (self.mean, self.mean)
        tail = (1.0 - level) / 2.0
        rank = 0
        while sign_cdf(rank, self.n) <= tail:
            rank += 1
        # P(K <= rank - 1) is within the tail: X(rank) lies above the median no more often.
        return None if rank == 0 else (self.values[rank - 1], self.values[self.n - rank])

    def p_above(self, bound):
        """One-sided p-value by which the median is shown to lie above the bound."""
        if self.n < FEWEST:
            return 1.0
        if self.same:
            return 0.0 if self.mean > bound else 1.0
        if self.n < BY_RANK:
            return t_upper((self.mean - bound) / self.error, self.n - 1)
        return sign_cdf(sum(each <= bound for each in self.values), self.n)

    def p_below(self, bound):
        return Location([-each for each in self.values]).p_above(-bound)


@dataclass
class Estimate:
    value: float
    interval: tuple | None
    trials: int
    samples: int


def estimate(trials):
    """Of trials, each a list of samples; those without samples count for nothing."""
    trials = [each for each in trials if each]
    medians = [median(each) for each in trials]
    samples = sum(len(each) for each in trials)
    if not medians:
        return Estimate(0.0, None, 0, 0)
    logs = len(medians) < BY_RANK and min(medians) > 0.0 and min(medians) != max(medians)
    where = Location([math.log(each) for each in medians] if logs else medians)
    value, interval = where.point(), where.interval()
    if logs:
        value, interval = math.exp(value), interval and tuple(math.exp(each) for each in interval)
    return Estimate(value, interval, len(medians), samples)


@dataclass
class Ratio:
    """The first side over the second, over blocks; `logs` has one value a block, `sides` both sides' logs."""

    logs: list
    sides: tuple = ((), ())

    def __post_init__(self):
        self.where = Location(self.logs)
        self.pairs = len(self.logs)
        self.value = math.exp(self.where.point())

    def interval(self, level=LEVEL):
        interval = self.where.interval(level)
        return interval and tuple(math.exp(each) for each in interval)

    def p_outside(self):
        """Of "outside the margin", on either side: twice the smaller one-sided p-value."""
        return min(1.0, 2.0 * min(self.where.p_above(MARGIN), self.where.p_below(-MARGIN)))

    def p_inside(self):
        """Of "within the margin": twice that of the two one-sided tests."""
        return min(1.0, 2.0 * max(self.where.p_below(MARGIN), self.where.p_above(-MARGIN)))

    def p_decided(self):
        return min(self.p_outside(), self.p_inside())

    def effect(self):
        """In the words of Vargha and Delaney, by the share of all pairings in which the first is larger."""
        first, second = self.sides
        wins = math.fsum(1.0 if a > b else 0.5 if a == b else 0.0 for a in first for b in second)
        away = abs(wins / (len(first) * len(second)) - 0.5) + 1e-9
        words = ((0.21, "large"), (0.14, "medium"), (0.06, "small"))
        return next((word for least, word in words if away >= least), "negligible")

    def side(self, level=LEVEL):
        """`larger`, `smaller`, `same`, or `None` where the interval overlaps an edge."""
        interval = self.where.interval(level)
        if interval is None:
            return None
        if interval[0] > MARGIN:
            return "larger"
        if interval[1] < -MARGIN:
            return "smaller"
        return "same" if -MARGIN < interval[0] and interval[1] < MARGIN else None


def paired_ratio(pairs):
    """Of (block, first samples, second samples); several pairs of a block are averaged on the
    logarithms and count once. A side that is missing or not positive drops its pair."""
    blocks = {}
    for block, first, second in pairs:
        if first and second and median(first) > 0.0 and median(second) > 0.0:
            blocks.setdefault(block, []).append((math.log(median(first)), math.log(median(second))))
    mean = lambda of: [math.fsum(map(of, each)) / len(each) for _, each in sorted(blocks.items())]
    logs = mean(lambda pair: pair[0] - pair[1])
    return Ratio(logs, (mean(lambda pair: pair[0]), mean(lambda pair: pair[1]))) if logs else None


def lower_bound(k, n, level):
    """The one-sided exact lower bound of a rate."""
    return 0.0 if k == 0 else beta_quantile(1.0 - level, k, n - k + 1)


def upper_bound(k, n, level):
    """The one-sided exact upper bound of a rate."""
    return 1.0 if k == n else beta_quantile(level, k + 1, n - k)


def clopper_pearson(k, n, level=LEVEL):
    """The two-sided exact interval; `None` of no trials."""
    if n == 0:
        return None
    one_sided = 1.0 - (1.0 - level) / 2.0
    return (lower_bound(k, n, one_sided), upper_bound(k, n, one_sided))


def p_rate_at_most(k, n, bound):
    """P(K <= k) at the bound: of "the rate is at most that"."""
    return binomial_cdf(k, n, bound) if n else 1.0


def p_rate_above(k, n, bound):
    """P(K >= k) at the bound: of "the rate is above that"."""
    return 1.0 - binomial_cdf(k - 1, n, bound) if n else 1.0


def holm(p_values):
    """(adjusted p, level of its interval) of each of a family.

    The smallest is held to 0.05 / m, the next to 0.05 / (m - 1), …; from the first that is not
    decided on, all are held to its level. Equal ones are held to the first one's.
    """
    order = sorted(range(len(p_values)), key=lambda index: p_values[index])
    result = [None] * len(p_values)
    running, stopped, alpha, before = 0.0, None, None, None
    for place, index in enumerate(order):
        left = len(p_values) - place
        running = max(running, min(1.0, p_values[index] * left))
        if p_values[index] != before:
            alpha = stopped or (1.0 - LEVEL) / left
        before = p_values[index]
        if stopped is None and running > 1.0 - LEVEL + 1e-12:
            stopped = alpha
        result[index] = (running, 1.0 - alpha)
    return result
