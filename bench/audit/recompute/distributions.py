"""Distributions from their integrals: the incomplete beta function by its continued fraction.

Abramowitz and Stegun, Handbook of Mathematical Functions, 26.5.8 (continued fraction, evaluated by
Lentz's method), 26.7.1 (Student's t) and 26.5.24 (binomial sums). Quantiles are found by bisection.
"""

import math


def beta_cdf(x, a, b):
    """The regularised incomplete beta function I_x(a, b)."""
    if x <= 0.0:
        return 0.0
    if x >= 1.0:
        return 1.0
    front = math.exp(
        math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x)
    )
    if x < (a + 1.0) / (a + b + 2.0):
        return front * _fraction(x, a, b) / a
    return 1.0 - front * _fraction(1.0 - x, b, a) / b


def _fraction(x, a, b):
    tiny = 1e-300
    c, d = 1.0, 1.0 - (a + b) * x / (a + 1.0)
    d = 1.0 / (d if abs(d) > tiny else tiny)
    result = d
    for m in range(1, 10_000):
        for numerator in (
            m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
        ):
            d = 1.0 + numerator * d
            d = 1.0 / (d if abs(d) > tiny else tiny)
            c = 1.0 + numerator / c
            c = c if abs(c) > tiny else tiny
            result *= c * d
        if abs(c * d - 1.0) < 1e-16:
            break
    return result


def bisect(rising, target, low, high):
    """Where a rising function reaches the target."""
    for _ in range(200):
        middle = (low + high) / 2.0
        if middle in (low, high):
            break
        if rising(middle) < target:
            low = middle
        else:
            high = middle
    return (low + high) / 2.0


def beta_quantile(p, a, b):
    return bisect(lambda x: beta_cdf(x, a, b), p, 0.0, 1.0)


def t_upper(t, df):
    """P(T > t) of Student's t."""
    half = beta_cdf(df / (df + t * t), df / 2.0, 0.5) / 2.0
    return half if t >= 0.0 else 1.0 - half


def t_quantile(p, df):
    """The t below which a share p lies, p above one half."""
    return bisect(lambda t: 1.0 - t_upper(t, df), p, 0.0, 1e7)


def binomial_cdf(k, n, p):
    """P(K <= k), summed exactly enough from logarithms."""
    if k < 0:
        return 0.0
    if k >= n or p <= 0.0:
        return 1.0
    if p >= 1.0:
        return 0.0
    logs = [
        math.lgamma(n + 1) - math.lgamma(i + 1) - math.lgamma(n - i + 1) + i * math.log(p) + (n - i) * math.log1p(-p)
        for i in range(k + 1)
    ]
    return min(1.0, math.fsum(math.exp(each) for each in logs))


def sign_cdf(k, n):
    """P(K <= k) of K binomial(n, 1/2), in whole numbers."""
    if k < 0:
        return 0.0
    return sum(math.comb(n, i) for i in range(min(k, n) + 1)) / 2**n


def normal_cdf(z):
    return math.erfc(-z / math.sqrt(2.0)) / 2.0


def normal_quantile(p):
    return bisect(normal_cdf, p, -40.0, 40.0)
