"""How often `orchbench compare` is wrong: the same small run made again and again, each pair of two compared,
and runs that are slowed on purpose. See README.md beside it."""

import argparse
import collections
import itertools
import json
import os
import signal
import statistics
import subprocess
import sys
import threading
import time
from pathlib import Path

HERE = Path(__file__).parent
PROFILE = HERE / "chain.toml"
# How long a slowed process is let run, seconds, before it is halted again.
LET_RUN_S = 0.005
# How often it is looked for new processes, seconds.
LOOK_S = 0.2


def main():
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("orchbench", help="the release binary")
    words.add_argument("folder", type=Path, help="where the results folders go")
    words.add_argument("--runs", type=int, default=21)
    words.add_argument("--slowed", type=int, default=2, help="runs that are slowed")
    words.add_argument("--by", type=float, default=0.35, help="how long they are halted, of the time that they run")
    words.add_argument("--write", type=Path, help="write what was seen as JSON")
    words = words.parse_args()
    plain = [words.folder / f"plain-{index:02}" for index in range(words.runs)]
    slowed = [words.folder / f"slowed-{index:02}" for index in range(words.slowed)]
    for folder in plain:
        run(words.orchbench, folder)
    for folder in slowed:
        run(words.orchbench, folder, words.by)
    seen = {
        "runs": words.runs,
        "itself": tally(words.orchbench, [(folder, folder) for folder in plain]),
        "pairs": tally(words.orchbench, itertools.combinations(plain, 2)),
        "halted_of": words.by,
        "slower": round(statistics.mean(map(run_ms, slowed)) / statistics.mean(map(run_ms, plain)), 4),
        "slowed": tally(words.orchbench, itertools.product(plain, slowed)),
    }
    text = json.dumps(seen, indent=2) + "\n"
    print(text, end="")
    if words.write:
        words.write.write_text(text)


def run_ms(folder):
    """The longest chain of Temporal."""
    measurements = json.loads((folder / "measurements.json").read_text())["measurements"]
    found = [
        each["estimate"]["value"]
        for each in measurements
        if (each["metric"], each["engine"]) == ("run_ms", "temporal")
    ]
    return max(found)


def run(orchbench, folder, by=0.0):
    """Makes a run unless it is there; with `by` its processes are halted for that share of the time."""
    if (folder / "manifest.json").exists():
        return
    command = [orchbench, "run", str(PROFILE), "--out", str(folder)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as harness:
        if by:
            slow(harness, by)
    if harness.returncode:
        sys.exit(f"{' '.join(command)}: exit {harness.returncode}")


def slow(harness, by):
    """Halts all that the harness has started, again and again, for `by` of the time that it is let run."""
    below = set()
    threading.Thread(target=look, args=(harness, below), daemon=True).start()
    ran = halted = 0.0
    while harness.poll() is None:
        begun = time.monotonic()
        time.sleep(LET_RUN_S)
        stopped = time.monotonic()
        ran += stopped - begun
        processes = [pid for pid in list(below) if send(pid, signal.SIGSTOP)]
        try:
            # What is owed by now, so that the sleeps' lateness evens out.
            time.sleep(max(0.0, by * ran - halted))
        finally:
            for pid in processes:
                send(pid, signal.SIGCONT)
        halted += time.monotonic() - stopped


def look(harness, below):
    while harness.poll() is None:
        parents = dict(filter(None, (parent(entry) for entry in Path("/proc").iterdir())))
        found = {pid for pid in parents if harness.pid in ancestors(pid, parents)}
        below.intersection_update(found)
        below.update(found)
        time.sleep(LOOK_S)


def parent(entry):
    try:
        return int(entry.name), int((entry / "stat").read_text().rsplit(")", 1)[1].split()[1])
    except (OSError, ValueError):
        return None


def ancestors(pid, parents):
    while pid := parents.get(pid):
        yield pid


def send(pid, what):
    try:
        os.kill(pid, what)
        return True
    except ProcessLookupError:
        return False


def tally(orchbench, pairs):
    """Of pairs, how many have a change, and of which metrics and engines the changes are."""
    compared, alarms, regressions, of = 0, 0, 0, collections.Counter()
    rows = collections.Counter()
    for earlier, later in pairs:
        answer = subprocess.run(
            [orchbench, "compare", str(earlier), str(later), "--json"],
            capture_output=True,
            check=True,
            text=True,
        )
        changes = json.loads(answer.stdout)["changes"]
        found = [row for row in changes if row["verdict"] not in ("same", "undecided")]
        compared += 1
        alarms += bool(found)
        regressions += any(row["verdict"] == "regression" for row in found)
        rows.update(row["verdict"] for row in changes)
        of.update(f"{row['metric']} of {row['engine']}: {row['verdict']}" for row in found)
    return {
        "compared": compared,
        "with_a_change": alarms,
        "with_a_regression": regressions,
        "rows": dict(sorted(rows.items())),
        "changes": dict(of.most_common()),
    }


if __name__ == "__main__":
    main()
