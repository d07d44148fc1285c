//! What has to be made again after a change: a model of the pipeline, apart from every engine. It has the
//! dependencies between its steps ([`crate::measure::parents`]) and, from the journal, what each step made
//! before and after the change.

use std::collections::BTreeSet;

use orchbench_journal::{Day, Per, StepName, idempotency_key};

use crate::measure::{Executions, Reach, parents};

/// A step, and its day where it has one.
pub(super) type Piece = (StepName, Option<Day>);

/// What depends on a change.
#[derive(Debug, Default)]
pub(super) struct Minimum {
    /// What was not made before, has changed itself, or reads what came out otherwise than before; of what
    /// was not made again, although it had to be, that is taken for granted.
    pub(super) needed: BTreeSet<Piece>,
    /// The same, and all that is made of it, whatever came out.
    pub(super) dependent: BTreeSet<Piece>,
}

/// What a run executed.
pub(super) fn pieces_of<'a>(
    executions: &'a Executions,
    run: &'a str,
) -> impl Iterator<Item = Piece> + 'a {
    let of_run = executions.all().filter(move |each| each.run == run);
    of_run.map(|each| (each.step, each.partition))
}

impl Minimum {
    /// Of the pieces of the days that the two runs were about, those that the run `again` had to make,
    /// when these `changed` in between.
    pub(super) fn of(
        executions: &Executions,
        first: &str,
        again: &str,
        changed: &BTreeSet<Piece>,
    ) -> Self {
        let all = all_of(executions, [first, again]);
        let other = |piece: &Piece| {
            let before = digest(executions, first, piece);
            let after = digest(executions, again, piece);
            after.is_none() || after != before
        };
        let mut minimum = Self::default();
        // In the order of the pipeline: parents come first.
        for piece in &all {
            let read = parents_of(piece, &all);
            let reads_other = read
                .iter()
                .any(|each| minimum.needed.contains(each) && other(each));
            let reads_dependent = read.iter().any(|each| minimum.dependent.contains(each));
            let itself = changed.contains(piece) || digest(executions, first, piece).is_none();
            if itself || reads_other {
                minimum.needed.insert(*piece);
            }
            if itself || reads_dependent {
                minimum.dependent.insert(*piece);
            }
        }
        minimum
    }
}

/// Every step of the pipeline, by day where it has days.
fn all_of(executions: &Executions, runs: [&str; 2]) -> BTreeSet<Piece> {
    let executed = runs.into_iter().flat_map(|run| pieces_of(executions, run));
    let days: BTreeSet<Day> = executed.filter_map(|(_, day)| day).collect();
    let pieces = |step: StepName| -> Vec<Piece> {
        match step.per() {
            Per::Run => vec![(step, None)],
            Per::Day => days.iter().map(|day| (step, Some(*day))).collect(),
        }
    };
    StepName::ALL.into_iter().flat_map(pieces).collect()
}

/// The digest of what a run made of a piece; `None` where it did not make it.
fn digest<'a>(executions: &'a Executions, run: &str, (step, day): &Piece) -> Option<&'a str> {
    let made = executions.by_key.get(&idempotency_key(run, *step, *day))?;
    let good = made.iter().rfind(|each| each.ok_ns().is_some())?;
    good.output_digest.as_deref()
}

fn parents_of((step, day): &Piece, all: &BTreeSet<Piece>) -> Vec<Piece> {
    let of_parent = |(parent, reach): &(StepName, Reach)| -> Vec<Piece> {
        let of_step = all.iter().filter(|(step, _)| step == parent);
        match reach {
            Reach::Same => vec![(*parent, *day)],
            Reach::WholeRun => vec![(*parent, None)],
            Reach::EveryDay => of_step.copied().collect(),
        }
    };
    parents(*step).iter().flat_map(of_parent).collect()
}
