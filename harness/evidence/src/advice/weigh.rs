//! How an option stands to each need, and in which order that puts the options.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use serde::Serialize;

use super::need::{Capability, Cost, Counted, Kept, Need, Needs, Rate};
use super::price::{Price, price};
use super::workload::Workload;
use crate::document::{Text, figure, path, text};
use crate::experiment::{CAPABILITY_METRIC, EMULATED, NATIVE};
use crate::record::{EngineRecord, Family, GuidanceSide, Interval, Measurement};
use crate::results::Analysis;

/// What is added is said within a second, or within itself.
const UNCERTAIN_S: f64 = 1.0;

/// How an option stands to a need, the worst first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// It was tried, and did not come out right.
    Lacking,
    /// No trial that counts bears on it.
    NotMeasured,
    /// By code around the engine.
    Emulated,
    /// By the engine itself.
    Native,
}

impl Standing {
    /// As sentences have it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Lacking => "lacking",
            Self::NotMeasured => "not measured",
            Self::Emulated => "emulated",
            Self::Native => "native",
        }
    }
}

/// How an option stands to one need.
#[derive(Debug, Clone, Serialize)]
pub struct Stance {
    /// The need.
    pub need: String,
    /// What it is.
    pub asks: String,
    /// How the option stands.
    pub standing: Standing,
    /// What was seen, each figure with its place.
    pub seen: Text,
    /// The claims that say more of it, each with its verdict.
    pub claims: Vec<Text>,
}

/// An option.
#[derive(Debug, Clone, Serialize)]
pub struct Choice {
    /// What sentences call it.
    pub label: String,
    /// Its engine.
    pub engine: String,
    /// How it stands to each need of the workload.
    pub stances: Vec<Stance>,
    /// The time that it adds to a run, without the work.
    pub added: Added,
    /// What a month costs where it is paid for by the piece and the workload has the price.
    pub price: Option<Price>,
}

/// The time that an option adds to a run.
#[derive(Debug, Clone, Serialize)]
pub struct Added {
    /// Seconds; `None` where it is not known.
    pub seconds: Option<f64>,
    /// The same with its interval, in seconds, or that it is not known.
    pub said: Text,
    /// From what it follows.
    pub seen: Text,
}

impl Stance {
    /// What was seen, and what claims say of it.
    pub(super) fn grounds(&self) -> Text {
        let all = [self.seen.clone()].into_iter();
        Text::joined(all.chain(self.claims.iter().cloned()), "; ")
    }
}

impl Choice {
    /// How many needs stand so.
    pub fn count(&self, standing: Standing) -> usize {
        let stances = self.stances.iter();
        stances.filter(|stance| stance.standing == standing).count()
    }

    /// The needs of which nobody has measured how it stands to them.
    pub(super) fn not_measured(&self) -> Vec<String> {
        let stances = self.stances.iter();
        let unknown = stances.filter(|stance| stance.standing == Standing::NotMeasured);
        unknown.map(|stance| stance.need.clone()).collect()
    }

    fn order(&self, other: &Self) -> Ordering {
        let counts = |choice: &Self| {
            [Standing::Lacking, Standing::NotMeasured, Standing::Emulated]
                .map(|standing| choice.count(standing))
        };
        let seconds = |choice: &Self| choice.added.seconds.unwrap_or(f64::INFINITY);
        counts(self)
            .cmp(&counts(other))
            .then(seconds(self).total_cmp(&seconds(other)))
    }
}

/// How every option stands to every need, whatever a workload asks for.
pub(super) struct Options<'a> {
    needs: &'a Needs,
    analysis: &'a Analysis,
    options: Vec<(&'a EngineRecord, Vec<Stance>)>,
}

