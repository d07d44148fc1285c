//! What would change the recommendation: one field of the workload at a time.

use serde::Serialize;

use super::field::{FIELDS, STEPS};
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

/// The changes that change it. Of the number of steps the nearest that does, up and down.
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
    for steps in [ups(workload.steps), downs(workload.steps)] {
        let differs = |steps: u32| flip(&of_steps(workload, steps)).is_some();
        let first = steps.iter().position(|steps| differs(*steps));
        let nearest = first.map(|at| {
            let before = at.checked_sub(1).map_or(workload.steps, |at| steps[at]);
            nearest(before, steps[at], differs)
        });
        flips.extend(nearest.and_then(|steps| flip(&of_steps(workload, steps))));
    }
    flips
}

/// Between a number of steps that does not differ and one that does, one that does beside one that does
/// not, by halves.
fn nearest(mut same: u32, mut other: u32, differs: impl Fn(u32) -> bool) -> u32 {
    while same.abs_diff(other) > 1 {
        let middle = same.midpoint(other);
        if differs(middle) {
            other = middle;
        } else {
            same = middle;
        }
    }
    other
}

/// A workload that differs in one field.
struct Changed {
    words: String,
    workload: Workload,
}

/// What is asked for is not, and the other way round.
fn switches(workload: &Workload) -> Vec<Changed> {
    let fields = FIELDS.iter();
    let changed = fields.filter_map(|field| {
        let other = field.other(workload)?;
        Some(Changed {
            words: field.said(&other),
            workload: workload.with(field.name, other),
        })
    });
    changed.collect()
}

/// More steps, by doublings.
fn ups(steps: u32) -> Vec<u32> {
    let most = *STEPS.end();
    let twice = |steps: &u32| (*steps < most).then(|| steps.saturating_mul(2).min(most));
    std::iter::successors(twice(&steps), twice).collect()
}

/// Fewer steps, by halves.
fn downs(steps: u32) -> Vec<u32> {
    let half = |steps: &u32| (*steps > *STEPS.start()).then(|| steps / 2);
    std::iter::successors(half(&steps), half).collect()
}

fn of_steps(workload: &Workload, steps: u32) -> Changed {
    Changed {
        words: format!("steps = {steps}"),
        workload: Workload {
            steps,
            ..workload.clone()
        },
    }
}
