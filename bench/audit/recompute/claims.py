"""Claims decided anew: each by its rule, and together within the row of the user's table.

The claims' files are what was to be tested; everything else comes from the raw files, but the
verdicts on invariants, which are counted as they stand in `verdicts.json`.
"""

import tomllib

from . import rules
from .fields import NoSuchPlace
from .formats import number
from .statistics import LEVEL, clopper_pearson, holm

# The user's table, row by row: what it says of either side.
TABLE = {
    "Core model": "durable workflow execution, code as workflow | asset-based, declarative data lineage",
    "Long-running processes": "survives restarts, runs for days or months | "
    "designed for batch; long-running work needs workarounds",
    "Retries and failure handling": "per-activity retry policies, saga patterns | "
    "per-op retry policies, no built-in saga",
    "Observability": "step-by-step execution history | asset lineage and materialization history",
    "Best for": "multi-step durable workflows, microservice orchestration, human in the loop | "
    "analytics pipelines, dbt orchestration, asset-centric data platforms",
    "Rule of thumb": "durable execution of long-running or complex workflows with fine-grained failure "
    "handling | when the pipeline centres on data assets and wants declarative lineage and "
    "materialization tracking",
}
UNITS = (("partitions_per_s", "partitions/s"), ("runs_per_s", "runs/s"), ("_ms", "ms"))
LEVELS = {2: "native", 1: "emulated", 0: "unsupported"}


def row_of(phrase):
    return next((row for row, words in TABLE.items() if phrase in words), None)


def unit(metric):
    return next((text for end, text in UNITS if metric.endswith(end)), "")


