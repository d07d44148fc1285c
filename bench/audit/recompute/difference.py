"""The difference of two rates: Newcombe's hybrid of Wilson's score intervals.

Newcombe, Interval Estimation for the Difference between Independent Proportions, Statistics in
Medicine 17, 1998, method 10; Wilson, JASA 22, 1927.
"""

import math

from .distributions import bisect, normal_cdf, normal_quantile


def difference(a, b):
    """Of (k, n) each: the first rate less the second."""
    return a[0] / a[1] - b[0] / b[1]


def wilson(k, n, z):
    """The score interval of k of n at a quantile of the normal distribution."""
    p = k / n
    centre = (p + z * z / (2 * n)) / (1 + z * z / n)
    reach = z / (1 + z * z / n) * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    # A side without a case, or with nothing else, reaches its end exactly.
    return (0.0 if k == 0 else centre - reach, 1.0 if k == n else centre + reach)


def ends(a, b, z):
    """The interval of the difference at a quantile."""
    (low_a, high_a), (low_b, high_b) = wilson(*a, z), wilson(*b, z)
    p_a, p_b = a[0] / a[1], b[0] / b[1]
    low = difference(a, b) - math.hypot(p_a - low_a, high_b - p_b)
    high = difference(a, b) + math.hypot(high_a - p_a, p_b - low_b)
    return low, high


def difference_bound(a, b, level, side):
    """The one-sided bound: upper for side 1, lower for side -1."""
    low, high = ends(a, b, normal_quantile(level))
    return high if side > 0 else low


def p_difference(a, b, margin):
    """p-values of "below the margin" and "above it": 1 - the highest level of a bound that says so."""
    return p_below(a, b, margin), p_below(b, a, -margin)


def p_below(a, b, margin):
    """Of "the difference is below the margin"."""
    if difference(a, b) >= margin:
        # The bound is past the margin at every level above one half; the lower end tells how far.
        z = bisect(lambda z: -ends(a, b, z)[0], -margin, 0.0, 40.0)
        return normal_cdf(z)
    z = bisect(lambda z: ends(a, b, z)[1], margin, 0.0, 40.0)
    return 1.0 - normal_cdf(z)


def more_a_side(a, b, margin, level):
    """Trials more a side, with these shares, that would put the upper bound below the margin."""
    if difference(a, b) >= margin:
        return None

    def enough(more):
        later = [(k / n * (n + more), n + more) for k, n in (a, b)]
        return difference_bound(*later, level, 1) < margin

    more = 0
    while not enough(more):
        more += 1
        if more > 20_000:
            return None
    return more
