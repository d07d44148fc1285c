//! What the model says of a day.
//!
//! A day has one run of `steps` steps that take `step_s` seconds each; of attempts the share `failed_share`
//! fails; `kills_a_day` processes die that have a step in work, half of it done; `corrections_a_day` partitions
//! of a source are corrected; `waiting_runs` runs are released by a person's word. With N, L, f, K, C, W for
//! these and F = N f / (1 - f) failed attempts:
//!
//! | of a day | is |
//! |---|---|
//! | time, s | N L + run_s + (N - 1) step_s + F (L + retry_s) + K (L / 2 + recovery_s) + C remade (L + step_s) + W wake_s |
//! | work in vain, s | F L + K L / 2 + C needless L |
//! | processor time, s | (N + F + C remade) cpu_s |
//!
//! A term that was not measured leaves what needs it unknown. The band's ends are those that come of the ends of
//! all intervals at once, so it is wider than one of 95 %.

use crate::record::{ModelOption, Term};

/// What a day has.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Inputs {
    /// Steps of its run, at least 1.
    pub steps: f64,
    /// How long each takes, seconds.
    pub step_s: f64,
    /// The share of attempts that fail, below 1.
    pub failed_share: f64,
    /// Processes that die with a step in work.
    pub kills_a_day: f64,
    /// Partitions of a source that are corrected.
    pub corrections_a_day: f64,
    /// Runs that wait for a person's word, which comes.
    pub waiting_runs: f64,
}

/// What is predicted; `None` where a term that it needs was not measured.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Prediction {
    /// The time of all of it, seconds.
    pub time_s: Option<Band>,
    /// Work that has to be made again, or had not to be made, seconds.
    pub in_vain_s: Option<Band>,
    /// Processor time of the engine's processes, seconds.
    pub cpu_s: Option<Band>,
}

/// A prediction with its ends.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Band {
    /// What is predicted.
    pub value: f64,
    /// The lower end; that of `value` where an interval is not known.
    pub low: f64,
    /// The upper end.
    pub high: f64,
}

/// A summand: a number, and the names of the terms that it is multiplied by.
type Summand = (f64, &'static [&'static str]);

/// What the model says of a day on an option.
pub fn predict(option: &ModelOption, day: &Inputs) -> Prediction {
    let work = day.step_s;
    let failed = day.steps * day.failed_share / (1.0 - day.failed_share);
    let half_done = day.kills_a_day * work / 2.0;
    let time: [Summand; 8] = [
        ((day.steps + failed) * work + half_done, &[]),
        (1.0, &["run_s"]),
        (day.steps - 1.0, &["step_s"]),
        (failed, &["retry_s"]),
        (day.kills_a_day, &["recovery_s"]),
        (day.corrections_a_day * work, &["remade"]),
        (day.corrections_a_day, &["remade", "step_s"]),
        (day.waiting_runs, &["wake_s"]),
    ];
    let in_vain: [Summand; 2] = [
        (failed * work + half_done, &[]),
        (day.corrections_a_day * work, &["needless"]),
    ];
    let cpu: [Summand; 2] = [
        (day.steps + failed, &["cpu_s"]),
        (day.corrections_a_day, &["remade", "cpu_s"]),
    ];
    Prediction {
        time_s: sum(option, &time),
        in_vain_s: sum(option, &in_vain),
        cpu_s: sum(option, &cpu),
    }
}

fn sum(option: &ModelOption, summands: &[Summand]) -> Option<Band> {
    let mut band = Band {
        value: 0.0,
        low: 0.0,
        high: 0.0,
    };
    for (number, names) in summands.iter().filter(|(number, _)| *number != 0.0) {
        let (mut value, mut low, mut high) = (*number, *number, *number);
        for name in *names {
            let Term {
                value: of_term,
                interval,
                ..
            } = option.terms.get(*name)?;
            let [least, most] = interval.unwrap_or([*of_term; 2]);
            value *= of_term;
            low *= least;
            high *= most;
        }
        band.value += value;
        band.low += low;
        band.high += high;
    }
    Some(band)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn option(terms: &[(&str, f64, [f64; 2])]) -> ModelOption {
        let terms = terms.iter().map(|(name, value, interval)| {
            let term = Term {
                value: *value,
                interval: Some(*interval),
                measurement: String::new(),
            };
            ((*name).to_owned(), term)
        });
        ModelOption {
            engine: "e".to_owned(),
            label: "E".to_owned(),
            execution: None,
            terms: terms.collect(),
            held_out: None,
        }
    }

    const QUIET: Inputs = Inputs {
        steps: 11.0,
        step_s: 2.0,
        failed_share: 0.0,
        kills_a_day: 0.0,
        corrections_a_day: 0.0,
        waiting_runs: 0.0,
    };

    #[test]
    fn a_quiet_day_is_its_work_and_what_is_added() {
        let option = option(&[
            ("run_s", 0.5, [0.4, 0.6]),
            ("step_s", 0.1, [0.0, 0.2]),
            ("cpu_s", 0.01, [0.01, 0.01]),
        ]);
        let said = predict(&option, &QUIET);
        let time = said.time_s.expect("a time");
        assert!((time.value - 23.5).abs() < 1e-9);
        assert!((time.low - 22.4).abs() < 1e-9 && (time.high - 24.6).abs() < 1e-9);
        assert_eq!(said.in_vain_s.map(|band| band.value), Some(0.0));
        assert!(
            said.cpu_s
                .is_some_and(|band| (band.value - 0.11).abs() < 1e-9)
        );
    }

    #[test]
    fn trouble_costs_what_was_measured_of_it_and_is_unknown_where_nothing_was() {
        let quiet = option(&[("run_s", 0.5, [0.4, 0.6]), ("step_s", 0.1, [0.0, 0.2])]);
        let day = Inputs {
            failed_share: 0.5,
            kills_a_day: 3.0,
            corrections_a_day: 2.0,
            ..QUIET
        };
        assert_eq!(predict(&quiet, &day).time_s, None);
        let measured = option(&[
            ("run_s", 0.5, [0.5, 0.5]),
            ("step_s", 0.1, [0.1, 0.1]),
            ("cpu_s", 0.01, [0.01, 0.01]),
            ("retry_s", 1.0, [1.0, 1.0]),
            ("recovery_s", 5.0, [5.0, 5.0]),
            ("remade", 6.0, [6.0, 6.0]),
            ("needless", 2.0, [2.0, 2.0]),
        ]);
        let said = predict(&measured, &day);
        let value = |band: Option<Band>| band.map_or(f64::NAN, |band| band.value);
        // 23.5; 11 failed attempts of 3; 3 kills of 6; 2 corrections of 6 steps of 2.1.
        assert!((value(said.time_s) - (23.5 + 33.0 + 18.0 + 25.2)).abs() < 1e-9);
        assert!((value(said.in_vain_s) - (22.0 + 3.0 + 8.0)).abs() < 1e-9);
        assert!((value(said.cpu_s) - 0.01 * (22.0 + 12.0)).abs() < 1e-9);
    }
}