impl<'a> Options<'a> {
    /// What a results folder has of them.
    pub fn of(needs: &'a Needs, analysis: &'a Analysis) -> Self {
        let stances = |engine: &'a EngineRecord| {
            let needs = needs.needs.iter();
            (
                engine,
                needs.map(|need| stance(need, engine, analysis)).collect(),
            )
        };
        let engines = analysis.plan.engines.iter();
        Self {
            needs,
            analysis,
            options: engines
                .filter(|engine| is_option(engine))
                .map(stances)
                .collect(),
        }
    }

    /// The options by what a workload asks for, the one that its needs speak for first.
    pub fn choices(&self, workload: &Workload) -> Vec<Choice> {
        let asked = |(need, _): &(&Need, &Stance)| workload.asks(&need.when);
        let choice = |(engine, stances): &(&EngineRecord, Vec<Stance>)| {
            let stances = self.needs.needs.iter().zip(stances).filter(asked);
            let stance = |(need, stance): (&Need, &Stance)| match &need.rate {
                Some(rate) => as_fast(stance, rate, workload, engine, self.analysis),
                None => stance.clone(),
            };
            Choice {
                label: label(engine),
                engine: engine.name.clone(),
                stances: stances.map(stance).collect(),
                added: added(workload, &self.needs.cost, engine, self.analysis),
                price: price(workload, &self.needs.prices, engine, self.analysis),
            }
        };
        let mut choices: Vec<Choice> = self.options.iter().map(choice).collect();
        choices.sort_by(Choice::order);
        choices
    }
}

/// Whether two orchestrators each have by themselves what the other has not.
pub(super) fn complement(choices: &[Choice]) -> bool {
    let alone = |a: &Choice, b: &Choice| {
        let mut pairs = a.stances.iter().zip(&b.stances);
        pairs.any(|(a, b)| a.standing == Standing::Native && b.standing != Standing::Native)
    };
    let mut pairs = choices
        .iter()
        .flat_map(|a| choices.iter().map(move |b| (a, b)));
    pairs.any(|(a, b)| a.engine < b.engine && alone(a, b) && alone(b, a))
}

/// The engines that decide about the guidance, and what is without one.
fn is_option(engine: &EngineRecord) -> bool {
    let deciders = [GuidanceSide::Temporal, GuidanceSide::AssetStyle].map(GuidanceSide::decider);
    engine.family == Family::Floor || deciders.contains(&engine.name.as_str())
}

fn label(engine: &EngineRecord) -> String {
    match engine.family {
        Family::Floor => "neither (plain calls, by cron)".to_owned(),
        _ => engine.label.clone(),
    }
}

fn stance(need: &Need, engine: &EngineRecord, analysis: &Analysis) -> Stance {
    let capabilities = need.capability.iter();
    let outcomes = need.outcome.iter();
    let invariants = need.invariant.iter();
    let seen: Vec<(Standing, Text)> = capabilities
        .map(|one| capability(one, engine, analysis))
        .chain(outcomes.map(|one| outcome(one, engine, analysis)))
        .chain(invariants.map(|one| invariant(one, engine, analysis)))
        .collect();
    let seen = match seen.is_empty() {
        true => vec![unmeasured(&need.name)],
        false => seen,
    };
    let standing = seen.iter().map(|(standing, _)| *standing).min();
    Stance {
        need: need.name.clone(),
        asks: need.asks.clone(),
        standing: standing.unwrap_or(Standing::NotMeasured),
        seen: Text::joined(seen.into_iter().map(|(_, text)| text), "; "),
        claims: need
            .claims
            .iter()
            .filter_map(|name| said_by(name, engine, analysis))
            .collect(),
    }
}

/// What a claim says, if the engine is the one that it is about.
fn said_by(name: &str, engine: &EngineRecord, analysis: &Analysis) -> Option<Text> {
    let claim = analysis
        .claims
        .claims
        .iter()
        .find(|each| each.claim == name)?;
    let about = claim.values.first()?;
    let of = |text: &str, field| figure::quoted(text, path::claim(name, field));
    (about.engine == engine.name).then(|| {
        text![
            of(&claim.verdict.to_string(), "verdict"),
            ": ",
            of(&claim.sentence, "sentence")
        ]
    })
}

