"""The audit of a small folder, and of the formats that its figures are written in."""

import contextlib
import gzip
import hashlib
import io
import json
import sys
import tarfile
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import audit  # noqa: E402
from recompute import formats, statistics  # noqa: E402
from recompute.figures import figures, unsourced  # noqa: E402
from recompute.reader import Folder  # noqa: E402


class Formats(unittest.TestCase):
    def test_numbers_have_three_digits(self):
        values = {
            0.0: "0", 0.0001234: "0.000123", 1.239: "1.24", 123.4: "123", 1234.0: "1230",
            98765.4: "98800", -3.456: "-3.46", 1e-13: "0", 1000.0: "1000", 999.6: "1000", 1235.0: "1240",
        }  # fmt: skip
        self.assertEqual({value: formats.number(value) for value in values}, values)
        self.assertEqual(formats.estimate(4.1, (3.9, 4.444)), "4.1 [3.9, 4.44]")

    def test_what_lies_in_the_middle_may_be_written_as_either(self):
        def judged(value, text):
            return formats.both_ways(lambda: None if formats.number(value) == text else formats.number(value))

        # As two orders of one sum have it.
        for value in (26.25, 26.250000000000004):
            self.assertIsNone(judged(value, "26.2"))
            self.assertIsNone(judged(value, "26.3"))
        self.assertEqual(judged(26.2501, "26.2"), "26.3")
        self.assertEqual(formats.number(26.25), "26.2")

    def test_shares_have_their_interval(self):
        self.assertEqual(formats.share(0, 3, statistics.clopper_pearson(0, 3)), "0 % [0, 70.8]")

    def test_links_are_figures(self):
        text = "A step: [4.1 \\[3.9, 4.4\\]](measurements.json#a/b%20c:n) ms. ![x](charts/y.svg)"
        (figure,) = figures(text)
        self.assertEqual((figure.text, figure.path), ("4.1 [3.9, 4.4]", "measurements.json#a/b c:n"))
        table = "| a | b |\n| --- | --- |\n| steps=5 | 4.1 |\n| p99 | v2 |\n| x | [3](plan.json#seed) of 4 |\n"
        self.assertEqual([words for _, words in unsourced(table)], ["4.1", "[3](plan.json#seed) of 4"])
        self.assertEqual(len(unsourced("It took 4.1 [3.9, 4.4] at 200 ms.")), 1)


ANSWERS = {
    "step-by-step": [
        "load/2013-01-02 attempt 1 ok",
        "publish attempt 1 failed",
        "load/2013-01-01 attempt 1 ok",
        "publish attempt 2 ok",
    ],
    "doing-now": [],
    "stale": None,
}


def folder(root, report):
    """A results folder of three trials, of which the last stands open."""
    plans, packed = [], io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for block in range(3):
            plan = {"id": f"o.{block}", "scenario": "s", "experiment": "overhead"}
            plan |= {"engine": "e", "settings": "default"}
            plan |= {"block": block, "factors": {"shape": "chain"}, "parameters": {"steps": [1, 5]}}
            plans.append(plan)
            events = [{"t_ns": 1, "event": "trial_started", "format_version": "3.0", "plan": plan}]
            for steps in (1, 5):
                sample = {"metric": "run_ms", "value": (10 + steps) * (1 + 0.1 * block), "labels": {"steps": str(steps)}}
                events.append({"t_ns": 2, "event": "sample", **sample})
            for question, facts in ANSWERS.items():
                labels = {"condition": "present", "question": question}
                if facts is not None:
                    labels["facts"] = json.dumps([{"what": each} for each in facts])
                events.append({"t_ns": 2, "event": "sample", "metric": "answer", "value": 0, "labels": labels})
            events.append({"t_ns": 3, "event": "trial_ended", "status": "completed", "reason": None})
            content = "".join(json.dumps(each) + "\n" for each in events).encode()
            if block == 2:
                (root / "open" / plan["id"]).mkdir(parents=True)
                (root / "open" / plan["id"] / "events.jsonl").write_bytes(content)
            else:
                member = tarfile.TarInfo(f"{plan['id']}/events.jsonl")
                member.size = len(content)
                archive.addfile(member, io.BytesIO(content))
    (root / "evidence").mkdir()
    (root / "evidence" / "s.tar.gz").write_bytes(packed.getvalue())
    (root / "rows").mkdir()
    (root / "rows" / "x.jsonl.gz").write_bytes(gzip.compress(b""))
    verdict = {"trial": "o.0", "invariant": "completeness", "outcome": "pass", "expected": False}
    files = {
        "plan.json": {"seed": 7, "engines": [], "trials": plans},
        "environment.json": {"cpus": 2, "load_1m": 0.25},
        "verdicts.json": {"verdicts": [verdict], "void": [], "warnings": []},
    }
    for name, content in files.items():
        (root / name).write_text(json.dumps({"format_version": "3.0", **content}))
    (root / "report.md").write_text(report)


