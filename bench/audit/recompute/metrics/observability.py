"""Observability: what engines answered to a fixed list of questions, scored by the journal.

A right answer says all that the journal says and nothing else: right through the engine's own API
(3), only with user code (2), wrong (1), not answerable (0).
"""

import json

SELF = ()

# What each question is about, in the order in which they are asked, and the patterns that stand and
# fall with it.
QUESTIONS = {
    "doing-now": ("executions", ()),
    "open-runs": ("executions", ()),
    "failed-attempts": ("executions", ()),
    "failure-reasons": ("executions", ()),
    "attempt-inputs": ("executions", ()),
    "step-by-step": ("executions", ()),
    "who-approved": ("executions", ()),
    "newest-version": ("data", ()),
    "made-from": ("data", ()),
    "parent-versions": ("data", ("parent-versions",)),
    "made-when": ("data", ("materialization-history",)),
    "stale": ("data", ("materialization-history",)),
    "refresh": ("data", ()),
    "lineage": ("data", ("lineage-query",)),
    "unpublished": ("data", ()),
    "bad-partition": ("data", ()),
}
COUNTED = {3: "questions_right", 2: "questions_with_user_code", 1: "questions_wrong", 0: "questions_not_answerable"}
LEVEL = {3: 2.0, 2: 1.0, 1: 0.0, 0: 0.0}

# What is made of what; what has a day reads its own day of what has one.
EXTRACTS = ("extract_flights", "extract_weather", "extract_planes", "extract_airports", "extract_airlines")
READS = {"transform": EXTRACTS, "load": ("transform",), "publish": ("load",), "announce": ("publish",)}
MADE = (*EXTRACTS, *READS)


# Everything is there; every worker was killed; the run was deleted.
CONDITIONS = ("present", "worker-dead", "run-gone")


def derive(trial, observed):
    found = [each for each in observed if each[0] != "answer"]
    given = answers(trial)
    right = Right(trial)
    for condition in CONDITIONS:
        asked = {question: each for (of, question), each in given.items() if of == condition}
        if not asked and condition != "present":
            continue
        scores = {}
        for question, (about, _) in QUESTIONS.items():
            asked_ns, facts, lines = asked.get(question, (0, None, 0))
            expected = right.of(question, asked_ns)
            if not expected:
                continue
            score = scores[question] = judge(facts, lines, expected)
            labels = {"about": about, "condition": condition, "question": question}
            found.append(("question_score", float(score), labels))
            if score == 2:
                found.append(("user_code_lines", float(lines), labels))
        if scores:
            counts = list(scores.values())
            labels = {"condition": condition}
            found += [(metric, float(counts.count(score)), labels) for score, metric in COUNTED.items()]
        if condition == "present":
            found += levels(scores)
    return found


def levels(scores):
    """Of each pattern, that of the worst answer that it stands and falls with."""
    patterns = sorted({each for question in scores for each in QUESTIONS[question][1]})
    return [
        (
            "capability_level",
            min(LEVEL[score] for question, score in scores.items() if pattern in QUESTIONS[question][1]),
            {"pattern": pattern},
        )
        for pattern in patterns
    ]


def answers(trial):
    """The last answer by condition and question: (when it was recorded, facts or None, lines of user
    code)."""
    found = {}
    for event in trial.of("sample"):
        labels = event.get("labels", {})
        if event["metric"] != "answer" or "question" not in labels:
            continue
        facts = None
        if "facts" in labels:
            try:
                facts = {fact["what"]: fact.get("at_ns") for fact in json.loads(labels["facts"])}
            except (ValueError, TypeError, KeyError):
                continue
        place = (labels.get("condition"), labels["question"])
        found[place] = (event["t_ns"], facts, int(event["value"]))
    return found


def judge(facts, lines, expected):
    """`expected` has each statement with the time in which it must lie, or None."""
    if facts is None:
        return 0
    if facts.keys() != expected.keys():
        return 1
    for what, within in expected.items():
        if within and (facts[what] is None or not within[0] <= facts[what] <= within[1]):
            return 1
    return 2 if lines else 3