/// How an option stands to what is asked for a second: it is as fast where all of the interval is, not
/// where none of it is, and between them it is not known.
fn as_fast(
    stance: &Stance,
    rate: &Rate,
    workload: &Workload,
    engine: &EngineRecord,
    analysis: &Analysis,
) -> Stance {
    let is_of = |each: &Measurement| each.settings == rate.settings && each.has_all(&rate.factors);
    let found = analysis.as_deployed(&engine.name, &rate.experiment, &rate.metric, is_of);
    let Some(fastest) = found.first() else {
        return stance.clone();
    };
    let asked = workload.peak_runs_a_second * f64::from(workload.steps) / f64::from(rate.steps);
    let standing = match fastest.estimate.interval {
        Some(interval) if interval.low >= asked => Standing::Native,
        Some(interval) if interval.high < asked => Standing::Lacking,
        _ => Standing::NotMeasured,
    };
    let against = match standing {
        Standing::Native => "at least as many as are asked for",
        Standing::Lacking => "fewer than are asked for",
        _ => "too uncertain to say whether that is enough",
    };
    Stance {
        standing,
        seen: text![
            figure::estimate(fastest),
            format!(" runs a second, of {} each: {against}", rate.of)
        ],
        ..stance.clone()
    }
}

fn unmeasured(what: &str) -> (Standing, Text) {
    (
        Standing::NotMeasured,
        Text::from(format!("{what}: not measured")),
    )
}

fn capability(one: &Capability, engine: &EngineRecord, analysis: &Analysis) -> (Standing, Text) {
    let is_of = |each: &Measurement| each.has("pattern", &one.pattern);
    let programs = analysis.as_deployed(&engine.name, &one.experiment, CAPABILITY_METRIC, is_of);
    let values = programs
        .iter()
        .flat_map(|each| &each.trials)
        .flat_map(|trial| &trial.values);
    let Some(least) = values.copied().min_by(f64::total_cmp) else {
        return unmeasured(&one.pattern);
    };
    let standing = match least {
        least if least >= NATIVE => Standing::Native,
        least if least >= EMULATED => Standing::Emulated,
        _ => Standing::Lacking,
    };
    let trials = programs
        .iter()
        .map(|each| text![figure::count(each.trials.len(), path::statistic(each, "n"))]);
    let seen = text![
        format!("{}: {} in a program of ", one.pattern, standing.as_str()),
        Text::joined(trials, " and "),
        " trials"
    ];
    (standing, seen)
}

fn outcome(one: &Counted, engine: &EngineRecord, analysis: &Analysis) -> (Standing, Text) {
    let is_of = |each: &Measurement| each.settings == one.settings && each.has_all(&one.factors);
    let counts = analysis.as_deployed(&engine.name, &one.experiment, &one.metric, is_of);
    if counts.is_empty() {
        return unmeasured(&one.metric);
    }
    let wrong = |each: &&Measurement| {
        each.trials
            .iter()
            .any(|trial| trial.values.iter().any(|value| *value > 0.0))
    };
    let standing = if counts.iter().any(wrong) {
        Standing::Lacking
    } else {
        Standing::Native
    };
    let mut by_pool: BTreeMap<String, (usize, bool)> = BTreeMap::new();
    for each in &counts {
        let (trials, some) = by_pool.entry(pooled(each)).or_default();
        *trials += each.trials.len();
        *some |= wrong(each);
    }
    let seen = by_pool.into_iter().map(|(place, (trials, some))| {
        text![
            "of ",
            figure::count(trials, place),
            format!(" trials {} wrong", if some { "some" } else { "none" })
        ]
    });
    (standing, Text::joined(seen, ", "))
}

/// Where the number of a count's values stands, over all places at which it was struck.
fn pooled(each: &Measurement) -> String {
    let mut pool = each.clone();
    let point = pool.factors.get_mut("point");
    match point {
        Some(point) => {
            "*".clone_into(point);
            path::statistic(&pool, "count")
        }
        None => path::statistic(each, "n"),
    }
}

