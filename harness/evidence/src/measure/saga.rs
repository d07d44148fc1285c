//! Sagas: what runs acted and what undid it. An act is a step that has a compensation.

use orchbench_journal::{CrashPoint, StepName};

use super::{Execution, Executions, Run, TrialEvidence};
use crate::record::AppliedRow;

/// A run, as far as it can be undone.
#[derive(Debug)]
pub struct Saga<'a> {
    /// The run.
    pub run: Run<'a>,
    /// The acts that it began, in that order.
    pub acts: Vec<Act<'a>>,
}

/// An act that was begun, and what undid it.
#[derive(Debug)]
pub struct Act<'a> {
    /// Its idempotency key.
    pub key: &'a str,
    /// That of its compensation.
    pub undo_key: String,
    /// Its executions; at least one.
    pub executions: &'a [Execution],
    /// Those of its compensation.
    pub undos: &'a [Execution],
    /// What the applied log says of both; `None` where it does not tell of such a step.
    commits: Option<Commits>,
}

/// Commits that changed something, by their places in the applied log.
#[derive(Debug)]
struct Commits {
    acted: Vec<u64>,
    undone: Vec<u64>,
    /// Another run wrote to the act's target after it: its work stays.
    superseded: bool,
}

/// The acknowledged runs as sagas.
pub fn sagas<'a>(trial: &'a TrialEvidence, executions: &'a Executions) -> Vec<Saga<'a>> {
    let applied = trial.applied.as_deref();
    let runs = trial.runs().into_iter();
    runs.map(|run| Saga {
        acts: acts(executions, run.id, applied),
        run,
    })
    .collect()
}

fn acts<'a>(executions: &'a Executions, run: &str, applied: Option<&[AppliedRow]>) -> Vec<Act<'a>> {
    let mut acts: Vec<Act<'a>> = executions
        .by_key
        .iter()
        .filter(|(_, each)| each[0].run == run)
        .filter_map(|(key, each)| Act::of(executions, key, each, applied))
        .collect();
    acts.sort_by_key(Act::begun_ns);
    acts
}

impl Saga<'_> {
    /// Whether every act is done and none undone: the last one (the announcement, or the booking of an
    /// order) has ended well, and no compensation was executed.
    pub fn is_whole(&self) -> bool {
        let is_last = |act: &Act<'_>| matches!(act.step(), StepName::Announce | StepName::Book);
        let ended = |act: &Act<'_>| {
            is_last(act) && act.executions.iter().any(|each| each.ok_ns().is_some())
        };
        self.acts.iter().any(ended) && self.acts.iter().all(|act| act.undos.is_empty())
    }

    /// How many acts have an effect that nothing put back.
    pub fn left(&self) -> usize {
        self.acts.iter().filter(|act| act.is_left()).count()
    }

    /// Pairs of acts, the earlier first, of which the earlier one's undoing began before the later
    /// one was undone.
    pub fn disorders(&self) -> impl Iterator<Item = (&Act<'_>, &Act<'_>)> {
        let pairs = self.acts.windows(2).map(|pair| (&pair[0], &pair[1]));
        pairs.filter(|(earlier, later)| {
            let held_ns = later.undos.iter().filter_map(Execution::ok_ns).min();
            let first = earlier.undos.first();
            first
                .zip(held_ns)
                .is_some_and(|(first, held_ns)| first.invoked_ns < held_ns)
        })
    }

    /// Whether its net effect is as it should be: all of it where the run ended well, nothing, undone
    /// in reverse and once, where it failed; either where it has no end.
    pub fn came_out_right(&self) -> bool {
        let is_undone = || {
            self.left() == 0
                && self.disorders().next().is_none()
                && !self.acts.iter().any(Act::is_undone_twice)
        };
        match (self.run.ended_ns, self.run.failure) {
            (Some(_), None) => self.is_whole(),
            (Some(_), Some(_)) => is_undone(),
            (None, _) => self.is_whole() || is_undone(),
        }
    }
}

impl<'a> Act<'a> {
    /// `None` where the step has no compensation.
    fn of(
        executions: &'a Executions,
        key: &'a str,
        each: &'a [Execution],
        applied: Option<&[AppliedRow]>,
    ) -> Option<Self> {
        let step = each[0].step;
        let undo = step.undone_by()?;
        let undo_key = key.replacen(&format!("/{step}/"), &format!("/{undo}/"), 1);
        let undos = executions.by_key.get(&undo_key);
        // The catalogue service keeps no such log.
        let logged = applied.filter(|_| step != StepName::Announce);
        Some(Self {
            key,
            executions: each,
            undos: undos.map_or(&[], Vec::as_slice),
            commits: logged.map(|applied| Commits::of(&each[0], key, &undo_key, applied)),
            undo_key,
        })
    }

    /// The step.
    pub fn step(&self) -> StepName {
        self.executions[0].step
    }

    /// When it was begun.
    pub fn begun_ns(&self) -> u64 {
        self.executions[0].invoked_ns
    }

    /// When a compensation held that came after it had begun; `None` when none did.
    pub fn undone_ns(&self) -> Option<u64> {
        let held = self.undos.iter().filter_map(Execution::ok_ns);
        held.filter(|t_ns| *t_ns > self.begun_ns()).min()
    }

    /// Whether its compensation changed something twice, by the applied log.
    pub fn is_undone_twice(&self) -> bool {
        let commits = self.commits.as_ref();
        commits.is_some_and(|commits| commits.undone.len() > 1)
    }

    /// Whether it has an effect that nothing put back: by the applied log, and where that does not tell
    /// of it by the journal, where every execution counts that was not killed before its effect.
    pub fn is_left(&self) -> bool {
        match &self.commits {
            Some(commits) => commits.is_left(),
            None => self.executions.iter().any(may_have_happened) && self.undone_ns().is_none(),
        }
    }

    /// Where it was put back, by its place in the applied log; `None` where it was not, or none is known of.
    pub fn put_back(&self) -> Option<u64> {
        self.commits.as_ref()?.undone.iter().min().copied()
    }

    /// The last commit of its own that changed something; `None` where there is none or none is known
    /// of.
    pub fn last_change(&self) -> Option<u64> {
        self.commits.as_ref()?.acted.iter().max().copied()
    }
}

impl Commits {
    fn of(act: &Execution, key: &str, undo_key: &str, applied: &[AppliedRow]) -> Self {
        let changes = |key: &str| {
            let rows = applied.iter();
            let seqs = rows.filter(|row| row.key == key && row.rows_changed > 0);
            seqs.map(|row| row.seq).collect::<Vec<u64>>()
        };
        let acted = changes(key);
        let last = acted.iter().max().copied();
        let superseded = applied.iter().any(|row| {
            // An order is nobody else's.
            !act.step.is_of_order()
                && last.is_some_and(|last| row.seq > last)
                && row.partition == act.partition
                && row.step == act.step.to_string()
                && row.key != key
        });
        Self {
            undone: changes(undo_key),
            acted,
            superseded,
        }
    }

    fn is_left(&self) -> bool {
        let last = self.acted.iter().max();
        last.is_some_and(|last| !self.superseded && !self.undone.iter().any(|seq| seq > last))
    }
}

fn may_have_happened(execution: &Execution) -> bool {
    let died_before = matches!(execution.crash, Some((CrashPoint::BeforeEffect, _)));
    execution.ok_ns().is_some() || !died_before
}
