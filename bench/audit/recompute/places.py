"""What must be printed for a path such as `measurements.json#ID:n`.

The grammar is the one that the report's paths are documented with. A place gives the texts that
its value may be written as; a figure agrees when it is one of them.
"""

from collections import Counter
from contextlib import suppress

from . import claim_texts
from .conditions import by_block, pairs
from .fields import NoSuchPlace, field, written
from .formats import both_ways, estimate, number, percent, plain, share
from .metrics.observability import answers
from .seal import seal_digest
from .statistics import clopper_pearson, estimate as estimated, median, paired_ratio

STATISTICS = ("n", "samples", "steps", "spread", "count", "sum", "zeros", "share", "answers")

# The scores of an answer, the best first.
ANSWERS = {3.0: "right", 2.0: "only with user code", 1.0: "wrong", 0.0: "not answerable"}


class Places:
    """The places of a folder's files, recomputed."""

    def __init__(self, folder, conditions, verdicts, claims):
        self.folder = folder
        self.conditions = conditions
        self.verdicts = verdicts
        self.claims = claims

    def texts(self, path):
        """Every text that the value at the path may be written as."""
        file, _, place = path.partition("#")
        of_file = {
            "measurements.json": self.measurement,
            "plan.json": self.plan,
            "environment.json": self.environment,
            "verdicts.json": self.verdict,
            "manifest.json": self.seal,
            "model.json": self.model,
            "benchmarks.json": self.benchmark,
        }.get(file)
        if file.startswith("evidence/"):
            return self.answer(file, place)
        if of_file is None:
            raise NoSuchPlace(f"no file {file!r} with figures")
        return of_file(place)

    def judge(self, path, text):
        """What should be printed instead of the text; `None` where it agrees."""
        return both_ways(lambda: self._judge(path, text))

    def _judge(self, path, text):
        if path.startswith("claims.json#"):
            return self.claim(path.partition("#")[2], text)
        texts = self.texts(path)
        return None if text in texts else " or ".join(texts)

    # measurements.json

    def measurement(self, place):
        id_, twin, statistic = place.partition(":twin")
        if twin and statistic[:1] in ("", ":"):
            return self.self_comparison(id_, statistic[1:])
        first, over, second = place.partition(":over:")
        if over:
            return self.ratio(first, *cut(second))
        run, of_steps, steps = place.partition(":of_steps:")
        if of_steps:
            return [of_a_run(self.of(run), self.of(step_of(run)), int(steps))]
        counted, times, factor = place.partition(":times:")
        if times:
            return [number(self.of(counted).estimate().value * float(factor))]
        id_, statistic = cut(place)
        if "=*" in id_:
            return pooled(self.matching(id_), statistic)
        found = self.of(id_)
        values = [value for _, _, each in found.trials for value in each]
        if statistic is None:
            whole = found.estimate()
            texts = [estimate(whole.value, whole.interval), number(whole.value)]
            return texts + ([percent(whole.value)] if found.metric.endswith(("_share", "_ratio")) else [])
        if statistic == "n":
            return [str(found.estimate().trials)]
        if statistic == "samples":
            return [str(len(values))]
        if statistic == "steps":
            return [found.factors["steps"]]
        if statistic == "spread":
            return [number(max(values) / min(values))]
        if statistic == "answers":
            return [" and ".join(words for score, words in ANSWERS.items() if score in values)]
        return pooled([found], statistic)

    def of(self, id_):
        if id_ not in self.conditions.by_id:
            raise NoSuchPlace(f"the raw files give no measurement {id_!r}")
        return self.conditions.by_id[id_]

    def matching(self, id_):
        """The measurements that a `*` pools: equal names of factors, equal other values."""
        head, factors = split_id(id_)
        wanted = dict(each.split("=", 1) for each in split_factors(factors))
        found = [
            each
            for each in self.conditions.by_id.values()
            if f"{each.experiment}/{each.metric}/{each.engine}/{each.settings}" == head
            and set(each.factors) == set(wanted)
            and all(value in ("*", each.factors[name]) for name, value in wanted.items())
        ]
        if not found:
            raise NoSuchPlace(f"the raw files give no measurement like {id_!r}")
        return found

    def ratio(self, first, second, statistic):
        found = paired_ratio(pairs(self.of(first), self.of(second)))
        if found is None:
            raise NoSuchPlace("no pair of both")
        if statistic == "n":
            return [str(found.pairs)]
        return [estimate(found.value, found.interval()), number(found.value)]

    def self_comparison(self, id_, statistic):
        for each in self.conditions.self_comparisons:
            if each.measurement.id() == id_:
                ratio = each.ratio
                return {
                    "": [estimate(ratio.value, ratio.interval())],
                    "n": [str(ratio.pairs)],
                    "decided": ["yes" if each.decided else "no"],
                    "groups": [str(each.groups)],
                    "groups_decided": [str(each.groups_decided)],
                }[statistic]
        raise NoSuchPlace(f"no comparison of equals {id_!r}")

    # environment.json and plan.json

    def environment(self, place):
        name, _, unit = place.rpartition(":")
        if unit == "mebibytes":
            return [str(field(self.folder.environment, name) // 2**20)]
        return written(field(self.folder.environment, place))

    def plan(self, place):
        plan = self.folder.plan
        if place == "trials":
            return [str(len(plan["trials"]))]
        if place == "trials:counted":
            return [str(len(self.conditions.counted))]
        if place.startswith("parameters/"):
            _, experiment, name = place.split("/", 2)
            values = {}
            for each in plan["trials"]:
                with suppress(NoSuchPlace):
                    if each["experiment"] == experiment:
                        value = field(each["parameters"], name)
                        values.update({plain(one): one for one in flat(value)})
            values.pop("", None)
            if not values:
                raise NoSuchPlace(f"no trial of {experiment} has {name!r}")
            by_size = all(isinstance(each, (int, float)) for each in values.values())
            return [", ".join(sorted(values, key=lambda text: values[text] if by_size else text))]
        return written(field(plan, place))

    # manifest.json

    def seal(self, place):
        digest = seal_digest(self.folder)
        if place != "sha256" or digest is None:
            raise NoSuchPlace(f"no {place!r} of a seal")
        return [digest]

    # benchmarks.json

    def benchmark(self, id_):
        found = self.folder.read_json("benchmarks.json")["benchmarks"][id_]
        median, low, high = (found[name] / 1e3 for name in ("median_ns", "low_ns", "high_ns"))
        return [estimate(median, (low, high))]

    # model.json

    def model(self, place):
        """`INDEX/held_out/FIELD`: a line through two measured runs, held against the others."""
        index, _, name = place.split("/")
        option = self.folder.read_json("model.json")["options"][int(index)]
        found = held_out(self.of(option["terms"]["run_s"]["measurement"]), self.conditions, self.folder.plan)
        return [percent(found[name]) if name == "median_error" else str(found[name])]

    # evidence/SCENARIO.tar.gz

    def answer(self, file, place):
        """What an engine said while everything was there, of `TRIAL/QUESTION` or `TRIAL/QUESTION:STEP`."""
        name, _, asked = place.partition("/")
        question, _, step = asked.partition(":")
        trial = self.conditions.trials.get(name)
        if trial is None or file != f"evidence/{trial.plan['scenario']}.tar.gz":
            raise NoSuchPlace(f"no trial {name!r} in {file}")
        _, facts, _ = answers(trial).get(("present", question), (None, None, None))
        if not step:
            return ["no answer" if facts is None else "; ".join(sorted(facts)) or "nothing"]
        said = [words for of, _, words in (each.partition(" ") for each in facts or ()) if of.split("/")[0] == step]
        counted = sorted(Counter(said).items())
        texts = [words if times == 1 else f"{times} times {words}" for words, times in counted]
        return [", ".join(texts) or "not in it"]

    # verdicts.json

    def verdict(self, place):
        if place == "void":
            return [str(len(self.verdicts["void"]))]
        if place.startswith("count/"):
            return [str(self.count_verdicts(*place.split("/", 3)[1:]))]
        if place.startswith("verdict/"):
            return self.one_verdict(place)
        if place.startswith("together/"):
            return [str(self.warnings_together(*place.split("/", 2)[1:]))]
        return written(field(self.verdicts, place))

    def count_verdicts(self, invariant, engine, outcome):
        engines = {each["id"]: each["engine"] for each in self.folder.plan["trials"]}
        return sum(
            invariant in ("*", each["invariant"])
            and engine in ("*", engines[each["trial"]])
            and outcome in ("*", "expected" if each.get("expected") and each["outcome"] == "fail" else each["outcome"])
            for each in self.verdicts["verdicts"]
        )

    def one_verdict(self, place):
        for each in self.verdicts["verdicts"]:
            head = f"verdict/{each['trial']}/{each['invariant']}/"
            if place.startswith(head):
                return written(field(each, place[len(head) :]))
        raise NoSuchPlace("no such verdict")

    def warnings_together(self, kind, rest):
        """What warnings of one kind come to, of `SCENARIO/WHAT` or `SCENARIO/LOAD/WHAT`."""
        scenario, _, rest = rest.partition("/")
        load, _, what = rest.rpartition("/")
        scenarios = {each["id"]: each["scenario"] for each in self.folder.plan["trials"]}
        found = [
            each
            for each in self.verdicts["warnings"]
            if each["warning"] == kind and each.get("load", "") == load and scenarios[each["trial"]] == scenario
        ]
        if what == "trials":
            return len({each["trial"] for each in found})
        name, _, which = what.partition(":")
        if not found or which not in ("least", "most"):
            raise NoSuchPlace(f"no warnings have {what!r}")
        return {"least": min, "most": max}[which](each[name] for each in found)

    # claims.json

    def claim(self, place, text):
        head, _, rest = place.partition("/")
        if head == "count":
            texts = [str(self.claims.count(*rest.split("/", 1)))]
        elif head == "phrase":
            texts = [self.claims.phrase(rest).replace("_", " ")]
        else:
            return claim_texts.judge(self.claims, head, rest, text)
        return None if text in texts else texts[0]


def of_a_run(run, step, steps):
    """What a run of so many steps takes, in seconds: one of fewer, and what each further one adds."""
    more = steps - int(run.factors["steps"])
    if more < 0:
        raise NoSuchPlace(f"a run of {steps} steps is not gone on to from a longer one")
    whole, added = run.estimate(), step.estimate()
    value = (whole.value + more * added.value) / 1e3
    if whole.interval is None or (more and added.interval is None):
        return estimate(value, None)
    ends = [low + (more * extra if more else 0) for low, extra in zip(whole.interval, added.interval or (0, 0))]
    return estimate(value, tuple(end / 1e3 for end in ends))


def held_out(one, conditions, plan):
    """How the line through the run of one step and the longest of its scenario predicts all other runs."""
    first = next(each["executions"][0] for each in plan["engines"] if each["name"] == one.engine)
    execution = lambda each: each.factors.get("execution", first)  # noqa: E731
    steps = lambda each: int(each.factors["steps"])  # noqa: E731
    alike = [
        each
        for each in conditions.by_id.values()
        if (each.experiment, each.metric, each.engine, each.settings)
        == (one.experiment, one.metric, one.engine, one.settings)
        and each.factors.get("shape") == one.factors["shape"]
        and execution(each) == execution(one)
    ]
    longest = max((each for each in alike if each.factors["scenario"] == one.factors["scenario"]), key=steps)
    start, end = one.estimate(), longest.estimate()
    errors, within = [], 0
    for each in alike:
        if each.id() in (one.id(), longest.id()):
            continue
        far = (steps(each) - 1) / (steps(longest) - 1)
        on_line = lambda low, high: low + far * (high - low)  # noqa: B023, E731
        for _, _, values in each.trials:
            seen = sum(values) / len(values)
            errors.append(abs(on_line(start.value, end.value) - seen) / seen)
            if start.interval and end.interval:
                low, high = (on_line(a, b) for a, b in zip(start.interval, end.interval))
                within += low <= seen <= high
    return {"points": len(errors), "within": within, "median_error": median(errors)}


def step_of(run):
    """The id of what a step adds, by that of a run's time."""
    head, factors = split_id(run)
    experiment, _, rest = head.split("/", 2)
    kept = [each for each in split_factors(factors) if not each.startswith("steps=")]
    return f"{experiment}/step_ms/{rest}/{','.join(kept)}"


def flat(value):
    return value if isinstance(value, list) else [value]


def cut(place):
    """An id and its statistic, where it has one."""
    head, colon, last = place.rpartition(":")
    return (head, last) if colon and last in STATISTICS else (place, None)


def split_id(id_):
    """`experiment/metric/engine/settings` and the factors, whose values may have a slash."""
    parts = id_.split("/", 4)
    return "/".join(parts[:4]), parts[4]


def split_factors(text):
    """`name=value` by commas; a part without `=` belongs to the value before it."""
    found = []
    for part in text.split(","):
        if "=" in part:
            found.append(part)
        elif found:
            found[-1] += f",{part}"
    return found


def pooled(measurements, statistic):
    """Several measurements together: their samples, or blocks as trials."""
    values = [value for each in measurements for _, _, trial in each.trials for value in trial]
    if statistic == "count":
        return [str(len(values))]
    if statistic == "sum":
        return [str(round(sum(values)))]
    if statistic == "zeros":
        return [str(sum(value == 0 for value in values))]
    if statistic == "share":
        above = sum(value > 0 for value in values)
        return [share(above, len(values), clopper_pearson(above, len(values)))]
    blocks = {}
    for each in measurements:
        for block, found in by_block(each).items():
            blocks.setdefault(block, []).extend(found)
    if statistic == "n":
        return [str(len(blocks))]
    if statistic == "samples":
        return [str(len(values))]
    whole = estimated([[sum(found) / len(found)] for _, found in sorted(blocks.items())])
    texts = [estimate(whole.value, whole.interval), number(whole.value)]
    shares = measurements[0].metric.endswith(("_share", "_ratio"))
    return texts + ([percent(whole.value)] if shares else [])
