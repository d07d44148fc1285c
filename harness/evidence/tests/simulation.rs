//! Simulations of the statistical rules as coded: do intervals cover what they promise, does a
//! family of equal sides stay undecided, does a real difference get decided.
//!
//! Each figure rests on 2,000 experiments with seeded log-normal trials, so that its own
//! standard error is about half a point at 95 %.

use orchbench_evidence::record::{Interval, TrialSamples};
use orchbench_evidence::stats::{
    COVERAGE_WITH_OUTLIERS, Pair, Ratio, Side, by_block, estimate, holm, paired_ratio,
};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use statrs::distribution::{ContinuousCDF, Normal};

const EXPERIMENTS: u32 = 2_000;
const VARIATION_PERCENT: [u32; 3] = [5, 20, 40];
/// How much slower an outlier is, and how often there is one.
const OUTLIER: (f64, f64) = (3.0, 0.1);
/// The median of trials that are no outliers.
const CENTRE: f64 = 80.0;

/// Trials that scatter log-normally.
struct Population {
    rng: StdRng,
    /// Standard deviation of the logs.
    sigma: f64,
    outliers: bool,
}

impl Population {
    fn new(seed: u64, variation_percent: u32, outliers: bool) -> Self {
        let variation = f64::from(variation_percent) / 100.0;
        Self {
            rng: StdRng::seed_from_u64(seed),
            sigma: (variation * variation).ln_1p().sqrt(),
            outliers,
        }
    }

    /// A standard normal number (Box and Muller).
    fn normal(&mut self) -> f64 {
        let (radius, angle) = (1.0 - self.rng.random::<f64>(), self.rng.random::<f64>());
        (-2.0 * radius.ln()).sqrt() * (std::f64::consts::TAU * angle).cos()
    }

    fn trial(&mut self) -> f64 {
        let slower = if self.outliers && self.rng.random::<f64>() < OUTLIER.1 {
            OUTLIER.0
        } else {
            1.0
        };
        CENTRE * slower * (self.sigma * self.normal()).exp()
    }

    /// The population's median, by bisection.
    fn median(&self) -> f64 {
        if !self.outliers {
            return CENTRE;
        }
        let normal = Normal::standard();
        let below = |log: f64| {
            (1.0 - OUTLIER.1) * normal.cdf(log / self.sigma)
                + OUTLIER.1 * normal.cdf((log - OUTLIER.0.ln()) / self.sigma)
        };
        let (mut low, mut high) = (0.0, OUTLIER.0.ln());
        for _ in 0..60 {
            let middle = f64::midpoint(low, high);
            if below(middle) < 0.5 {
                low = middle;
            } else {
                high = middle;
            }
        }
        CENTRE * low.exp()
    }

    fn trials(&mut self, n: u32) -> Vec<TrialSamples> {
        (0..n).map(|block| trial(block, self.trial())).collect()
    }

    fn ratio(&mut self, n: u32, true_ratio: f64) -> Option<Ratio> {
        let pairs: Vec<Pair> = (0..n)
            .map(|block| Pair {
                block,
                name: String::new(),
                a: vec![self.trial() * true_ratio],
                b: vec![self.trial()],
            })
            .collect();
        paired_ratio(&pairs)
    }
}

fn trial(block: u32, value: f64) -> TrialSamples {
    TrialSamples {
        trial: String::new(),
        block,
        values: vec![value],
    }
}

/// The share of experiments that show something.
fn share(mut experiment: impl FnMut() -> bool) -> f64 {
    let shown = (0..EXPERIMENTS).filter(|_| experiment()).count();
    shown as f64 / f64::from(EXPERIMENTS)
}

fn covers(interval: Option<Interval>, truth: f64) -> bool {
    interval.is_some_and(|each| each.low <= truth && truth <= each.high)
}

/// How often the intervals of an estimate and of a paired ratio cover the truth.
fn coverage(n: u32, variation_percent: u32, outliers: bool) -> [f64; 2] {
    let seed = u64::from(n) * 1_000 + u64::from(variation_percent);
    let mut population = Population::new(seed, variation_percent, outliers);
    let truth = population.median();
    let of_estimate = share(|| covers(estimate(&population.trials(n)).interval, truth));
    let of_ratio = share(|| {
        let ratio = population.ratio(n, 1.3);
        covers(ratio.and_then(|ratio| ratio.interval), 1.3)
    });
    [of_estimate, of_ratio]
}

#[test]
fn intervals_of_few_trials_cover_the_median_as_often_as_they_say() {
    for n in [3, 6, 10] {
        for variation in VARIATION_PERCENT {
            for found in coverage(n, variation, false) {
                assert!(
                    (0.93..=0.97).contains(&found),
                    "n = {n}, {variation} %: {found}"
                );
            }
        }
    }
}

#[test]
fn intervals_of_ranks_cover_the_median_at_least_as_often_as_they_say() {
    for n in [12, 20, 40] {
        for variation in VARIATION_PERCENT {
            for found in coverage(n, variation, false) {
                assert!(found >= 0.93, "n = {n}, {variation} %: {found}");
            }
        }
    }
}

#[test]
fn slow_outliers_leave_intervals_of_ranks_as_they_are() {
    for n in [12, 20, 40] {
        for variation in VARIATION_PERCENT {
            for found in coverage(n, variation, true) {
                assert!(found >= 0.92, "n = {n}, {variation} %: {found}");
            }
        }
    }
}

