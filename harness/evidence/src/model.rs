//! The what-if model: what a day costs on each option, in terms of which each is a measurement of the folder,
//! `advice/model.toml`.

mod held_out;
mod predict;

pub use predict::{Band, Inputs, Prediction, predict};

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::record::{EngineRecord, FORMAT_VERSION, Measurement, Model, ModelOption, Term};
use crate::results::Analysis;

/// The list.
const TEXT: &str = include_str!("../advice/model.toml");

/// The list of terms is wrong.
pub type TermsError = toml::de::Error;

/// The factor of conditions that are not of an engine's first execution.
const EXECUTION: &str = "execution";

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Terms {
    #[serde(rename = "term")]
    terms: Vec<Definition>,
}

/// A term, and which measurement it is.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Definition {
    name: String,
    is: String,
    of: Of,
    experiment: String,
    metric: String,
    #[serde(default = "one")]
    unit: f64,
    #[serde(default = "by_default")]
    settings: Vec<String>,
    factors: BTreeMap<String, String>,
}

/// Whether a term is of one execution, or of the engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Of {
    Option,
    Engine,
}

fn one() -> f64 {
    1.0
}

fn by_default() -> Vec<String> {
    vec!["default".to_owned()]
}

/// The model of what a folder has.
///
/// # Errors
/// None that the embedded list could cause.
pub fn of(analysis: &Analysis) -> Result<Model, TermsError> {
    let Terms { terms } = toml::from_str(TEXT)?;
    let mut options = Vec::new();
    for engine in &analysis.plan.engines {
        options.extend(of_engine(&terms, engine, analysis));
    }
    let named = terms
        .iter()
        .map(|each| (each.name.clone(), each.is.clone()));
    Ok(Model {
        format_version: FORMAT_VERSION,
        terms: named.collect(),
        options,
    })
}

/// An engine's options: one for each execution of which a run was timed, the engine's first one once.
fn of_engine(terms: &[Definition], engine: &EngineRecord, analysis: &Analysis) -> Vec<ModelOption> {
    let Some((run, others)) = terms.split_first() else {
        return Vec::new();
    };
    let mut timed = matching(run, engine, analysis);
    // The conditions without a factor for it come first; they are of the engine's first execution.
    timed.sort_by_key(|each| each.factors.get(EXECUTION).cloned());
    let mut seen = Vec::new();
    let mut options = Vec::new();
    for run_s in timed {
        let execution = engine.execution(&run_s.factors);
        if seen.contains(&execution) {
            continue;
        }
        seen.push(execution);
        let of_option = |term: &Definition| {
            matching(term, engine, analysis).into_iter().find(|each| {
                ["scenario", EXECUTION]
                    .iter()
                    .all(|name| each.factors.get(*name) == run_s.factors.get(*name))
            })
        };
        let found = others.iter().filter_map(|term| {
            let measurement = match term.of {
                Of::Option => of_option(term),
                Of::Engine => of_the_engine(term, engine, analysis),
            };
            Some((term, measurement?))
        });
        let found = std::iter::once((run, run_s)).chain(found);
        options.push(ModelOption {
            engine: engine.name.clone(),
            label: engine.label.clone(),
            execution: run_s.factors.get(EXECUTION).cloned(),
            terms: found
                .map(|(term, each)| (term.name.clone(), self::term(term, each)))
                .collect(),
            held_out: held_out::held_out(run_s, &of_any_size(run, engine, analysis), engine),
        });
    }
    options
}

/// The measurements that a term may be, in the folder's order.
fn matching<'a>(
    term: &Definition,
    engine: &EngineRecord,
    analysis: &'a Analysis,
) -> Vec<&'a Measurement> {
    let measured = analysis.measured(&engine.name, &term.experiment, &term.metric);
    measured.filter(|each| is(term, each)).collect()
}

/// The times of runs of any number of steps.
fn of_any_size<'a>(
    run: &Definition,
    engine: &EngineRecord,
    analysis: &'a Analysis,
) -> Vec<&'a Measurement> {
    let mut sized = run.clone();
    sized.factors.remove("steps");
    matching(&sized, engine, analysis)
}

fn is(term: &Definition, each: &Measurement) -> bool {
    term.settings.contains(&each.settings) && each.has_all(&term.factors)
}

/// The measurement of most trials, of the first settings that have one.
fn of_the_engine<'a>(
    term: &Definition,
    engine: &EngineRecord,
    analysis: &'a Analysis,
) -> Option<&'a Measurement> {
    term.settings.iter().find_map(|settings| {
        let at = |each: &Measurement| each.settings == *settings && is(term, each);
        let found = analysis.as_deployed(&engine.name, &term.experiment, &term.metric, at);
        // Of those that have as many the first.
        let from_last = found.into_iter().rev();
        from_last.max_by_key(|each| each.trials.len())
    })
}

fn term(term: &Definition, each: &Measurement) -> Term {
    let scaled = |number: f64| number / term.unit;
    let interval = each.estimate.interval;
    Term {
        value: scaled(each.estimate.value),
        interval: interval.map(|interval| [scaled(interval.low), scaled(interval.high)]),
        measurement: each.id(),
    }
}
