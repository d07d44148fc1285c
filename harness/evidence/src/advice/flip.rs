//! What would change the recommendation: one field of the workload at a time.

use serde::Serialize;

use super::weigh::Options;
use super::workload::Workload;

/// A change of one field, and what would then be recommended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Flip {
    /// The field with its value, as the workload's file would have it.
    pub change: String,
    /// The engine that would be recommended.
    pub to: String,
}

/// The changes that change it. Of a number of steps the least multiple that does, up and down.
pub(super) fn flips(workload: &Workload, options: &Options<'_>) -> Vec<Flip> {
    let recommended = |workload: &Workload| {
        let first = options.choices(workload).into_iter().next();
        first.map(|choice| choice.engine)
    };
    let now = recommended(workload);
    let flip = |change: &Changed| {
        let to = recommended(&change.workload)?;
        (Some(&to) != now.as_ref()).then(|| Flip {
            change: change.words.clone(),
            to,
        })
    };
    let mut flips: Vec<Flip> = switches(workload).iter().filter_map(flip).collect();
    for steps in [ups(workload), downs(workload)] {
        flips.extend(steps.iter().find_map(flip));
    }
    flips
}

/// A workload that differs in one field.
struct Changed {
    words: String,
    workload: Workload,
}

/// What is asked for is not, and the other way round.
fn switches(workload: &Workload) -> Vec<Changed> {
    let with = |change: &dyn Fn(&mut Workload) -> String| {
        let mut workload = workload.clone();
        let words = change(&mut workload);
        Changed { words, workload }
    };
    // Of a number that is 0, the least that is likely to be meant.
    let other = |value: f64, meant: f64| if value > 0.0 { 0.0 } else { meant };
    vec![
        with(&|w| {
            w.people = !w.people;
            format!("people = {}", w.people)
        }),
        with(&|w| {
            w.undo = !w.undo;
            format!("undo = {}", w.undo)
        }),
        with(&|w| {
            w.lineage = !w.lineage;
            format!("lineage = {}", w.lineage)
        }),
        with(&|w| {
            w.backfill = !w.backfill;
            format!("backfill = {}", w.backfill)
        }),
        with(&|w| {
            w.services = !w.services;
            format!("services = {}", w.services)
        }),
        with(&|w| {
            w.dbt_models = !w.dbt_models;
            format!("dbt_models = {}", w.dbt_models)
        }),
        with(&|w| {
            w.longest_wait_hours = other(w.longest_wait_hours, 24.0);
            format!("longest_wait_hours = {}", w.longest_wait_hours)
        }),
        with(&|w| {
            w.failed_attempts = other(w.failed_attempts, 0.01);
            format!("failed_attempts = {}", w.failed_attempts)
        }),
        with(&|w| {
            w.kills_a_month = other(w.kills_a_month, 1.0);
            format!("kills_a_month = {}", w.kills_a_month)
        }),
        with(&|w| {
            w.corrections_a_month = other(w.corrections_a_month, 1.0);
            format!("corrections_a_month = {}", w.corrections_a_month)
        }),
    ]
}

/// More steps, by doublings.
fn ups(workload: &Workload) -> Vec<Changed> {
    let factors = (1..=16).map(|power| u64::from(workload.steps) << power);
    let steps = factors.take_while(|steps| *steps <= 100_000);
    steps.map(|steps| of_steps(workload, steps)).collect()
}

/// Fewer steps, by halves.
fn downs(workload: &Workload) -> Vec<Changed> {
    let parts = (1..=16).map(|power| u64::from(workload.steps) >> power);
    let steps = parts.take_while(|steps| *steps >= 1);
    steps.map(|steps| of_steps(workload, steps)).collect()
}

fn of_steps(workload: &Workload, steps: u64) -> Changed {
    Changed {
        words: format!("steps = {steps}"),
        workload: Workload {
            steps: u32::try_from(steps).unwrap_or(u32::MAX),
            ..workload.clone()
        },
    }
}
