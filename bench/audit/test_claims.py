"""Claims by their rules, and together within a row of the table."""

import sys
import tempfile
import unittest
from pathlib import Path
from types import SimpleNamespace

sys.path.insert(0, str(Path(__file__).resolve().parent))

from recompute import power, rules  # noqa: E402
from recompute.claim_texts import fields, judge, sentence  # noqa: E402
from recompute.claims import Claims, row_of  # noqa: E402
from recompute.conditions import Measurement  # noqa: E402
from recompute.statistics import paired_ratio  # noqa: E402

BOUND = """
phrase = "survives restarts"
order = {order}
title = "t"
prediction = "p"
sentence = "Of the kills {{wrong}} were wrong, at most {{bound}}."
[rule]
kind = "bound"
experiment = "restart-survival"
metric = "kills_wrong"
at_most = 0.05
side = {{ engine = "{engine}", settings = "default", scenario = "s" }}
"""
RATIO = """
phrase = "per-activity retry policies"
order = 1
title = "t"
prediction = "p"
sentence = "{{a}} against {{b}}: {{ratio}}."
[rule]
kind = "{kind}"
experiment = "retries"
metric = "run_ms"
predicted = "lower"
a = {{ engine = "a", settings = "default", scenario = "s" }}
b = {{ engine = "b", settings = "default", scenario = "s" }}
"""


def measured(experiment, metric, engine, trials):
    of = [(f"{engine}.{block}", block, values) for block, values in enumerate(trials)]
    return Measurement(experiment, metric, engine, "default", {"scenario": "s"}, of)


def decided(files, measurements, **plan):
    conditions = SimpleNamespace(by_id={each.id(): each for each in measurements}, self_comparisons=[], counted=[])
    folder = SimpleNamespace(plan={"trials": [], **plan}, environment={})
    with tempfile.TemporaryDirectory() as root:
        for name, text in files.items():
            (Path(root) / f"{name}.toml").write_text(text)
        return Claims(Path(root), folder, conditions, {"verdicts": []})


def kills(engine, wrong, n):
    return measured("restart-survival", "kills_wrong", engine, [[1.0]] * wrong + [[0.0]] * (n - wrong))


