"""Throughput: capacity and knee of the closed-loop ladder, and open loops from the intended start."""

import math

from ..statistics import median, nearest_rank

SELF = ("capacity_runs_per_s",)
GAIN = 1.05
ACHIEVED = 0.99
LATE = 0.05
CONSUMED = (
    "offered_runs",
    "completed_runs",
    "generator_lateness_ms",
    "intended_ms",
    "latency_ms",
    "window_ms",
)


def derive(_trial, observed):
    kept = [each for each in observed if each[0] not in CONSUMED]
    return kept + ladder(observed, "runs_per_s") + ladder(observed, "partitions_per_s") + loops(observed)


def ladder(observed, metric):
    """The highest rate, and for runs the lanes at which the first doubling gains under 5 %."""
    rungs = {}
    for name, value, labels in observed:
        if name == metric and "in_flight" in labels:
            rungs.setdefault(int(labels["in_flight"]), []).append(value)
    if not rungs:
        return []
    found = [(f"capacity_{metric}", max(max(values) for values in rungs.values()), {})]
    if metric == "runs_per_s":
        lanes = knee(sorted((lanes, median(values)) for lanes, values in rungs.items()))
        if lanes is not None:
            found.append(("knee_in_flight", float(lanes), {}))
        found.append(("knee_reached", float(lanes is not None), {}))
    return found


def knee(rungs):
    """The lanes of which a doubling gains less than 5 %; rungs of no work say nothing."""
    rungs = [(lanes, rate) for lanes, rate in rungs if rate > 0.0]
    for (fewer, slow), (more, fast) in zip(rungs, rungs[1:]):
        # A gain of 5 % a doubling is 1.05 ^ log2(more / fewer) over several.
        doublings = math.log2(more / fewer)
        if (fast / slow) ** (1.0 / doublings) < GAIN:
            return fewer
    return None




def loops(observed):
    """Of each open loop, singled out by its labels."""
    seen = {}
    for metric, value, labels in observed:
        if metric in CONSUMED:
            of = seen.setdefault(tuple(sorted(labels.items())), {name: [] for name in CONSUMED})
            of[metric].append(value)
    found = []
    for place, of in seen.items():
        labels = dict(place)
        offered, completed = counted(of)
        if not offered:
            continue
        late = nearest_rank(of["generator_lateness_ms"], 0.99) if of["generator_lateness_ms"] else None
        found.append(("achieved_ratio", completed / offered, labels))
        found.append(("backlog_runs", offered - completed, labels))
        if late is not None:
            found.append(("generator_lateness_p99_ms", late, labels))
        if counts(completed / offered, late, of["latency_ms"]):
            for name, p in (("p50", 0.5), ("p95", 0.95), ("p99", 0.99)):
                found.append((f"latency_{name}_ms", nearest_rank(of["latency_ms"], p), labels))
    return found


def counted(of):
    """(offered, completed in the window), run by run where each run's intended start is recorded."""
    if not of["window_ms"]:
        return sum(of["offered_runs"]), sum(of["completed_runs"])
    ends = [intended + latency for intended, latency in zip(of["intended_ms"], of["latency_ms"], strict=True)]
    return float(len(of["generator_lateness_ms"])), float(sum(end <= of["window_ms"][0] for end in ends))


def counts(achieved, late, latencies):
    """A point decides nothing where the engine fell behind, or the generator was late itself."""
    if not latencies or achieved < ACHIEVED:
        return False
    return late is None or late <= LATE * median(latencies)
