"""A trial as its raw files tell it: its events, runs, rows and applied log."""

from collections import Counter
from dataclasses import dataclass, field

from .journal import executions, read_journal
from .reader import Unreadable, json_lines


@dataclass
class Run:
    """A run that the engine acknowledged, and what became of it."""

    id: str
    source: str | None
    retry: dict
    ended_ns: int | None = None
    summary: dict | None = None
    failure: dict | None = None
    stuck: bool = False

    def ended_well(self):
        return self.ended_ns is not None and self.failure is None and not self.stuck


@dataclass
class Trial:
    """What the folder holds of one planned trial."""

    plan: dict
    engine: dict = field(default_factory=dict)
    events: list = field(default_factory=list)
    status: str | None = None
    reason: str | None = None
    applied: list | None = None
    left: dict = field(default_factory=dict)
    expected: dict = field(default_factory=dict)
    by_key: dict = field(default_factory=dict)
    problems: list = field(default_factory=list)
    malformed: list = field(default_factory=list)
    runs: list = field(default_factory=list)

    def of(self, kind):
        return [event for event in self.events if event["event"] == kind]

    def factor(self, name):
        return self.plan.get("factors", {}).get(name, "")

    def samples(self):
        """What was observed: (metric, value, labels)."""
        found = []
        for event in self.events:
            if event["event"] in ("sample", "samples"):
                values = event["values"] if event["event"] == "samples" else [event["value"]]
                found += [(event["metric"], value, event.get("labels", {})) for value in values]
        return found

    def missing_rows(self, source):
        """Expected rows that are not in the warehouse as expected; `None` where it is not known."""
        left, expected = self.left.get(source), self.expected.get(source)
        if left is None or expected is None:
            return None
        there = {(key, day, digest) for day, key, digest in left}
        return sum((key, day, digest) not in there for day, key, digest in expected)

    def ended_right(self, run):
        """It ended well and the warehouse has exactly its source's rows, as far as is known."""
        if not run.ended_well():
            return False
        if run.source is None:
            return True
        left, expected = self.left.get(run.source), self.expected.get(run.source)
        if left is None or expected is None:
            return True
        return Counter(left) == Counter(expected)


def read_trial(folder, plan):
    """Reads a trial; what cannot be read is kept as a message."""
    engines = [each for each in folder.plan["engines"] if each["name"] == plan["engine"]]
    trial = Trial(plan, *engines[:1])
    try:
        files = folder.trial_files(plan)
        if "events.jsonl" not in files:
            return trial
        trial.events = json_lines(f"{plan['id']}/events.jsonl", files["events.jsonl"], cut_end=True)
        if not trial.events or trial.events[0].get("event") != "trial_started":
            raise Unreadable(f"{plan['id']}/events.jsonl: the first event is not trial_started")
        trial.malformed += [f"{plan['id']}/events.jsonl: {wrong}" for wrong in torn(trial.events)]
        if trial.events[-1]["event"] == "trial_ended":
            trial.status = trial.events[-1]["status"]
            trial.reason = trial.events[-1].get("reason")
        trial.runs = runs(trial)
        if "applied.jsonl" in files:
            trial.applied = json_lines(f"{plan['id']}/applied.jsonl", files["applied.jsonl"])
        for source in {run.source for run in trial.runs if run.source is not None}:
            reference = files.get(f"rows.{source}.ref")
            trial.left[source] = folder.rows(reference.decode().strip()) if reference else None
            known = folder.expected.get(source)
            trial.expected[source] = folder.rows(known["rows"]) if known else None
        records, trial.problems = read_journal(files)
        trial.problems += broken_seals(trial, records)
        trial.by_key = executions(records)
    except (Unreadable, KeyError, UnicodeDecodeError) as error:
        trial.malformed.append(f"{type(error).__name__}: {error}")
    return trial


def torn(events):
    """Signs that an event file is not one trial's, whole: see the checker's reading of it."""
    for before, event in enumerate(events):
        kind = event["event"]
        if kind == "trial_started" and before > 0:
            yield f"line {before + 1}: a second trial_started"
        if kind == "trial_ended" and before + 1 < len(events):
            yield f"line {before + 1}: events behind the trial's end"
        if kind == "trial_ended" and event.get("events", before) != before:
            yield f"line {before + 1}: {before} events before the end that counts {event['events']}"
        values = event["values"] if kind == "samples" else [event["value"]] if kind == "sample" else []
        if any(not 0 <= value <= 1e18 for value in values):
            yield f"line {before + 1}: a value of {event['metric']} that cannot be measured"


def runs(trial):
    """The acknowledged runs in the order of acknowledgement."""
    found = {}
    for event in trial.events:
        kind, name = event["event"], event.get("run")
        if kind == "run_acknowledged" and name not in found:
            found[name] = Run(name, event.get("source"), event["retry"])
        elif kind == "run_ended" and name in found:
            run = found[name]
            run.ended_ns, run.summary, run.failure = (
                event["t_ns"],
                event.get("summary"),
                event.get("failure"),
            )
        elif kind == "run_stuck" and name in found:
            found[name].stuck = True
    return list(found.values())


def broken_seals(trial, records):
    """Journal files that do not hold what they held when the trial ended; a later seal of the same
    file replaces an earlier one."""
    seals = {seal["file"]: seal for event in trial.of("journal_sealed") for seal in event["files"]}
    broken = []
    for file, seal in seals.items():
        found = records.get(file, [])
        last = found[-1]["checksum"] if found else ""
        if (len(found), last) != (seal["records"], seal["last_checksum"]):
            broken.append(f"journal/{file}: {len(found)} records to {last[:8]!r}, sealed with {seal['records']}")
    return broken