class Rules(unittest.TestCase):
    def test_a_bound_alone_and_in_a_family(self):
        one = {"x": BOUND.format(engine="a", order=1)}
        claims = decided(one, [kills("a", 0, 59)])
        self.assertEqual(claims.verdict("x"), "supported")
        self.assertEqual(sentence(claims, "x"), "Of the kills 0 of 59 were wrong, at most 4.95 %.")
        two = {**one, "y": BOUND.format(engine="b", order=2)}
        claims = decided(two, [kills("a", 0, 59), kills("b", 0, 59)])
        self.assertEqual(claims.verdict("x"), "undecided")
        self.assertEqual((claims.count("predictions", "undecided"), claims.count("phrases", "undecided")), (2, 1))
        self.assertIsNone(judge(claims, "x", "needs", "13 trials more, all right"))
        self.assertIsNotNone(judge(claims, "x", "needs", "113 trials more, all right"))
        claims = decided(two, [kills("a", 0, 59)])
        self.assertEqual((claims.verdict("x"), claims.verdict("y")), ("supported", "not_measured"))
        self.assertEqual((claims.count("predictions", "supported"), claims.phrase("survives restarts")), (1, "supported"))
        self.assertIsNone(judge(claims, "x", "corrected", "0 % [0, 4.95] at 95.0 %, p = 0.0485"))

    def test_half_of_the_kills_contradict(self):
        claims = decided({"x": BOUND.format(engine="a", order=1)}, [kills("a", 10, 20)])
        self.assertEqual(claims.verdict("x"), "contradicted")
        self.assertEqual(fields(claims, "x")["interval_adjusted"]["high"], 1.0)

    def test_a_ratio_and_an_ablation(self):
        runs = [
            measured("retries", "run_ms", "a", [[1.0], [1.02], [0.98]]),
            measured("retries", "run_ms", "b", [[2.0], [2.0], [2.0]]),
        ]
        claims = decided({"x": RATIO.format(kind="ratio"), "z": RATIO.format(kind="ablation")}, runs)
        self.assertEqual([claims.verdict(name) for name in "xz"], ["supported"] * 2)
        self.assertEqual(claims.count("predictions", "*"), 1)
        self.assertRegex(sentence(claims, "x"), r"^1 ms against 2 ms: 0\.5 \[0\.476, 0\.525\] over 3 pairs\.$")

    def test_a_lower_one_that_is_equal_contradicts(self):
        pairs = [(f"block {block}", [value], [1.0]) for block, value in enumerate([1.0, 1.001, 0.999])]
        self.assertEqual(rules.ratio(pairs, "lower", 1.0).verdict_at(0.95), "contradicted")
        self.assertEqual(rules.ratio(pairs, "equivalent", 1.0).verdict_at(0.95), "supported")
        self.assertEqual(rules.ratio(pairs, "lower", 10.0).verdict_at(0.95), "supported")

    def test_what_must_hold_in_every_trial(self):
        self.assertEqual(rules.conformance(40, 1, 0, 0.1).verdict_at(0.95), "contradicted")
        self.assertEqual(rules.conformance(29, 0, 0, 0.1).verdict_at(0.95), "supported")
        self.assertEqual(rules.conformance(28, 0, 0, 0.1).verdict_at(0.95), "undecided")
        self.assertEqual(rules.conformance(28, 0, 1, 0.1).figures["passed"], "28 of 29 trials, 1 unknown")

    def test_two_rates(self):
        self.assertEqual(rules.rates((0, 58), (0, 58), 0.05).verdict_at(0.95), "undecided")
        self.assertEqual(rules.rates((0, 200), (0, 200), 0.05).verdict_at(0.95), "supported")
        self.assertEqual(rules.rates((60, 100), (0, 100), 0.05).verdict_at(0.95), "contradicted")

    def test_counts_are_totals_over_what_both_sides_have(self):
        text = """
phrase = "code as workflow"
order = 1
title = "t"
prediction = "p"
sentence = "{a} against {b}."
[rule]
kind = "count"
experiment = "e"
metric = "lines"
over = "pattern"
predicted = "lower"
a = { engine = "a", settings = "default", scenario = "s" }
b = { engine = "b", settings = "default", scenario = "s" }
"""

        def taken(engine, pattern, values):
            found = measured("e", "lines", engine, [[value] for value in values])
            found.factors["pattern"] = pattern
            return found

        both = [taken("a", "x", [3.0, 3.0]), taken("b", "x", [4.0]), taken("b", "y", [1.0])]
        claims = decided({"x": text}, both)
        self.assertEqual((claims.verdict("x"), sentence(claims, "x")), ("supported", "3 against 4."))
        more = decided({"x": text}, [*both, taken("a", "y", [2.0])])
        self.assertEqual((more.verdict("x"), sentence(more, "x")), ("contradicted", "5 against 5."))
        differing = decided({"x": text}, [taken("a", "x", [3.0, 2.0]), taken("b", "x", [4.0])])
        self.assertEqual(differing.verdict("x"), "undecided")
        self.assertEqual(decided({"x": text}, both[1:]).verdict("x"), "not_measured")

    def test_a_capability_is_what_every_program_shows(self):
        text = """
phrase = "asset lineage"
order = 1
title = "t"
prediction = "p"
sentence = "It is {level}."
beside = [{ engine = "b", settings = "default" }]
[rule]
kind = "capability"
experiment = "e"
pattern = "lineage"
engine = "a"
expects = "native"
"""

        def program(engine, levels):
            found = measured("e", "capability_level", engine, [[level] for level in levels])
            found.factors["pattern"] = "lineage"
            return found

        claims = decided({"x": text}, [program("a", [2.0, 2.0]), program("b", [1.0])])
        self.assertEqual((claims.verdict("x"), sentence(claims, "x")), ("supported", "It is native."))
        shown = [(each["engine"], each["text"], each["n"]) for each in fields(claims, "x")["values"]]
        self.assertEqual(shown, [("a", "native", 2), ("b", "emulated", 1)])
        self.assertEqual(decided({"x": text}, [program("a", [0.0])]).verdict("x"), "contradicted")
        self.assertEqual(decided({"x": text}, [program("a", [2.0, 1.0])]).verdict("x"), "undecided")
        self.assertEqual(decided({"x": text}, [program("b", [2.0])]).verdict("x"), "not_measured")

    def test_phrases_stand_in_one_row(self):
        self.assertEqual(row_of("asset lineage"), "Observability")
        self.assertEqual(row_of("declarative data lineage"), "Core model")
        self.assertIsNone(row_of("sound of music"))

    def test_equal_trials_that_are_missing_withhold(self):
        twin = {"id": "t", "engine": "a", "settings": "default", "experiment": "restart-survival"}
        twin |= {"scenario": "s", "block": 0, "factors": {}, "twin": True}
        claims = decided({"x": BOUND.format(engine="a", order=1)}, [kills("a", 0, 59)], trials=[twin])
        self.assertEqual(claims.verdict("x"), "undecided")
        self.assertIsNone(judge(claims, "x", "needs", "A/A arms: 1 of its 1 equal trials do not count"))


class Power(unittest.TestCase):
    def test_more_blocks_and_more_trials(self):
        scattered = paired_ratio([(b, [value], [1.0]) for b, value in enumerate([1.0, 1.6, 1.3])])
        more = power.more_pairs(scattered, 0.95)
        self.assertGreater(more, 0)
        # A stricter level asks for more.
        self.assertGreater(power.more_pairs(scattered, 0.99), more)
        self.assertEqual(power.more_right(0, 50, 0.05, 0.95), 9)
        self.assertEqual(power.more_right(1, 59, 0.05, 0.95), 34)


if __name__ == "__main__":
    unittest.main()