class Right:
    """The right answers of a trial."""

    def __init__(self, trial):
        self.trial, self.asked = trial, trial.plan["parameters"]
        self.every = [one for each in trial.by_key.values() for one in each]
        self.of_run = [one for one in self.every if one.run == self.asked["run"]]

    def of(self, question, asked_ns):
        """{statement: None or (from, to)}."""
        if question == "made-when":
            return self.made_when()
        facts = getattr(self, question.replace("-", "_"))(asked_ns)
        return dict.fromkeys(facts)

    def made(self, run, step):
        """The last good execution of each partition of a step."""
        good = [[one for one in each if one.ok] for each in self.trial.by_key.values()]
        last = [each[-1] for each in good if each]
        return [one for one in last if one.run == run and one.step == step]

    def read(self, child):
        """What an execution read: (parent, version)."""
        return [
            (name(one), one.version)
            for step in READS.get(child.step, ())
            for one in self.made(child.run, step)
            if (one.partition is None or child.partition is None or one.partition == child.partition)
            and one.ended_ns < child.invoked_ns
        ]

    def downstream(self, of):
        reached = set(of)
        for step in MADE:
            for one in self.made(self.asked["run"], step):
                if any(
                    parent in READS.get(step, ()) and (day is None or one.partition is None or day == one.partition)
                    for parent, day in reached
                ):
                    reached.add((step, one.partition))
        return [piece(*each) for each in reached - set(of)]

    def doing_now(self, asked_ns):
        return [
            attempt(one)
            for one in self.of_run
            if one.invoked_ns < asked_ns and (one.ended_ns is None or one.ended_ns > asked_ns)
        ]

    def open_runs(self, asked_ns):
        return [
            run.id for run in self.trial.runs if asked_ns and (run.ended_ns is None or run.ended_ns > asked_ns)
        ]

    def failed(self):
        return [one for one in self.of_run if one.error is not None]

    def failed_attempts(self, _asked_ns):
        return [attempt(one) for one in self.failed()]

    def failure_reasons(self, _asked_ns):
        return [f"{attempt(one)}: {one.error}" for one in self.failed()]

    def attempt_inputs(self, _asked_ns):
        return [
            f"{attempt(one)} read {parent} {version}" for one in self.failed() for parent, version in self.read(one)
        ]

    def step_by_step(self, _asked_ns):
        def ended(one):
            if one.ended_ns is None:
                return "without an end"
            return "ok" if one.ok else "failed"

        return [f"{attempt(one)} {ended(one)}" for one in self.of_run]

    def who_approved(self, _asked_ns):
        return [self.asked["approver"]]

    def newest_version(self, _asked_ns):
        return [
            f"{run.source} {one.version}"
            for run in self.trial.runs
            for one in self.made(run.id, "publish")
            if run.source is not None
        ]

    def made_from(self, _asked_ns):
        return [
            fact
            for one in self.made(self.asked["run"], "publish")
            for fact in (f"run {one.run}", *(f"{parent} {version}" for parent, version in self.read(one)))
        ]

    def parent_versions(self, _asked_ns):
        return [
            f"{name(one)} from {parent} {version}"
            for one in self.made(self.asked["run"], "transform")
            for parent, version in self.read(one)
        ]

    def made_when(self):
        ends = [run.ended_ns for run in self.trial.runs if run.id == self.asked["run"]]
        if not ends or ends[0] is None:
            return {}
        return {name(one): (one.invoked_ns, ends[0]) for one in self.made(self.asked["run"], "load")}

    def changed(self):
        return self.made(self.asked["run"], self.asked["changed"])

    def stale(self, _asked_ns):
        return [f"{name(one)}: code" for one in self.changed()]

    def refresh(self, _asked_ns):
        stale = [(one.step, one.partition) for one in self.changed()]
        return [*(piece(*each) for each in stale), *self.downstream(stale)]

    def lineage(self, _asked_ns):
        day = self.asked["day"]
        joins = [one for one in self.made(self.asked["run"], "transform") if one.partition == day]
        if not joins:
            return []
        up = [f"upstream {parent}" for parent, _ in self.read(joins[0])]
        return up + [f"downstream {child}" for child in self.downstream([("transform", day)])]

    def unpublished(self, _asked_ns):
        return [
            f"{run.source} {name(one)}"
            for run in self.trial.runs
            if not self.made(run.id, "publish")
            for one in self.made(run.id, "load")
        ]

    def bad_partition(self, _asked_ns):
        day = self.asked["day"]
        rows = self.trial.left.get(self.asked["source"]) or []
        if not any(row[0] == day for row in rows):
            return []
        loads = self.made(self.asked["run"], "load")
        return [f"{name(one)} {one.version}" for one in loads if one.partition == day]


def piece(step, day):
    return step if day is None else f"{step}/{day}"


def name(one):
    return piece(one.step, one.partition)


def attempt(one):
    return f"{name(one)} attempt {one.attempt}"
