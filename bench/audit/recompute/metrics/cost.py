"""What is used beside time, a run and a step.

CPU and memory and writes are metered a kind of process, disk flushes on the whole machine; the
harness's share is its part of all metered CPU time.
"""

METERED = ("metered_runs", "metered_steps", "cpu_s", "peak_memory_bytes", "written_bytes", "disk_flushes")


def derive(observed):
    """Puts the costs in the place of what was metered."""
    others = [each for each in observed if each[0] not in METERED]

    def total(metric):
        return sum(value for name, value, _ in observed if name == metric)

    runs, steps, cpu = total("metered_runs"), total("metered_steps"), total("cpu_s")
    if not runs or not steps:
        return others
    costs = of_engine(observed, steps)
    for metric, value, labels in observed:
        process = {"process": labels["process"]} if "process" in labels else {}
        if metric == "cpu_s":
            costs.append(("cpu_ms_a_run", 1000.0 * value / runs, process))
            costs.append(("cpu_ms_a_step", 1000.0 * value / steps, process))
            if process.get("process") == "harness" and cpu:
                costs.append(("harness_cpu_share", value / cpu, {}))
        elif metric == "peak_memory_bytes":
            costs.append(("peak_memory_mib", value / 2**20, process))
        elif metric == "written_bytes":
            costs.append(("written_kib_a_step", value / 2**10 / steps, process))
        elif metric == "disk_flushes":
            costs.append(("disk_flushes_a_step", value / steps, {}))
    return others + costs


def of_engine(observed, steps):
    """What all processes but the harness's own used together, a step; of memory the sum of the peaks."""
    names = {
        "cpu_s": ("engine_cpu_ms_a_step", 1000.0 / steps),
        "peak_memory_bytes": ("engine_memory_mib", 1.0 / 2**20),
        "written_bytes": ("engine_written_kib_a_step", 1.0 / 2**10 / steps),
    }
    found = []
    for metered, (metric, unit) in names.items():
        values = [value for name, value, labels in observed if name == metered and labels.get("process") != "harness"]
        if values:
            found.append((metric, sum(values) * unit, {}))
    return found