class Claims:
    """The claims of a results folder, decided from its raw files."""

    def __init__(self, directory, folder, conditions, verdicts):
        self.folder, self.conditions, self.verdicts = folder, conditions, verdicts
        self.files = {}
        for path in sorted(directory.glob("*.toml")):
            self.files[path.stem] = tomllib.loads(path.read_text(encoding="utf-8"))
        self.tested = {name: self.test(claim) for name, claim in self.files.items()}
        self.corrected = self.correct()

    def correct(self):
        """Holm within each row; ablations together; withheld claims in no family."""
        families = {}
        for name, tested in self.tested.items():
            if tested is not None and not self.withheld(name):
                rule = self.files[name]["rule"]
                family = "apart" if rule["kind"] == "ablation" else row_of(self.files[name]["phrase"])
                families.setdefault(family, []).append(name)
        found = {}
        for names in families.values():
            found.update(zip(names, holm([self.tested[name].p for name in names])))
        return found

    def withheld(self, name):
        """Why a claim may not decide, as texts with the reason's numbers; none where it may.

        An experiment whose equal trials differ or do not all count decides nothing, nor does a side
        of an engine that is said to have one setting and has several here."""
        rule = self.files[name]["rule"]
        reasons = [
            f"differ by a factor of {each.ratio.value:.2f}"
            for each in self.conditions.self_comparisons
            if each.measurement.experiment == rule["experiment"] and each.decided
        ]
        lacking, planned = self.lacking_equals(rule["experiment"])
        if lacking:
            reasons.append(f"{lacking} of {planned} do not count")
        sides = [rule[at] for at in ("side", "a", "b") if isinstance(rule.get(at), dict)]
        if any(
            side.get("single_setting") and plan["engine"] == side["engine"] and plan["settings"] != side["settings"]
            for side in sides
            for plan in self.folder.plan["trials"]
        ):
            reasons.append("an engine of several settings")
        return reasons

    def lacking_equals(self, experiment):
        """(lacking, planned): equal trials of the experiment that do not count, and all of them."""
        identity = lambda plan: (
            plan["scenario"], plan["engine"], plan["settings"], plan["block"], str(sorted(plan["factors"].items()))
        )  # fmt: skip
        twins = [plan for plan in self.folder.plan["trials"] if plan.get("twin") and plan["experiment"] == experiment]
        # A void trial is made again, in the same block.
        made = {identity(plan) for plan in twins if plan["id"] in self.conditions.counted}
        planned = {identity(plan) for plan in twins}
        return len(planned - made), len(planned)

    # The rules

    def test(self, claim):
        rule = claim["rule"]
        kind = rule["kind"]
        if kind in ("ratio", "ablation"):
            return self.ratio(claim, rule)
        if kind == "below":
            return self.below(claim, rule)
        if kind in ("bound", "difference"):
            return self.counted(claim, rule)
        if kind == "conformance":
            return self.conformance(claim, rule)
        if kind == "count":
            return self.totals(claim, rule)
        return self.capability(claim, rule) if kind == "capability" else None

    def sides(self, claim, first, *others):
        """The rule's sides, then the engines shown beside under the first one's conditions."""
        return [first, *others, *({**first, **beside} for beside in claim.get("beside", []))]

    def ratio(self, claim, rule):
        a, b = (rules.selected(self.conditions, rule, rule[side]) for side in "ab")
        if not a or not b:
            return None
        fixed = {*rule["a"].get("factors", {}), *rule["b"].get("factors", {})}
        tested = rules.ratio(rules.sides_by_block(a, b, fixed), rule["predicted"], rule.get("limit", 1.0))
        if tested is None:
            return None
        for side in self.sides(claim, rule["a"], rule["b"]):
            of = rules.selected(self.conditions, rule, side)
            if of:
                value = rules.side_value(of, unit(rule["metric"]))
                tested.values.append((side["engine"], side["settings"], *value))
        tested.figures = {"a": tested.values[0][2], "b": tested.values[1][2]}
        tested.evidence = [each.id() for each in a + b]
        return tested

    def below(self, claim, rule):
        """A side's values against a limit, block by block."""
        of = rules.selected(self.conditions, rule, rule["side"])
        if not of:
            return None
        blocks = rules.sides_by_block(of, [], set(rule["side"].get("factors", {})))
        tested = rules.ratio([(name, values, [1.0]) for name, values, _ in blocks], "lower", rule["limit"])
        if tested is None:
            return None
        for side in self.sides(claim, rule["side"]):
            shown = rules.selected(self.conditions, rule, side)
            if shown:
                value = rules.side_value(shown, unit(rule["metric"]))
                tested.values.append((side["engine"], side["settings"], *value))
        tested.figures = {"a": tested.values[0][2]}
        tested.evidence = [each.id() for each in of]
        return tested

    def counted(self, claim, rule):
        of = [rule[side] for side in ("side", "a", "b") if side in rule]
        found = [rules.selected(self.conditions, rule, side) for side in of]
        counts = [rules.wrong(each) for each in found]
        if any(n == 0 for _, n in counts):
            return None
        if rule["kind"] == "bound":
            tested = rules.bound(*counts[0], rule["at_most"])
        else:
            tested = rules.rates(*counts, rule["margin"])
        for side in self.sides(claim, *of):
            k, n = rules.wrong(rules.selected(self.conditions, rule, side))
            if n:
                tested.values.append((side["engine"], side["settings"], f"{k} of {n}", clopper_pearson(k, n), n))
        tested.evidence = [each.id() for one in found for each in one]
        return tested

    def outcomes(self, rule, side):
        """(pass, fail, unknown) of the invariant over a side's trials."""
        trials = {
            plan["id"]
            for plan in self.folder.plan["trials"]
            if not plan.get("twin", False)
            and (plan["experiment"], plan["engine"], plan["settings"], plan["scenario"])
            == (rule["experiment"], side["engine"], side["settings"], side["scenario"])
            and all(plan["factors"].get(name) == value for name, value in side.get("factors", {}).items())
        }
        found = [
            each["outcome"]
            for each in self.verdicts["verdicts"]
            if each["trial"] in trials and each["invariant"] == rule["invariant"]
        ]
        return tuple(found.count(outcome) for outcome in ("pass", "fail", "unknown"))

    def conformance(self, claim, rule):
        counts = self.outcomes(rule, rule["side"])
        if not sum(counts):
            return None
        tested = rules.conformance(*counts, rule["at_most"])
        for side in self.sides(claim, rule["side"]):
            passed, failed, unknown = self.outcomes(rule, side)
            n = passed + failed + unknown
            if n:
                text = rules.conformance(passed, failed, unknown, rule["at_most"]).figures["passed"]
                tested.values.append((side["engine"], side["settings"], text, clopper_pearson(passed, n), n))
        return tested

    def totals(self, claim, rule):
        """Totals of counts without chance, over the values of a factor that both sides have."""

        def counts(side):
            found = {}
            for each in rules.selected(self.conditions, rule, side):
                values = [value for _, _, of_trial in each.trials for value in of_trial]
                found.setdefault(each.factors.get(rule["over"]), []).extend(values)
            return found

        def total(found, names):
            """None where trials differ."""
            differ = any(len(set(found[name])) > 1 for name in names)
            return None if differ else sum(found[name][0] for name in names)

        found = [counts(rule[side]) for side in "ab"]
        names = set(found[0]) & set(found[1]) - {None}
        if not names:
            return None
        a, b = (total(each, names) for each in found)
        so = {"lower": lambda: a < b, "higher": lambda: a > b, "equivalent": lambda: a == b}[rule["predicted"]]
        verdict = rules.UNDECIDED
        if a is not None and b is not None:
            verdict = rules.SUPPORTED if so() else rules.CONTRADICTED
        tested = rules.Tested(None, 1.0 if verdict == rules.UNDECIDED else 0.0, lambda _level: verdict)
        for side in self.sides(claim, rule["a"], rule["b"]):
            of = counts(side)
            if names <= set(of):
                known = total(of, names)
                text = "differing counts" if known is None else number(known)
                tested.values.append((side["engine"], side["settings"], text, None, len(names)))
        tested.figures = {"a": tested.values[0][2], "b": tested.values[1][2]}
        tested.evidence = [
            each.id() for side in "ab" for each in rules.selected(self.conditions, rule, rule[side])
        ]
        return tested

    def capability(self, claim, rule):
        def programs(engine):
            place = (rule["experiment"], "capability_level", engine)
            return [
                each
                for each in self.conditions.by_id.values()
                if (each.experiment, each.metric, each.engine) == place
                and each.factors.get("pattern") == rule["pattern"]
            ]

        def levels(programs):
            values = [value for each in programs for _, _, of_trial in each.trials for value in of_trial]
            return [LEVELS.get(int(value)) for value in values]

        def text(found):
            return " and ".join(level for level in LEVELS.values() if level in found)

        own = programs(rule["engine"])
        found = levels(own)
        if not found:
            return None
        same = {each == rule["expects"] for each in found}
        verdict = {True: rules.SUPPORTED, False: rules.CONTRADICTED}[same.pop()] if len(same) == 1 else rules.UNDECIDED
        p = 1.0 if verdict == rules.UNDECIDED else 0.0
        tested = rules.Tested(None, p, lambda _level: verdict, figures={"level": text(found)})
        tested.evidence = [each.id() for each in own]
        for engine in (rule["engine"], *(beside["engine"] for beside in claim.get("beside", []))):
            by_settings = {}
            for each in programs(engine):
                by_settings.setdefault(each.settings, []).append(each)
            for settings, those in sorted(by_settings.items()):
                shown = levels(those)
                tested.values.append((engine, settings, text(shown), None, len(shown)))
        return tested

    # What is decided

    def verdict(self, name):
        tested = self.tested[name]
        if tested is None:
            return "not_measured"
        adjusted = self.corrected.get(name)
        if adjusted is None or adjusted[0] > 1.0 - LEVEL + 1e-12:
            return rules.UNDECIDED
        return tested.verdict_at(adjusted[1])

    def predictions(self):
        """Names of the claims that test a phrase: all but ablations."""
        return [name for name, claim in self.files.items() if claim["rule"]["kind"] != "ablation"]

    def phrase(self, words):
        """Contradicted if one of its claims is; supported if all that were measured are; not measured
        if none was; else undecided."""
        names = [name for name in self.predictions() if self.files[name]["phrase"] == words]
        if not names:
            raise NoSuchPlace(f"no claim tests {words!r}")
        found = {self.verdict(name) for name in names} - {"not_measured"}
        if rules.CONTRADICTED in found:
            return rules.CONTRADICTED
        if not found:
            return "not_measured"
        return rules.SUPPORTED if found == {rules.SUPPORTED} else rules.UNDECIDED

    def count(self, what, verdict):
        if what == "phrases":
            found = [self.phrase(words) for words in {self.files[name]["phrase"] for name in self.predictions()}]
        else:
            found = [self.verdict(name) for name in self.predictions()]
        return len(found) if verdict == "*" else found.count(verdict.replace(" ", "_"))