REPORT = """# Report

Made [3](plan.json#trials) trials, seed [7](plan.json#seed), load [0.25](environment.json#load_1m).
Passed: [1](verdicts.json#count/%2A/e/pass).

| condition | a run, ms | n |
| --- | --- | --- |
| e (default): scenario=s, shape=chain, steps=1 | {estimate} | [3](measurements.json#overhead/run_ms/e/default/scenario=s,shape=chain,steps=1:n) trials |
"""
ID = "measurements.json#overhead/run_ms/e/default/scenario=s,shape=chain,steps=1"


def seal(root, without=None):
    """Seals the folder as it is, but for one trial."""
    read = Folder(root)
    names = ["plan.json", "environment.json"]
    files = {name: hashlib.sha256(read.read(name)).hexdigest() for name in names}
    manifest = {
        "format_version": "3.0",
        "files": files | {"rows/x.jsonl.gz": hashlib.sha256(b"").hexdigest()},
        "trials": {
            plan["id"]: {
                name: hashlib.sha256(content).hexdigest() for name, content in read.trial_files(plan).items()
            }
            for plan in read.plan["trials"]
            if plan["id"] != without
        },
    }
    (root / "manifest.json").write_text(json.dumps(manifest))


class WholeFolder(unittest.TestCase):
    def audited(self, report, *options, change=lambda root: None):
        with tempfile.TemporaryDirectory() as root:
            folder(Path(root), report)
            change(Path(root))
            claims = Path(root) / "claims"
            claims.mkdir()
            with contextlib.redirect_stdout(io.StringIO()):
                return audit.main([root, "--claims", str(claims), *options])

    def right(self):
        found = statistics.estimate([[11.0], [12.1], [13.2]])
        text = formats.estimate(found.value, found.interval).replace("[", "\\[").replace("]", "\\]")
        return REPORT.format(estimate=f"[{text}]({ID})")

    def test_a_right_report_agrees_and_every_alteration_is_caught(self):
        self.assertEqual(self.audited(self.right(), "--alter"), 0)

    def test_the_other_text_of_what_lies_in_the_middle_is_no_alteration(self):
        def middle(root):
            found = {"format_version": "3.0", "cpus": 2, "load_1m": 182.5}
            (root / "environment.json").write_text(json.dumps(found))

        def written(text):
            report = self.right().replace("[0.25](env", f"[{text}](env")
            return self.audited(report, "--alter", change=middle)

        self.assertEqual([written(text) for text in ("182", "183", "184")], [0, 0, 1])

    def test_a_wrong_figure_is_named(self):
        wrong = (("[7]", "[8]"), ("[3](plan", "[4](plan"), ("steps=1 |", "steps=5 |"), ("[1](verd", "[2](verd"))
        for before, after in wrong:
            self.assertEqual(self.audited(self.right().replace(before, after)), 1, after)

    def test_decision_records_are_audited_like_the_report(self):
        # Runs of one step take 11, 12.1, 13.2 ms, of five steps 15, 16.5, 18: a step more takes 1, 1.1, 1.2.
        run = statistics.estimate([[15.0], [16.5], [18.0]])
        step = statistics.estimate([[1.0], [1.1], [1.2]])
        ends = [(a + 4 * b) / 1e3 for a, b in zip(run.interval, step.interval)]
        right = formats.estimate((run.value + 4 * step.value) / 1e3, ends)
        five = ID.replace("steps=1", "steps=5")

        def record(text, place):
            def write(root):
                (root / "advice").mkdir()
                told = text.replace("[", "\\[").replace("]", "\\]")
                (root / "advice" / "mine.md").write_text(f"It adds [{told}]({place}:of_steps:9) s.\n")

            return write

        audited = lambda change: self.audited(self.right(), "--alter", change=change)  # noqa: E731
        self.assertEqual(audited(record(right, f"../{five}")), 0)
        self.assertEqual(audited(record(right, five)), 1)
        self.assertEqual(audited(record("0.02 [0.01, 0.03]", f"../{five}")), 1)

        def priced(text):
            def write(root):
                (root / "advice").mkdir()
                (root / "advice" / "mine.md").write_text(f"It costs [{text}](../{five}:times:0.5).\n")

            return write

        self.assertEqual(audited(priced(formats.number(run.value / 2))), 0)
        self.assertEqual(audited(priced(formats.number(run.value))), 1)

    def test_the_report_as_html_is_audited_too(self):
        def page(cell, more=""):
            html = (
                '<svg><text>99</text></svg>\n<table><tr><th>condition</th><th>n</th></tr>\n'
                f"<tr><td>e (default): scenario=s, shape=chain, steps=1</td><td>{cell}</td></tr></table>\n{more}"
            )
            return lambda root: (root / "report.html").write_text(html)

        figure = lambda text: f'<span class="figure" title="{ID}:n">{text}</span>'  # noqa: E731
        audited = lambda *html: self.audited(self.right(), "--alter", change=page(*html))  # noqa: E731
        self.assertEqual(audited(figure("3") + " trials"), 0)
        self.assertEqual(audited(figure("4")), 1)
        self.assertEqual(audited("3"), 1)
        self.assertEqual(audited(figure("3"), "<p>It took 4.1 [3.9, 4.4] ms.</p>"), 1)
        self.assertEqual(audited(figure("3").replace("steps=1", "steps=5")), 1)

    def test_a_figure_in_the_wrong_column_is_named(self):
        row = self.right().splitlines()[-1]
        other = "[0 \\[0, 0\\]](measurements.json#overhead/step_by_line/e/default/scenario=s,shape=chain)"
        second = f"| e (default): scenario=s, shape=chain | {other} | |"
        self.assertEqual(self.audited(self.right() + second + "\n"), 1)
        self.assertEqual(self.audited(self.right() + row + "\n"), 0)

    def test_what_was_changed_since_the_seal_is_named(self):
        def changed(root):
            seal(root)
            (root / "environment.json").write_text((root / "environment.json").read_text() + " ")

        self.assertEqual(self.audited(self.right(), change=seal), 0)
        self.assertEqual(self.audited(self.right(), change=changed), 1)
        self.assertEqual(self.audited(self.right(), change=lambda root: seal(root, without="o.1")), 1)

    def test_events_that_are_not_one_trials_whole_ones_are_named(self):
        def appended(root):
            events = root / "open" / "o.2" / "events.jsonl"
            events.write_bytes(events.read_bytes() * 2)

        def negative(root):
            events = root / "open" / "o.2" / "events.jsonl"
            events.write_text(events.read_text().replace('"value": ', '"value": -', 1))

        self.assertEqual(self.audited(self.right(), change=appended), 1)
        self.assertEqual(self.audited(self.right(), change=negative), 1)

    def test_what_an_engine_answered_is_recomputed(self):
        answers = "evidence/s.tar.gz#o.0"
        right = (
            ("step-by-step:load", "2 times attempt 1 ok"),
            ("step-by-step:publish", "attempt 1 failed, attempt 2 ok"),
            ("step-by-step:check", "not in it"),
            ("doing-now", "nothing"),
            ("stale", "no answer"),
            ("lineage", "no answer"),
        )
        said = "".join(f"\nSaid [{text}]({answers}/{place}).\n" for place, text in right)
        self.assertEqual(self.audited(self.right() + said, "--alter"), 0)
        wrong = (
            ("[2 times", "[3 times"),
            ("[nothing]", "[no answer]"),
            ("[not in it]", "[attempt 1 ok]"),
            ("#o.0/stale", "#o.9/stale"),
        )
        for before, after in wrong:
            self.assertEqual(self.audited((self.right() + said).replace(before, after)), 1, after)

    def test_what_warnings_come_to_together_is_recomputed(self):
        def warned(root):
            verdicts = json.loads((root / "verdicts.json").read_text())
            late = {"warning": "generator_late", "load": "1/2 of it"}
            verdicts["warnings"] = [
                late | {"trial": "o.0", "lateness_us": 300},
                late | {"trial": "o.1", "lateness_us": 500},
                late | {"trial": "o.1", "lateness_us": 400},
                late | {"trial": "o.0", "lateness_us": 900, "load": "all of it"},
            ]
            (root / "verdicts.json").write_text(json.dumps(verdicts))

        place = "verdicts.json#together/generator_late/s/1/2%20of%20it"
        line = f"[2]({place}/trials) trials, [300]({place}/lateness_us:least) to [500]({place}/lateness_us:most)\n"
        self.assertEqual(self.audited(self.right() + line, "--alter", change=warned), 0)
        for before, after in (("[2](verdicts.json#tog", "[3](verdicts.json#tog"), ("[300]", "[301]"), ("[500]", "[900]")):
            wrong = self.right() + line.replace(before, after)
            self.assertEqual(self.audited(wrong, change=warned), 1, after)

    def test_a_figure_without_a_source_is_named(self):
        self.assertEqual(self.audited(REPORT.format(estimate="12.1")), 1)

    def test_what_is_no_folder_cannot_be_read(self):
        with tempfile.TemporaryDirectory() as root, contextlib.redirect_stderr(io.StringIO()):
            self.assertEqual(audit.main(["/nonexistent"]), 2)
            self.assertEqual(audit.main([root]), 2)


if __name__ == "__main__":
    unittest.main()
