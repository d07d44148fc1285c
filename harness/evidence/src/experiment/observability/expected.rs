//! The right answers: from the journal, the warehouse and what the harness itself did, never from
//! an engine.

use std::collections::{BTreeMap, BTreeSet};

use orchbench_journal::{Day, StepName};

use super::subject::{Subject, piece};
use crate::measure::{Execution, Executions, TrialEvidence, parents};

/// What is right, each statement with the time in which it must lie, if it has one: from and to,
/// CLOCK_MONOTONIC. Empty where the evidence does not say what is right.
pub(super) type Facts = BTreeMap<String, Option<(u64, u64)>>;

/// What a step's data are made of. The check makes none: it judges what is joined.
fn made_of(step: StepName) -> impl Iterator<Item = StepName> {
    let parents = parents(step).iter().map(|(parent, _)| *parent);
    parents.filter(move |parent| step != StepName::Check && *parent != StepName::Check)
}

/// What answers are held against.
pub(super) struct Expected<'a> {
    trial: &'a TrialEvidence,
    subject: &'a Subject,
    executions: Executions,
}

impl<'a> Expected<'a> {
    pub(super) fn of(trial: &'a TrialEvidence, subject: &'a Subject) -> Self {
        Self {
            trial,
            subject,
            executions: Executions::of(trial),
        }
    }

    /// The right answer to a question that was asked then.
    pub(super) fn facts(&self, question: &str, asked_ns: u64) -> Facts {
        match question {
            "doing-now" => plain(self.doing(asked_ns)),
            "open-runs" => plain(self.open_runs(asked_ns)),
            "failed-attempts" => plain(self.failed().map(attempt)),
            "failure-reasons" => plain(self.failed().filter_map(reason)),
            "attempt-inputs" => plain(self.failed().flat_map(|each| self.inputs(each))),
            "step-by-step" => plain(self.of_run().map(outcome)),
            "who-approved" => plain([self.subject.approver.clone()]),
            "newest-version" => plain(self.newest_versions()),
            "made-from" => plain(self.made_from()),
            "parent-versions" => plain(self.parent_versions()),
            "made-when" => self.made_when(),
            "stale" => plain(self.stale().map(|each| format!("{}: code", name(each)))),
            "refresh" => plain(self.refresh()),
            "lineage" => plain(self.lineage()),
            "unpublished" => plain(self.unpublished()),
            "bad-partition" => plain(self.bad_partition()),
            _ => Facts::new(),
        }
    }

    fn of_run(&self) -> impl Iterator<Item = &Execution> {
        let run = self.subject.run.as_str();
        self.executions.all().filter(move |each| each.run == run)
    }

    fn failed(&self) -> impl Iterator<Item = &Execution> {
        self.of_run().filter(|each| each.error().is_some())
    }

    /// The last good execution of each of a step's partitions in a run.
    fn made(&self, run: &str, step: StepName) -> Vec<&Execution> {
        let keys = self.executions.by_key.values();
        keys.filter_map(|each| each.iter().rfind(|one| one.ok_ns().is_some()))
            .filter(|each| each.run == run && each.step == step)
            .collect()
    }

    fn doing(&self, asked_ns: u64) -> Vec<String> {
        let under_way = |each: &&Execution| {
            let finish = each.finish.as_ref();
            each.invoked_ns < asked_ns && finish.is_none_or(|finish| finish.t_ns > asked_ns)
        };
        self.of_run().filter(under_way).map(attempt).collect()
    }

    fn open_runs(&self, asked_ns: u64) -> Vec<String> {
        let runs = self.trial.runs().into_iter();
        runs.filter(|run| asked_ns > 0 && run.ended_ns.is_none_or(|ended| ended > asked_ns))
            .map(|run| run.id.to_owned())
            .collect()
    }

    /// What an execution read: its parents' newest versions in the run when it was invoked.
    fn read(&self, child: &Execution) -> Vec<(String, String)> {
        let mut read = Vec::new();
        for parent in made_of(child.step) {
            for made in self.made(&child.run, parent) {
                let same_day = made.partition.is_none()
                    || child.partition.is_none()
                    || made.partition == child.partition;
                let before = made.ok_ns().is_some_and(|ok_ns| ok_ns < child.invoked_ns);
                if let Some(version) = made.output_digest.clone().filter(|_| same_day && before) {
                    read.push((name(made), version));
                }
            }
        }
        read
    }

    fn inputs(&self, failed: &Execution) -> Vec<String> {
        let read = self.read(failed).into_iter();
        read.map(|(parent, version)| format!("{} read {parent} {version}", attempt(failed)))
            .collect()
    }

    fn published(&self) -> Option<&Execution> {
        self.made(&self.subject.run, StepName::Publish).pop()
    }

    fn newest_versions(&self) -> Vec<String> {
        let runs = self.trial.runs().into_iter();
        runs.filter_map(|run| {
            let published = self.made(run.id, StepName::Publish).pop()?;
            let version = published.output_digest.as_deref()?;
            Some(format!("{} {version}", run.source?))
        })
        .collect()
    }

