"""Overhead: the line T = start + k·steps where there is one, else the cost by difference.

A line needs three sizes or more of five runs or more each, and no residual beyond 5 % of its time;
it minimises the squares of the relative residuals of the sizes' medians.
"""

from ..statistics import median

SELF = ("step_ms",)
SIZES, RUNS, RESIDUAL = 3, 5, 0.05
IN_PROCESS = "in-process"


def derive(_trial, observed):
    times = {}
    for metric, value, labels in observed:
        if metric == "run_ms" and "steps" in labels:
            times.setdefault(int(labels["steps"]), []).append(value)
    points = sorted((steps, median(values)) for steps, values in times.items())
    line = None
    if len(points) >= SIZES and all(len(values) >= RUNS for values in times.values()):
        line = fit(points)
    if line and line[2] <= RESIDUAL:
        start, step, residual = line
        found = [("step_ms", step, {}), ("start_ms", start, {})]
        found += [("fit_residual_ratio", residual, {}), ("step_by_line", 1.0, {})]
    elif len(points) >= 2:
        (fewer, shorter), (more, longer) = points[-2:]
        found = [("step_ms", (longer - shorter) / (more - fewer), {}), ("step_by_line", 0.0, {})]
    else:
        found = []
    return observed + found


def fit(points):
    """(start, step, largest relative residual) of the normal equations with weights 1 / T²."""
    if any(time <= 0.0 for _, time in points):
        return None
    weights = [1.0 / time**2 for _, time in points]
    total = sum(weights)
    mean_n = sum(w * n for w, (n, _) in zip(weights, points)) / total
    mean_t = sum(w * t for w, (_, t) in zip(weights, points)) / total
    spread = sum(w * (n - mean_n) ** 2 for w, (n, _) in zip(weights, points))
    step = sum(w * (n - mean_n) * (t - mean_t) for w, (n, t) in zip(weights, points)) / spread
    start = mean_t - step * mean_n
    return start, step, max(abs(t - start - step * n) / t for n, t in points)


def across(measurements):
    """`step_over_in_process_ratio`: a step's cost in an execution over that in-process, of the same block,
    scenario and engine; under the same settings, else under the default ones."""
    steps = [m for m in measurements if m.experiment == "overhead" and m.metric == "step_ms"]
    found = []
    for elsewhere in steps:
        if elsewhere.factors.get("execution", IN_PROCESS) == IN_PROCESS:
            continue
        bases = {
            m.settings: m
            for m in steps
            if m.engine == elsewhere.engine
            and m.factors.get("execution", IN_PROCESS) == IN_PROCESS
            and without_execution(m) == without_execution(elsewhere)
        }
        base = bases.get(elsewhere.settings, bases.get("default"))
        if base is None:
            continue
        costs = {block: median(values) for _, block, values in base.trials if values}
        trials = [
            (trial, block, [median(values) / costs[block]])
            for trial, block, values in elsewhere.trials
            if values and costs.get(block, 0.0) > 0.0
        ]
        if trials:
            found.append(elsewhere.like("step_over_in_process_ratio", trials))
    return found


def without_execution(measurement):
    return {name: value for name, value in measurement.factors.items() if name != "execution"}