#[test]
fn what_slow_outliers_make_of_few_trials_is_what_the_method_section_says() {
    let mut wrong = Vec::new();
    for each in COVERAGE_WITH_OUTLIERS {
        let found = coverage(each.trials as u32, each.variation_percent, true);
        let said = [each.estimate, each.ratio];
        if said
            .iter()
            .zip(found)
            .any(|(said, found)| (said - found).abs() > 0.02)
        {
            wrong.push(format!(
                "{} trials at {} %: says {said:?}, found {found:?}",
                each.trials, each.variation_percent
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Which of a family's ratios name a larger side, at Holm's levels; with the mirror held.
fn larger_in_family(ratios: &[Ratio]) -> Vec<bool> {
    let p_values: Vec<f64> = ratios.iter().map(Ratio::p_outside).collect();
    ratios
        .iter()
        .zip(holm(&p_values))
        .map(|(ratio, step)| {
            let larger = matches!(ratio.larger_at(step.level), Side::A | Side::B);
            assert_eq!(larger, step.decided(), "interval and p-value disagree");
            larger
        })
        .collect()
}

#[test]
fn families_of_equal_sides_are_left_undecided() {
    for variation in VARIATION_PERCENT {
        for n in [3, 6, 12] {
            let mut population = Population::new(u64::from(n + variation), variation, false);
            let false_alarms = share(|| {
                let family: Vec<Ratio> = (0..8).filter_map(|_| population.ratio(n, 1.0)).collect();
                family.len() != 8 || larger_in_family(&family).contains(&true)
            });
            assert!(
                false_alarms <= 0.05,
                "n = {n}, {variation} %: {false_alarms}"
            );
        }
    }
}

#[test]
fn a_real_difference_is_decided_though_the_rest_of_its_family_is_not() {
    for (n, ratio, at_least) in [(3, 2.0, 0.75), (6, 1.3, 0.95)] {
        let mut population = Population::new(u64::from(n), 5, false);
        let decided = share(|| {
            let ratios = [ratio, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0];
            let family: Vec<Ratio> = ratios
                .iter()
                .filter_map(|ratio| population.ratio(n, *ratio))
                .collect();
            family.len() == 8 && larger_in_family(&family)[0]
        });
        assert!(decided >= at_least, "n = {n}, ratio {ratio}: {decided}");
    }
}

/// Points of a block share its drift: taken as trials of their own they would cover far less.
#[test]
fn ten_blocks_of_six_points_cover_as_ten() {
    let (blocks, points) = (10, 6);
    let mut drift = Population::new(10, 20, false);
    let mut noise = Population::new(6, 5, false);
    let mut of_blocks = |blocks: u32| -> Vec<Vec<TrialSamples>> {
        let mut conditions = vec![Vec::new(); points];
        for block in 0..blocks {
            let shared = drift.trial() / CENTRE;
            for (level, condition) in (1..).zip(&mut conditions) {
                condition.push(trial(block, shared * noise.trial() * f64::from(level)));
            }
        }
        conditions
    };
    let averages = |conditions: &[Vec<TrialSamples>]| {
        let slices: Vec<&[TrialSamples]> = conditions.iter().map(Vec::as_slice).collect();
        by_block(&slices)
    };
    // The median of the blocks' averages, from many blocks.
    let truth = averages(&of_blocks(40_000)).estimate().value;
    let mut as_sixty = 0;
    let covered = share(|| {
        let conditions = of_blocks(blocks);
        let relative: Vec<TrialSamples> = (1..)
            .zip(&conditions)
            .flat_map(|(level, trials)| {
                let scale = 3.5 / f64::from(level);
                trials
                    .iter()
                    .map(move |each| trial(each.block, each.values[0] * scale))
            })
            .collect();
        as_sixty += u32::from(covers(estimate(&relative).interval, truth));
        let found = averages(&conditions).estimate();
        assert_eq!((found.trials, found.samples), (10, 60));
        covers(found.interval, truth)
    });
    assert!((0.93..=0.97).contains(&covered), "{covered}");
    let as_sixty = f64::from(as_sixty) / f64::from(EXPERIMENTS);
    assert!(as_sixty < 0.7, "{as_sixty}");
}

/// Pairs whose logs have exactly this mean and standard deviation, half on either side.
fn pairs_like(n: u32, mean: f64, deviation: f64) -> Option<Ratio> {
    let away = deviation * (f64::from(n - 1) / f64::from(n)).sqrt();
    let pairs: Vec<Pair> = (0..n)
        .map(|block| Pair {
            block,
            name: String::new(),
            a: vec![(mean + if block % 2 == 0 { away } else { -away }).exp()],
            b: vec![1.0],
        })
        .collect();
    paired_ratio(&pairs)
}

#[test]
fn as_many_more_pairs_as_are_asked_for_probably_decide() {
    for (ratio, variation, seen, level) in [
        (1.6, 20, 4, 0.95),
        (1.4, 20, 4, 0.99),
        (1.2, 20, 6, 0.95),
        (1.0, 5, 6, 0.95),
        (1.02, 5, 6, 0.95),
    ] {
        let mut population = Population::new(4, variation, false);
        // The logs of a pair's two sides add up.
        let deviation = population.sigma * 2.0_f64.sqrt();
        let more = pairs_like(seen, f64::ln(ratio), deviation)
            .and_then(|found| found.more_pairs_needed(level));
        let Some(more) = more.filter(|more| *more > 0) else {
            panic!("{ratio}: {more:?}");
        };
        let total = seen + more as u32;
        let decided = share(|| {
            let found = population.ratio(total, ratio);
            found.is_some_and(|found| found.larger_at(level) != Side::Undecided)
        });
        assert!(
            (0.75..0.9).contains(&decided),
            "ratio {ratio}, {seen} and {more}: {decided}"
        );
    }
}