    fn made_from(&self) -> Vec<String> {
        let Some(published) = self.published() else {
            return Vec::new();
        };
        let read = self.read(published).into_iter();
        let mut facts = vec![format!("run {}", published.run)];
        facts.extend(read.map(|(parent, version)| format!("{parent} {version}")));
        facts
    }

    fn parent_versions(&self) -> Vec<String> {
        let joins = self
            .made(&self.subject.run, StepName::Transform)
            .into_iter();
        joins
            .flat_map(|join| {
                let read = self.read(join).into_iter();
                read.map(|(parent, version)| format!("{} from {parent} {version}", name(join)))
                    .collect::<Vec<_>>()
            })
            .collect()
    }

    fn made_when(&self) -> Facts {
        let run = self.subject.run.as_str();
        let runs = self.trial.runs();
        let ended_ns = runs.iter().find(|each| each.id == run);
        let Some(ended_ns) = ended_ns.and_then(|each| each.ended_ns) else {
            return Facts::new();
        };
        self.made(run, StepName::Load)
            .into_iter()
            .map(|load| (name(load), Some((load.invoked_ns, ended_ns))))
            .collect()
    }

    /// What was made by the code that has changed.
    fn stale(&self) -> impl Iterator<Item = &Execution> {
        let made = self.made(&self.subject.run, self.subject.changed);
        made.into_iter()
    }

    /// Every piece that the run made, the judgements apart.
    fn pieces(&self) -> Vec<(StepName, Option<Day>)> {
        let steps = StepName::ALL.into_iter();
        steps
            .filter(|step| *step != StepName::Check)
            .flat_map(|step| self.made(&self.subject.run, step))
            .map(|made| (made.step, made.partition))
            .collect()
    }

    /// What is made of some pieces, and of what is made of those, these left out.
    fn downstream(&self, of: &[(StepName, Option<Day>)]) -> BTreeSet<String> {
        let mut reached: BTreeSet<(StepName, Option<Day>)> = of.iter().copied().collect();
        // Parents come before what is made of them.
        for (step, day) in self.pieces() {
            let reads = |(parent, of): &(StepName, Option<Day>)| {
                made_of(step).any(|each| each == *parent)
                    && (of.is_none() || day.is_none() || *of == day)
            };
            if reached.iter().any(reads) {
                reached.insert((step, day));
            }
        }
        let beyond = reached.into_iter().filter(|each| !of.contains(each));
        beyond.map(|(step, day)| piece(step, day)).collect()
    }

    fn refresh(&self) -> Vec<String> {
        let stale: Vec<_> = self
            .stale()
            .map(|each| (each.step, each.partition))
            .collect();
        let beyond = self.downstream(&stale).into_iter();
        let stale = stale.iter().map(|(step, day)| piece(step, day.as_ref()));
        stale.chain(beyond).collect()
    }

    fn lineage(&self) -> Vec<String> {
        let day = self.subject.day;
        let joins = self.made(&self.subject.run, StepName::Transform);
        let Some(join) = joins.into_iter().find(|each| each.partition == Some(day)) else {
            return Vec::new();
        };
        let up = self.read(join).into_iter();
        let down = self
            .downstream(&[(StepName::Transform, Some(day))])
            .into_iter();
        up.map(|(parent, _)| format!("upstream {parent}"))
            .chain(down.map(|child| format!("downstream {child}")))
            .collect()
    }

    fn unpublished(&self) -> Vec<String> {
        let runs = self.trial.runs().into_iter();
        let open = runs.filter(|run| self.made(run.id, StepName::Publish).is_empty());
        open.flat_map(|run| {
            let loads = self.made(run.id, StepName::Load).into_iter();
            let source = run.source.unwrap_or_default().to_owned();
            loads
                .map(move |load| format!("{source} {}", name(load)))
                .collect::<Vec<_>>()
        })
        .collect()
    }

    /// The version of the day's load, where the warehouse has rows of that day.
    fn bad_partition(&self) -> Vec<String> {
        let (source, day) = (&self.subject.source, self.subject.day);
        let rows = self.trial.sources.get(source);
        let rows = rows.and_then(|source| source.rows.as_ref());
        if !rows.is_some_and(|rows| rows.iter().any(|row| row.day == day)) {
            return Vec::new();
        }
        let loads = self.made(&self.subject.run, StepName::Load).into_iter();
        loads
            .filter(|load| load.partition == Some(day))
            .filter_map(|load| Some(format!("{} {}", name(load), load.output_digest.as_deref()?)))
            .collect()
    }
}

fn plain(facts: impl IntoIterator<Item = String>) -> Facts {
    facts.into_iter().map(|fact| (fact, None)).collect()
}

fn name(execution: &Execution) -> String {
    piece(execution.step, execution.partition)
}

fn attempt(execution: &Execution) -> String {
    format!("{} attempt {}", name(execution), execution.attempt)
}

fn reason(failed: &Execution) -> Option<String> {
    let (_, error) = failed.error()?;
    Some(format!("{}: {error}", attempt(failed)))
}

fn outcome(execution: &Execution) -> String {
    let ended = match (execution.ok_ns(), &execution.finish) {
        (Some(_), _) => "ok",
        (None, Some(_)) => "failed",
        (None, None) => "without an end",
    };
    format!("{} {ended}", attempt(execution))
}
