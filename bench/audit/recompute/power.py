"""How many more blocks would probably decide, at the spread seen.

"Probably" is four times in five: the interval of as many normal values as there would be lies clear
of the edge (or between two) with that probability, the estimate being where it is now and scattering
as a mean (a median from twelve on, wider by the square root of pi / 2).
"""

import math

from .distributions import normal_cdf, normal_quantile, sign_cdf, t_quantile
from .statistics import BY_RANK, FEWEST, MARGIN, median, p_rate_at_most

ASSURANCE = 0.8
MOST = 1000


def spread(where):
    """The standard deviation; by the median absolute deviation where there are ranks."""
    if where.n < BY_RANK:
        return where.error * math.sqrt(where.n)
    away = [abs(each - where.point()) for each in where.values]
    middle = median(away) if len(away) >= BY_RANK else math.fsum(away) / len(away)
    return middle / normal_quantile(0.75)


def half_width(total, level):
    """Half the interval of so many standard normal values; `None` where ranks do not reach."""
    tail = (1.0 - level) / 2.0
    if total < BY_RANK:
        return t_quantile(1.0 - tail, total - 1) / math.sqrt(total)
    rank = 0
    while sign_cdf(rank, total) <= tail:
        rank += 1
    # Where the order statistic is expected (Blom 1958).
    return None if rank == 0 else -normal_quantile((rank - 0.375) / (total + 0.25))


def more_blocks(where, room, level):
    """Blocks to add until the interval fits into the room to either side; `None` past 1,000."""
    if where.n < 2:
        return FEWEST - where.n
    sigma = spread(where)
    for total in range(max(where.n, FEWEST - 1) + 1, MOST + 1):
        half = half_width(total, level)
        if half is None:
            continue
        scatter = sigma / math.sqrt(total) * (math.sqrt(math.pi / 2) if total >= BY_RANK else 1.0)
        likely = -1.0
        for each in room:
            left = each - sigma * half
            likely += normal_cdf(left / scatter) if scatter else float(left > 0.0)
        if likely >= ASSURANCE:
            return total - where.n
    return None


def more_pairs(ratio, level):
    """Blocks that decide a ratio about the margin: beyond it, or within."""
    if ratio.side(level) is not None:
        return 0
    at = abs(ratio.where.point())
    room = (MARGIN - at, MARGIN + at) if at < MARGIN else (at - MARGIN, math.inf)
    return more_blocks(ratio.where, room, level)


def more_right(k, n, at_most, level):
    """Trials without a case that put the upper bound at the share or below; `None` past 100,000."""
    enough = lambda more: p_rate_at_most(k, n + more, at_most) <= 1.0 - level + 1e-12
    if enough(0):
        return 0
    low, high = 0, 1
    while not enough(high):
        low, high = high, high * 2
        if high > 100_000:
            return None
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high
