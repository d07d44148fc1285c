//! Answers of the asset engine: its catalog's events and newest pieces, staleness and lineage by the
//! definitions of the assets.

mod data;
mod executions;

use std::path::Path;

use anyhow::Context as _;
use asset_engine::{
    AssetGraph, AssetKey, Attempt, Catalog, Durability, Event, EventRecord, InputVersion,
    Materialization, Recorder, RunStatus,
};
use orchbench_assets::{
    Embargo, GraphOptions, Verdict, continuing_run, definitions, expired_run, found_no_word,
    step_making, word,
};
use orchbench_etl::{SourceCatalogue, StepName};

use crate::engine::answer::by_program;
use crate::engine::{Job, Work};
use orchbench_evidence::experiment::observability::{Answer, Fact, Subject, piece};

/// The text of this program.
const PROGRAM: &str = concat!(
    include_str!("answers.rs"),
    include_str!("answers/data.rs"),
    include_str!("answers/executions.rs"),
);

/// Whether a run is over and found no word, or has made what comes before its wait, and none has gone on with
/// it.
pub(super) fn waits(catalog: &Path, work: &Work) -> anyhow::Result<bool> {
    let catalog = Catalog::open(catalog)?;
    let embargo = match &work.job {
        Job::Embargo(of) => Some(Embargo::of_marts(&of.pipeline.source)?),
        Job::Reminder(of) => Some(Embargo::of_reminder(&of.pipeline.source)?),
        _ => None,
    };
    if let Some(embargo) = embargo {
        return Ok(embargo.waits(&catalog, &work.run)?);
    }
    let source = source(work)?;
    let over = catalog.status(&work.run)? == Some(RunStatus::Failure);
    let gone_on = catalog.status(&continuing_run(&work.run))?.is_some();
    let expired = catalog.status(&expired_run(&work.run))?.is_some();
    Ok(over && !gone_on && !expired && found_no_word(&catalog, source, &work.run)?)
}

fn source(work: &Work) -> anyhow::Result<&str> {
    let pipeline = work.job.pipeline().context("a run without a source")?;
    Ok(&pipeline.source)
}

/// Records a person's word on the newest marts.
pub(super) fn approve(catalog: &Path, work: &Work, who: &str) -> anyhow::Result<bool> {
    let source = source(work)?;
    // user code: who-approved
    let said = word(
        &Catalog::open(catalog)?,
        source,
        Verdict::Approved,
        who,
        None,
    )?;
    Recorder::open(catalog, Durability::PowerLoss)?.record_all([said])?;
    // end of user code
    Ok(true)
}

/// Answers questions about a catalog.
pub(super) fn answers(
    catalog: &Path,
    questions: &[&str],
    subject: &Subject,
) -> anyhow::Result<Vec<Answer>> {
    let asked = Asked {
        catalog: Catalog::open(catalog)?,
        subject,
    };
    let answer = |question: &&str| {
        let facts = asked.facts(question)?;
        Ok(by_program(PROGRAM, question, facts))
    };
    questions.iter().map(answer).collect()
}

struct Asked<'a> {
    catalog: Catalog,
    subject: &'a Subject,
}

impl Asked<'_> {
    fn facts(&self, question: &str) -> anyhow::Result<Option<Vec<Fact>>> {
        let facts = match question {
            "doing-now" => self.doing_now()?,
            "open-runs" => self.open_runs()?,
            "failed-attempts" => self.failed(|attempt, _| attempt)?,
            "failure-reasons" => self.failed(|attempt, reason| format!("{attempt}: {reason}"))?,
            "attempt-inputs" => self.attempt_inputs()?,
            "step-by-step" => self.step_by_step()?,
            "who-approved" => self.who_approved()?,
            "newest-version" => self.newest_versions()?,
            "made-from" => self.made_from()?,
            "parent-versions" => self.parent_versions()?,
            "made-when" => return self.made_when().map(Some),
            "stale" => self.stale()?,
            "refresh" => self.refresh()?,
            "lineage" => self.lineage()?,
            "unpublished" => self.unpublished()?,
            "bad-partition" => self.bad_partition()?,
            _ => return Ok(None),
        };
        Ok(Some(facts.into_iter().map(Fact::from).collect()))
    }

    fn events(&self) -> anyhow::Result<Vec<EventRecord>> {
        Ok(self.catalog.events(&self.subject.run)?)
    }

    /// The assets of a source, as their code was when they were made.
    fn graph(&self, source: &str) -> anyhow::Result<AssetGraph> {
        let sources = SourceCatalogue::embedded()?;
        Ok(definitions(sources.get(source)?, &GraphOptions::default())?)
    }

    /// The asset of the subject's source that a step makes.
    fn asset(&self, step: StepName) -> anyhow::Result<AssetKey> {
        let graph = self.graph(&self.subject.source)?;
        asset_of(&graph, step)
    }
}

fn asset_of(graph: &AssetGraph, step: StepName) -> anyhow::Result<AssetKey> {
    let mut assets = graph.assets().iter().map(|asset| &asset.key);
    let found = assets.find(|key| step_making(key.as_str()) == Some(step));
    found
        .cloned()
        .with_context(|| format!("no asset of {step}"))
}

fn is_data(asset: &AssetKey) -> bool {
    step_making(asset.as_str()).is_some_and(|step| step != StepName::Check)
}

/// A piece in the words of the journal.
fn named(asset: &AssetKey, partition: Option<&str>) -> String {
    match step_making(asset.as_str()) {
        Some(step) => piece(step, partition),
        None => piece(asset, partition),
    }
}

fn name(made: &Materialization) -> String {
    named(&made.asset, made.partition.as_deref())
}

fn told(attempt: &Attempt) -> String {
    let name = named(&attempt.asset, attempt.partition.as_deref());
    format!("{name} attempt {}", attempt.attempt)
}

fn materialized(record: &EventRecord) -> Option<&Materialization> {
    match &record.event {
        Event::Materialized(made) => Some(made),
        _ => None,
    }
}

/// What was read of the pipeline, and its version; its inputs from outside have no step.
fn input(read: &InputVersion) -> Option<(String, &str)> {
    let data = is_data(&read.asset);
    let name = || named(&read.asset, read.partition.as_deref());
    data.then(|| (name(), read.data_version.as_str()))
}