fn invariant(one: &Kept, engine: &EngineRecord, analysis: &Analysis) -> (Standing, Text) {
    let counts = analysis.verdict_counts();
    let found = counts.get(&(one.name.as_str(), engine.name.as_str()));
    let [pass, fail, ..] = found.copied().unwrap_or_default();
    if pass + fail == 0 {
        return unmeasured(&one.name);
    }
    let standing = if fail > 0 {
        Standing::Lacking
    } else {
        Standing::Native
    };
    let figure_of = |count, outcome| {
        figure::count(count, path::verdict_count(&one.name, &engine.name, outcome))
    };
    let seen = text![
        format!("{}: ", one.name),
        figure_of(pass, "pass"),
        " trials pass, ",
        figure_of(fail, "fail"),
        " fail"
    ];
    (standing, seen)
}

/// What a run costs beside its work: that of the most steps that were measured and are not more, and what
/// the others add. Where the others are so uncertain that they say nothing, nothing is said.
fn added(workload: &Workload, cost: &Cost, engine: &EngineRecord, analysis: &Analysis) -> Added {
    let unknown = |seen: Text| Added {
        seconds: None,
        said: Text::from("not known"),
        seen,
    };
    let as_set =
        |each: &Measurement| each.settings == cost.settings && each.has("shape", workload.shape());
    let runs = analysis.as_deployed(&engine.name, &cost.experiment, &cost.run, as_set);
    let sized = runs
        .iter()
        .filter_map(|each| Some((steps_of(each)?, *each)));
    let not_more = sized.filter(|(steps, _)| *steps <= workload.steps);
    let Some((steps, run)) = not_more.max_by_key(|(steps, _)| *steps) else {
        return unknown(Text::from("not measured"));
    };
    let a_run = text![
        "a run of ",
        figure::quoted(steps.to_string(), path::statistic(run, "steps")),
        " empty steps takes ",
        figure::estimate(run),
        " ms"
    ];
    let known = |run_ms: f64, interval: Option<Interval>, seen: Text| Added {
        seconds: Some(run_ms.max(0.0) / 1e3),
        said: Text::from(figure::estimate_of(
            run_ms / 1e3,
            interval.map(in_seconds),
            path::of_steps(run, workload.steps),
        )),
        seen,
    };
    let more = f64::from(workload.steps) - f64::from(steps);
    let whole = &run.estimate;
    if more == 0.0 {
        return known(whole.value, whole.interval, a_run);
    }
    let same = |each: &Measurement| as_set(each) && run.has_all(&each.factors);
    let Some(step) = analysis
        .as_deployed(&engine.name, &cost.experiment, &cost.step, same)
        .pop()
    else {
        return unknown(a_run);
    };
    let seen = text![a_run, ", a step more ", figure::estimate(step), " ms"];
    let run_ms = whole.value + more * step.estimate.value;
    let width_ms = |interval: Interval| (interval.high - interval.low) * more;
    let wide = |interval| width_ms(interval) / 2.0 > run_ms.max(UNCERTAIN_S * 1e3);
    if step.estimate.interval.is_none_or(wide) {
        return unknown(text![seen, ", too uncertain to go on from there"]);
    }
    let ends = whole.interval.zip(step.estimate.interval);
    let interval = ends.map(|(run, step)| Interval {
        low: run.low + more * step.low,
        high: run.high + more * step.high,
        level: run.level,
    });
    known(run_ms, interval, seen)
}

/// Of how many steps the runs of a measurement are.
pub(super) fn steps_of(each: &Measurement) -> Option<u32> {
    each.factors.get("steps")?.parse().ok()
}

fn in_seconds(ms: Interval) -> Interval {
    Interval {
        low: ms.low / 1e3,
        high: ms.high / 1e3,
        level: ms.level,
    }
}
