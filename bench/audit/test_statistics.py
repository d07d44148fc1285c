"""Statistics against textbooks and published tables."""

import math
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from recompute import distributions, statistics  # noqa: E402
from recompute.difference import difference_bound, ends, p_difference  # noqa: E402


class Statistics(unittest.TestCase):
    def near(self, found, wanted, places=4):
        for one, other in zip(found, wanted, strict=True):
            self.assertAlmostEqual(one, other, places)

    def test_quantiles_of_student(self):
        # Any table of the t distribution, two-sided 0.95 and one-sided 0.99.
        self.near(
            [distributions.t_quantile(0.975, df) for df in (1, 2, 5, 10)], [12.7062, 4.3027, 2.5706, 2.2281]
        )
        self.near([distributions.t_quantile(0.99, df) for df in (3, 30)], [4.5407, 2.4573])

    def test_incomplete_beta(self):
        # I_x(2, 3) is 6x² - 8x³ + 3x⁴.
        for x in (0.1, 0.5, 0.9):
            self.assertAlmostEqual(distributions.beta_cdf(x, 2, 3), 6 * x**2 - 8 * x**3 + 3 * x**4, 12)
        self.assertAlmostEqual(distributions.binomial_cdf(2, 10, 0.3), 0.3827827864, 9)

    def test_clopper_pearson(self):
        # Newcombe, Statistics in Medicine 17 (1998) 857, table I, method 5.
        for (k, n), wanted in {
            (81, 263): (0.2527, 0.3676),
            (15, 148): (0.0578, 0.1617),
            (0, 20): (0.0, 0.1684),
            (1, 29): (0.0009, 0.1776),
        }.items():
            self.near(statistics.clopper_pearson(k, n), wanted)
        # The rule of 59: none of 59 bounds a rate at five percent, none of 58 does not.
        self.assertLessEqual(statistics.upper_bound(0, 59, 0.95), 0.05)
        self.assertGreater(statistics.upper_bound(0, 58, 0.95), 0.05)
        self.assertAlmostEqual(statistics.p_rate_at_most(0, 59, 0.05), 0.95**59, 12)

    def test_newcombe(self):
        # Newcombe, Statistics in Medicine 17 (1998) 873, table II, method 10.
        z = distributions.normal_quantile(0.975)
        self.near(ends((56, 70), (48, 80), z), (0.0524, 0.3339))
        self.near(ends((9, 10), (3, 10), z), (0.1705, 0.8090))
        self.near(ends((0, 10), (0, 20), z), (-0.1611, 0.2775))
        below, above = p_difference((1, 100), (2, 100), 0.05)
        self.assertAlmostEqual(difference_bound((1, 100), (2, 100), 1 - below, 1), 0.05, 6)
        self.assertGreater(above, 0.5)

    def test_holm(self):
        # R: p.adjust(c(0.01, 0.04, 0.03, 0.005), "holm").
        found = statistics.holm([0.01, 0.04, 0.03, 0.005])
        self.near([p for p, _ in found], [0.03, 0.06, 0.06, 0.02], 12)
        self.near([level for _, level in found], [1 - 0.05 / 3, 0.975, 0.975, 0.9875], 12)

    def test_few_trials_by_student_on_logs(self):
        found = statistics.estimate([[1.0], [10.0], [100.0]])
        reach = math.exp(4.302653 * math.log(10) / math.sqrt(3))
        self.near([found.value, found.interval[0], found.interval[1] / 1e3], [10, 10 / reach, reach / 100], 3)
        self.assertIsNone(statistics.estimate([[1.0], [2.0]]).interval)
        self.assertEqual(statistics.estimate([[5.0]] * 3).interval, (5.0, 5.0))
        self.near(statistics.estimate([[0.0], [1.0], [2.0]]).interval, (1 - 4.3027 / 3**0.5, 1 + 4.3027 / 3**0.5))

    def test_ranks_of_many_trials(self):
        # The sign test's ranks at 0.95: 12 X(3) to X(10), 20 X(6) to X(15), 40 X(14) to X(27).
        for n, ranks in {12: (3, 10), 20: (6, 15), 40: (14, 27)}.items():
            found = statistics.estimate([[float(each)] for each in range(1, n + 1)])
            self.assertEqual((found.value, found.interval), ((n + 1) / 2, ranks))

    def test_nearest_rank(self):
        values = [float(each) for each in range(1, 101)]
        self.assertEqual([statistics.nearest_rank(values, p) for p in (0.5, 0.95, 0.99)], [50, 95, 99])
        self.assertEqual(statistics.nearest_rank([7.0], 0.99), 7)

    def test_a_ratio_decides_as_its_interval_does(self):
        found = statistics.paired_ratio([(b, [2.0 * (1 + 0.01 * b)], [1.0]) for b in range(4)] + [(9, [1.0], [])])
        self.assertEqual((found.pairs, found.side()), (4, "larger"))
        p = found.p_outside()
        self.assertEqual([found.side(1 - p * 1.01), found.side(1 - p * 0.99)], ["larger", None])
        # Several pairs of a block count once.
        twice = statistics.paired_ratio([(0, [2.0], [1.0]), (0, [8.0], [1.0])])
        self.assertEqual((twice.pairs, round(twice.value, 9), twice.interval()), (1, 4.0, None))

if __name__ == "__main__":
    unittest.main()
