"""How figures are written, by the documentation of the report's formats.

A number has three significant digits: of v, with m the floor of log10 |v|, it is rounded to 2 - m
decimals (0 to 9) as the exact binary value rounds; from 1,000 on to a multiple of 10^(m-2), ties
away from zero. Zeros at the end of a fraction go. What is nearer to zero than 1e-12 is 0.

The last bit of a value depends on the order in which it was summed, and of one in the middle between two texts
that bit decides: such a value may be written as either (`both_ways`).
"""

import contextlib
import math

TOO_FEW = "too few trials"

# By what share the order of a sum may change it.
LAST_BITS = 1e-13

# By what share every number is off that is written now.
_off = 0.0

# Whether there are two ways to write what lies in the middle.
_either = True


@contextlib.contextmanager
def one_way():
    """Within it, of two texts between which a value lies one is right."""
    global _either
    _either = False
    try:
        yield
    finally:
        _either = True


def both_ways(judge):
    """What `judge` says, or None where it says so with every number a little more, or a little less."""
    global _off
    found = judge()
    if found is None or not _either:
        return found
    try:
        for _off in (LAST_BITS, -LAST_BITS):
            if judge() is None:
                return None
    finally:
        _off = 0.0
    return found


def number(value):
    value *= 1.0 + _off
    if abs(value) < 1e-12:
        return "0"
    magnitude = math.floor(math.log10(abs(value)))
    if magnitude > 2:
        unit = 10 ** (magnitude - 2)
        times = math.floor(abs(value) / unit + 0.5)
        return f"{'-' if value < 0 else ''}{times * unit}"
    text = f"{value:.{min(9, 2 - magnitude)}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def estimate(value, interval):
    """`V [L, H]`, or `V (too few trials)`."""
    if interval is None:
        return f"{number(value)} ({TOO_FEW})"
    return f"{number(value)} [{number(interval[0])}, {number(interval[1])}]"


def percent(share):
    return f"{number(share * 100.0)} %"


def share(k, n, interval):
    """`V % [L, H]` of k of n; a dash of none."""
    if n == 0:
        return "–"
    low, high = interval
    return f"{number(100.0 * k / n)} % [{number(100.0 * low)}, {number(100.0 * high)}]"


def plain(value):
    """A value of a JSON file as it stands there, without quotation marks."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return ", ".join(plain(each) for each in value)
    if value is None:
        return ""
    if isinstance(value, float) and value == int(value) and abs(value) < 1e15:
        return str(int(value))
    return str(value)
