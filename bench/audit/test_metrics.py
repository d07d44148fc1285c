"""Metrics on trials made by hand."""

import hashlib
import json
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from recompute.journal import executions, read_journal  # noqa: E402
from recompute.metrics import (  # noqa: E402
    cost,
    observability,
    overhead,
    repetition,
    restart_survival,
    retries,
    saga,
    throughput,
)
from recompute.trial import Run, Trial  # noqa: E402


def journal(records, writer="1-7"):
    """A journal file with its chain of checksums."""
    lines, previous = [], ""
    for number, record in enumerate(records, 1):
        bare = json.dumps({"seq": number, **record, "checksum": ""}, separators=(",", ":"))
        previous = hashlib.sha256((previous + bare).encode()).hexdigest()
        lines.append(bare.replace('"checksum":""', f'"checksum":"{previous}"'))
    return {f"journal/{writer}.jsonl": "".join(f"{line}\n" for line in lines).encode()}


def step(kind, t_ms, attempt=1, key="r/load/-", **more):
    return {"t_ns": t_ms * 10**6, "kind": kind, "run": "r", "step": "load", "attempt": attempt, "key": key, **more}


def trial(records, experiment="restart-survival", factors=None, events=(), **more):
    plan = {"experiment": experiment, "engine": "e", "factors": factors or {}}
    found = Trial(plan, {"retry_schedule": "exponential"}, list(events), **more)
    found.by_key = executions(read_journal(journal(records))[0])
    return found


def values(samples):
    return {metric: value for metric, value, _ in samples}


