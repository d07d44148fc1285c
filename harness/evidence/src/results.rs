//! What a results folder says, as the report is written from it.

use std::collections::BTreeMap;

use crate::measure::{Timeline, Told};
use crate::record::{
    Benchmarks, ClaimRecord, Claims, Environment, Measurement, Measurements, Outcome, Plan,
    Verdicts, Warning,
};

/// What a results folder says.
#[derive(Debug, Clone)]
pub struct Analysis {
    /// What was planned.
    pub plan: Plan,
    /// On what it was made.
    pub environment: Environment,
    /// What was measured.
    pub measurements: Measurements,
    /// What the checker says, with void trials and warnings.
    pub verdicts: Verdicts,
    /// What became of the guidance's sentences.
    pub claims: Claims,
    /// Ids of the trials that were made to their end and count.
    pub counted: Vec<String>,
    /// The first struck trial of each condition that counts, execution by execution.
    pub timelines: Vec<Timeline>,
    /// What engines answered in the first trial of each condition that counts and in which they were asked.
    pub told: Vec<Told>,
    /// By trial that counts, how long work of a fixed size took beside it, milliseconds; not of trials
    /// made side by side, nor of folders before format 3.3.
    pub yardsticks: BTreeMap<String, f64>,
    /// Criterion's estimates, where some were taken in.
    pub benchmarks: Option<Benchmarks>,
    /// SHA-256 of the folder's manifest, hex; `None` where the run was not sealed.
    pub seal: Option<String>,
}

/// What an analysis comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Conclusion {
    /// Every invariant holds, on evidence, or is broken where a trial is there to show that.
    Sound,
    /// An invariant is broken.
    Broken,
    /// An engine that was asked for could not be reached.
    Unreachable,
    /// The checker says unknown, nothing was checked, required trials are void or not made to their
    /// end, or the raw files are not as they were sealed.
    Inconclusive,
}

impl Conclusion {
    /// In one word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sound => "sound",
            Self::Broken => "broken",
            Self::Unreachable => "unreachable",
            Self::Inconclusive => "inconclusive",
        }
    }
}

/// An engine as it is deployed: where it was tried so, nothing else of it counts.
const DEPLOYED: &str = "deployed";

impl Analysis {
    /// An engine's measurements of a metric; where it was tried as it is deployed, those.
    pub fn as_deployed(
        &self,
        engine: &str,
        experiment: &str,
        metric: &str,
        also: impl Fn(&Measurement) -> bool,
    ) -> Vec<&Measurement> {
        let found: Vec<&Measurement> = self
            .measured(engine, experiment, metric)
            .filter(|each| also(each))
            .collect();
        let deployed = found.iter().filter(|each| each.has("execution", DEPLOYED));
        let deployed: Vec<&Measurement> = deployed.copied().collect();
        if deployed.is_empty() { found } else { deployed }
    }

    /// An engine's measurements of a metric.
    pub fn measured(
        &self,
        engine: &str,
        experiment: &str,
        metric: &str,
    ) -> impl Iterator<Item = &Measurement> {
        let all = self.measurements.measurements.iter();
        all.filter(move |each| {
            each.engine == engine && each.experiment == experiment && each.metric == metric
        })
    }

    /// What it comes to. Where several apply: broken, unreachable, inconclusive.
    pub fn conclusion(&self) -> Conclusion {
        let gravest = self.against().next();
        gravest.map_or(Conclusion::Sound, |(conclusion, _)| conclusion)
    }

    /// Each thing that keeps it from being sound, with what it makes of it and in words, the gravest first.
    pub fn against(&self) -> impl Iterator<Item = (Conclusion, String)> {
        let judged = |outcome, conclusion| {
            let verdicts = self.verdicts.verdicts.iter();
            let of_it = verdicts.filter(move |each| each.outcome == outcome && !each.expected);
            of_it.map(move |each| {
                let words = format!("{}: {}: {}", each.trial, each.invariant, each.summary);
                (conclusion, words)
            })
        };
        let warned = |conclusion| {
            let warnings = self.verdicts.warnings.iter();
            let of_it = warnings.filter(move |each| comes_to(each) == Some(conclusion));
            of_it.map(move |each| (conclusion, each.to_string()))
        };
        let unchecked = self.verdicts.verdicts.is_empty();
        let unchecked =
            unchecked.then(|| (Conclusion::Inconclusive, "nothing was checked".to_owned()));
        judged(Outcome::Fail, Conclusion::Broken)
            .chain(warned(Conclusion::Unreachable))
            .chain(judged(Outcome::Unknown, Conclusion::Inconclusive))
            .chain(warned(Conclusion::Inconclusive))
            .chain(unchecked)
    }

    /// Verdicts by invariant and engine, of the outcomes pass, fail, fail as its trial is there to show, and
    /// unknown.
    pub fn verdict_counts(&self) -> BTreeMap<(&str, &str), [usize; 4]> {
        let trials = self.plan.trials.iter();
        let engines: BTreeMap<&str, &str> = trials
            .map(|trial| (trial.id.as_str(), trial.engine.as_str()))
            .collect();
        let mut counts: BTreeMap<(&str, &str), [usize; 4]> = BTreeMap::new();
        for verdict in &self.verdicts.verdicts {
            let engine = engines.get(verdict.trial.as_str()).copied().unwrap_or("?");
            let column = match (verdict.outcome, verdict.expected) {
                (Outcome::Pass, _) => 0,
                (Outcome::Fail, false) => 1,
                (Outcome::Fail, true) => 2,
                (Outcome::Unknown, _) => 3,
            };
            counts.entry((&verdict.invariant, engine)).or_default()[column] += 1;
        }
        counts
    }

    /// The claims of a row of the guidance, in order.
    pub fn claims_of<'a>(&'a self, row: &'a str) -> impl Iterator<Item = &'a ClaimRecord> {
        self.claims
            .claims
            .iter()
            .filter(move |claim| claim.row == row)
    }
}

/// What a warning makes of the results; `None` where they are sound with it.
fn comes_to(warning: &Warning) -> Option<Conclusion> {
    match warning {
        Warning::Unreachable { .. } => Some(Conclusion::Unreachable),
        Warning::Partial { .. }
        | Warning::NothingCounts { .. }
        | Warning::NotReached { .. }
        | Warning::Damaged { .. } => Some(Conclusion::Inconclusive),
        _ => None,
    }
}