class Metrics(unittest.TestCase):
    def test_a_broken_chain_is_seen(self):
        files = journal([step("invoke", 1), step("ok", 2)])
        self.assertEqual(read_journal(files)[1], [])
        files["journal/1-7.jsonl"] = files["journal/1-7.jsonl"].replace(b"2000000", b"3000000")
        self.assertEqual(len(read_journal(files)[1]), 1)

    def test_overhead(self):
        runs = [("run_ms", 10.0 + 2.0 * n, {"steps": str(n)}) for n in (1, 5, 15) for _ in range(5)]
        found = values(overhead.derive(None, runs))
        self.assertAlmostEqual(found["step_ms"], 2.0)
        self.assertAlmostEqual(found["start_ms"], 10.0)
        self.assertEqual(found["step_by_line"], 1.0)
        bent = [("run_ms", {1: 10, 5: 12, 15: 60}[n] * 1.0, {"steps": str(n)}) for n in (1, 5, 15) for _ in range(5)]
        found = values(overhead.derive(None, bent))
        self.assertEqual((found["step_ms"], found["step_by_line"], "start_ms" in found), (4.8, 0.0, False))

    def test_ladder(self):
        self.assertEqual(throughput.knee([(1, 10.0), (4, 30.0), (16, 32.0)]), 4)
        # 9 % over two doublings is under 5 % each, 11 % is not.
        self.assertEqual(throughput.knee([(1, 100.0), (4, 109.0)]), 1)
        self.assertIsNone(throughput.knee([(1, 100.0), (4, 111.0)]))

    def test_open_loop(self):
        def loop(offered, completed, late):
            labels = {"load": "half"}
            seen = [("offered_runs", offered, labels), ("completed_runs", completed, labels)]
            seen += [("latency_ms", 10.0 + each, labels) for each in range(3)]
            return values(throughput.loops(seen + [("generator_lateness_ms", late, labels)]))

        self.assertEqual(loop(100.0, 5.0, 0.1)["achieved_ratio"], 0.05)
        self.assertNotIn("latency_p99_ms", loop(100.0, 5.0, 0.1))
        self.assertNotIn("latency_p99_ms", loop(100.0, 100.0, 2.0))
        self.assertEqual(loop(100.0, 99.0, 0.1)["latency_p99_ms"], 12.0)

    def test_completions_are_counted_run_by_run(self):
        of = {name: [] for name in throughput.CONSUMED}
        of |= {"window_ms": [100.0], "intended_ms": [0.0, 50.0, 90.0], "latency_ms": [100.0, 60.0, 5.0]}
        of |= {"generator_lateness_ms": [0.1] * 4, "offered_runs": [9.0], "completed_runs": [9.0]}
        self.assertEqual(throughput.counted(of), (4.0, 2.0))

    def test_retries(self):
        retry = {"delay_ms": 200, "backoff_coefficient": 1.0, "max_delay_ms": 10000, "max_attempts": 5}
        records = [step("invoke", 0), step("error", 10, error="Injected"), step("invoke", 250, 2), step("ok", 260, 2)]
        one = trial(records, "retries", {"case": "transient"}, runs=[Run("r", None, retry, 1)])
        found = values(retries.derive(one, []))
        self.assertEqual(found, {"attempts": 2, "retry_gap_ms": 240, "retry_gap_excess_ms": 40})
        one.plan["factors"]["case"] = "rate-0.30"
        self.assertEqual(values(retries.derive(one, []))["failed_share"], 0.5)
        double = {**retry, "backoff_coefficient": 2.0}
        self.assertEqual([retries.scheduled_ms("exponential", double, k) for k in (1, 2, 3)], [200, 400, 800])
        self.assertEqual([retries.scheduled_ms("exponential-less-one", double, k) for k in (1, 2, 3)], [200, 600, 1400])

    def test_recovery(self):
        records = [
            step("invoke", 0), step("crash", 100, point="after_effect"),
            step("invoke", 700, 2), step("ok", 800, 2),
        ]  # fmt: skip
        one = trial(records, runs=[Run("r", None, {}, 1000 * 10**6)])
        found = values(restart_survival.derive(one, []))
        self.assertEqual(
            [found[f"{part}_ms"] for part in ("recovery", "detect_and_reschedule", "reexecute", "catch_up")],
            [900, 600, 100, 200],
        )
        self.assertEqual((found["wasted_work_ratio"], found["executions_repeated"], found["kills_wrong"]), (0.5, 1, 0))
        one.plan["side_by_side"] = 3
        self.assertNotIn("recovery_ms", values(restart_survival.derive(one, [])))

    def test_rows_lost_and_wrong(self):
        run = Run("r", "s", {}, 1)
        rows = [("d", "a", "1"), ("d", "b", "2")]
        one = Trial({"factors": {}}, runs=[run], left={"s": rows[:1]}, expected={"s": rows})
        found = values(restart_survival.derive(one, []))
        self.assertEqual((found["rows_lost"], found["kills_wrong"]), (1, 1))

    def test_repetition(self):
        records = [step("invoke", 0), step("invoke", 5, 2), step("ok", 10), step("ok", 20, 2)]
        rows = [
            {"seq": at, "key": key, "rows_changed": changed}
            for at, (key, changed) in enumerate([("a", 5), ("a", 5), ("a", 0), ("b", 0)], 1)
        ]
        found = values(repetition.derive(trial(records, applied=rows)))
        self.assertEqual(list(found.values()), [1, 1, 1, 1])

    def test_observability(self):
        def made(step_, t_ms, day="2013-01-01"):
            key = {"run": "r", "step": step_, "partition": day, "attempt": 1, "key": f"r/{step_}/{day or '-'}"}
            begun = {"kind": "invoke", "t_ns": t_ms * 10**6, **key}
            return [begun, {"kind": "ok", "t_ns": (t_ms + 1) * 10**6, "output_digest": f"of {step_}", **key}]

        extracts = [made(each, at, day) for at, (each, day) in enumerate((
            ("extract_flights", "2013-01-01"), ("extract_weather", "2013-01-01"),
            ("extract_planes", None), ("extract_airports", None), ("extract_airlines", None),
        ))]  # fmt: skip
        later = [made("transform", 10), made("load", 20), made("publish", 30, None)]
        one = trial([record for each in extracts + later for record in each], "observability")
        one.plan["parameters"] = {
            "run": "r", "source": "s", "day": "2013-01-01", "changed": "transform", "approver": "ada",
        }  # fmt: skip
        one.runs = [Run("r", "s", {}, 100 * 10**6)]
        right = observability.Right(one)
        self.assertEqual(sorted(right.of("refresh", 0)), ["load/2013-01-01", "publish", "transform/2013-01-01"])
        self.assertEqual(len(right.of("parent-versions", 0)), 5)
        self.assertEqual(right.of("made-when", 0), {"load/2013-01-01": (20 * 10**6, 100 * 10**6)})
        self.assertEqual(list(right.of("doing-now", 20 * 10**6 + 1)), ["load/2013-01-01 attempt 1"])
        self.assertEqual(right.of("unpublished", 0), {})

        def level(*facts, lines=0):
            labels = {"condition": "present", "question": "lineage", "facts": json.dumps([{"what": f} for f in facts])}
            one.events = [{"event": "sample", "t_ns": 1, "metric": "answer", "value": lines, "labels": labels}]
            found = observability.derive(one, one.samples())
            return {labels.get("pattern"): value for metric, value, labels in found if metric == "capability_level"}

        lineage = list(right.of("lineage", 0))
        self.assertEqual(len(lineage), 7)
        self.assertEqual(level(*lineage)["lineage-query"], 2.0)
        self.assertEqual(level(*lineage, lines=3)["lineage-query"], 1.0)
        self.assertEqual(level(*lineage[1:])["lineage-query"], 0.0)
        self.assertEqual(level(*lineage)["materialization-history"], 0.0)

    def saga(self, undone, failed=True, in_another_run=False):
        """Load and announcement, the latter failed for good; then the compensations that are named."""
        def at(step_name, key, t_ms, kind, **more):
            return {**step(kind, t_ms, key=f"r/{step_name}/{key}", **more), "step": step_name}

        records = [
            at("load", "2013-01-01", 0, "invoke"), at("load", "2013-01-01", 10, "ok"),
            at("announce", "-", 20, "invoke"), at("announce", "-", 30, "error", error="InjectedFatal"),
        ]  # fmt: skip
        keys = {"undo_announce": "-", "undo_load": "2013-01-01"}
        for number, name in enumerate(undone):
            records += [at(name, keys[name], 40 + 10 * number, "invoke"), at(name, keys[name], 45 + 10 * number, "ok")]
        names = ["load", *(name for name in undone if name == "undo_load")]
        applied = [
            {"seq": seq, "key": f"r/{name}/2013-01-01", "step": name, "partition": "2013-01-01", "rows_changed": 5}
            for seq, name in enumerate(names, 1)
        ]
        told = [
            {"key": f"r/{name}/{keys[name]}", "completed": True, "in_another_run": in_another_run} for name in undone
        ]
        events = [{"event": "engine_history", "run": "r", "steps": told}]
        run = Run("r", "s", {}, 90 * 10**6, failure={} if failed else None) if failed is not None else Run("r", "s", {})
        one = trial(records, "saga", {"pattern": "saga"}, events, runs=[run], applied=applied)
        return values(saga.derive(one, []))

    def test_saga(self):
        undone = ["undo_announce", "undo_load"]
        found = self.saga(undone)
        self.assertEqual(
            [found[name] for name in ("sagas_wrong", "effects_left", "undo_ms", "capability_level")], [0, 0, 25, 2]
        )
        self.assertEqual(self.saga(undone, in_another_run=True)["capability_level"], 1)
        found = self.saga(undone[:1])
        self.assertEqual([found["sagas_wrong"], found["effects_left"], found["capability_level"]], [1, 1, 0])
        self.assertNotIn("undo_ms", found)
        self.assertEqual(self.saga([])["effects_left"], 2)
        self.assertEqual(self.saga(undone[::-1])["sagas_wrong"], 1)
        # Without an end: undone is right, half done is not.
        self.assertEqual(self.saga(undone, failed=None)["sagas_wrong"], 0)
        self.assertEqual(self.saga([], failed=None)["sagas_wrong"], 1)
        # One that ended well must not be undone.
        self.assertEqual(self.saga(undone, failed=False)["sagas_wrong"], 1)

    def test_cost(self):
        seen = [("metered_runs", 4.0, {}), ("metered_steps", 20.0, {}), ("cpu_s", 0.9, {"process": "server"})]
        seen += [("cpu_s", 0.1, {"process": "harness"}), ("disk_flushes", 30.0, {}), ("run_ms", 3.0, {})]
        found = {(metric, labels.get("process")): value for metric, value, labels in cost.derive(seen)}
        self.assertEqual(found["cpu_ms_a_run", "server"], 225.0)
        self.assertEqual(found["harness_cpu_share", None], 0.1)
        self.assertEqual(found["disk_flushes_a_step", None], 1.5)

if __name__ == "__main__":
    unittest.main()
