//! Where a figure comes from: the file in the results folder, `#`, and the place in it.
//! As the target of a link in Markdown it is percent-encoded.
//!
//! | path | is |
//! | --- | --- |
//! | `measurements.json#ID` | the estimate of the measurement with this id, [`Measurement::id`]: `experiment/metric/engine/settings/factor=value,…`, factors in the order of their names |
//! | `measurements.json#ID:n`, `:samples` | its trials, its samples |
//! | `measurements.json#ID:steps` | its factor `steps` |
//! | `measurements.json#ID:spread` | its largest sample over its smallest |
//! | `measurements.json#ID:answers` | of a `question_score`, each score that its samples have in words, the best first, with ` and ` between: `right` (3), `only with user code` (2), `wrong` (1), `not answerable` (0) |
//! | `measurements.json#ID:over:ID` | the ratio of the first to the second, over pairs of trials of one block |
//! | `measurements.json#ID:over:ID:n` | those pairs |
//! | `measurements.json#ID:of_steps:N` | what a run of N steps takes, in seconds, where ID is the time of a run of S of them, S not more than N: that time, and N - S times the `step_ms` of the same experiment, engine, settings and factors but `steps`; its interval's ends come of theirs in the same way |
//! | `measurements.json#ID:times:K` | its estimate without interval, times K |
//! | `measurements.json#ID:twin` | the ratio of a condition to its twin (A/A), over pairs of trials of one block; `:twin:n`, `:twin:groups`, `:twin:groups_decided`, `:twin:decided` the fields of its comparison |
//! | `plan.json#FIELD`, `environment.json#FIELD` | the field; of `trials`, their number |
//! | `environment.json#memory_bytes:mebibytes` | the bytes over 2^20, rounded down |
//! | `plan.json#trials:counted` | the planned trials that count: made to their end, readable and not void |
//! | `plan.json#parameters/EXPERIMENT/FIELD` | every value of this field in the parameters of the experiment's trials, ascending, each once, with commas between; the field may be nested |
//! | `plan.json#left_out/INDEX/FIELD`, `plan.json#engines/INDEX/FIELD`, `environment.json#durability/INDEX/FIELD`, `#server/images/INDEX/FIELD` | a field of an item of a list, counted from 0 |
//! | `manifest.json#sha256` | SHA-256 of the file itself, which stands for all raw files |
//! | `verdicts.json#count/INVARIANT/ENGINE/OUTCOME` | a number of verdicts; the outcome is `pass`, `fail`, `unknown`, or `expected` for a fail that its trial is there to show; `*` stands for any |
//! | `verdicts.json#void` | the number of void trials |
//! | `verdicts.json#verdict/TRIAL/INVARIANT/FIELD` | a field of one verdict; of `evidence`, `evidence/INDEX` |
//! | `verdicts.json#warnings/INDEX/FIELD` | a field of one warning, counted from 0; a list with `, ` between |
//! | `verdicts.json#together/KIND/SCENARIO/trials` | how many trials of the scenario have a warning of this kind; of an open loop, `together/KIND/SCENARIO/LOAD/trials` those at this load |
//! | `verdicts.json#together/KIND/SCENARIO/FIELD:least`, `:most` | the least and the most of a field of these warnings; of an open loop with `LOAD` likewise |
//! | `evidence/SCENARIO.tar.gz#TRIAL/QUESTION` | what the trial's engine last answered to the question while everything was there: its statements in alphabetical order with `; ` between, `nothing` of none, `no answer` where it has none |
//! | `evidence/SCENARIO.tar.gz#TRIAL/QUESTION:STEP` | of these statements those that begin with the step (and a partition of it): what they say after that, each text once in alphabetical order with `, ` between, `N times` before one that is there N times |
//! | `benchmarks.json#ID` | the median of a benchmark with its interval, in microseconds |
//! | `model.json#INDEX/held_out/FIELD` | of the option at this place, counted from 0, how its line predicts |
//! | `claims.json#CLAIM/FIELD` | a field of one claim; of `values`, `values/INDEX`; `corrected` is `VALUE [LOW, HIGH] at LEVEL %, p = P` of value, adjusted interval and adjusted p |
//! | `claims.json#phrase/PHRASE` | the verdict on a phrase of the guidance, merged from its claims |
//! | `claims.json#count/phrases/VERDICT`, `claims.json#count/predictions/VERDICT` | a number of phrases, of claims without ablations; `*` stands for any |
//!
//! A factor of the value `*` in an id pools the measurements that have the same names of factors
//! and agree in all other values. The values are then those of all samples of all of them:
//! `:count` is how many, `:sum` their sum, `:zeros` how many are zero, `:share` the share of
//! those above zero, with its exact interval. Without a statistic it is an estimate whose
//! trials are blocks: a block's value is the mean of all samples that its trials gave; `:n` is
//! the number of blocks.
//!
//! The label that leads a row of a table is `engine (settings): factor=value, …` of the ids in
//! that row, without factors of the value `*`.

use std::collections::BTreeMap;

use crate::record::{Measurement, SelfComparison, TrialPlan};

/// A measurement's estimate.
pub fn measurement(each: &Measurement) -> String {
    format!("measurements.json#{}", each.id())
}

/// A statistic of a measurement other than its estimate.
pub fn statistic(each: &Measurement, name: &str) -> String {
    format!("{}:{name}", measurement(each))
}

/// A measurement over another, in pairs.
pub fn over(each: &Measurement, base: &Measurement) -> String {
    format!("{}:over:{}", measurement(each), base.id())
}

/// What a run of so many steps takes, by one of fewer and what a step adds.
pub fn of_steps(run: &Measurement, steps: u32) -> String {
    format!("{}:of_steps:{steps}", measurement(run))
}

/// A measurement's estimate so many times.
pub fn times(each: &Measurement, times: f64) -> String {
    format!("{}:times:{times}", measurement(each))
}

/// A condition over its twin.
pub fn twin(each: &SelfComparison) -> String {
    format!("measurements.json#{}:twin", each.id())
}

/// A field of `plan.json`.
pub fn plan(field: &str) -> String {
    format!("plan.json#{field}")
}

/// A field of `environment.json`.
pub fn environment(field: &str) -> String {
    format!("environment.json#{field}")
}

/// The digest of the seal.
pub fn seal() -> String {
    "manifest.json#sha256".to_owned()
}

/// A place in `verdicts.json`.
pub fn verdicts(place: &str) -> String {
    format!("verdicts.json#{place}")
}

/// An engine's answer to a question; of one about steps, to be had step by step.
pub fn answer(trial: &TrialPlan, question: &str, step: Option<&str>) -> String {
    let of_step = step.map_or_else(String::new, |step| format!(":{step}"));
    format!(
        "evidence/{}.tar.gz#{}/{question}{of_step}",
        trial.scenario, trial.id
    )
}

/// A number of verdicts; `*` for any.
pub fn verdict_count(invariant: &str, engine: &str, outcome: &str) -> String {
    verdicts(&format!("count/{invariant}/{engine}/{outcome}"))
}

/// A benchmark by its full id.
pub fn benchmark(id: &str) -> String {
    format!("benchmarks.json#{id}")
}

/// How the line of a model's option predicts.
pub fn held_out(option: usize, field: &str) -> String {
    format!("model.json#{option}/held_out/{field}")
}

/// A field of a claim.
pub fn claim(name: &str, field: &str) -> String {
    format!("claims.json#{name}/{field}")
}

/// The verdict on a phrase of the guidance.
pub fn phrase(words: &str) -> String {
    format!("claims.json#phrase/{words}")
}

/// A number of phrases or predictions with a verdict; `*` for any.
pub fn claim_count(what: &str, verdict: &str) -> String {
    format!("claims.json#count/{what}/{verdict}")
}

/// The words that lead a row of a table.
pub fn label(engine: &str, settings: &str, factors: &BTreeMap<String, String>) -> String {
    let words: Vec<String> = factors
        .iter()
        .filter(|(_, value)| *value != "*")
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    format!("{engine} ({settings}): {}", words.join(", "))
}

/// The path as the target of a link: what a link cannot hold is percent-encoded, UTF-8 byte by
/// byte. Only letters, digits and `- . _ ~ / = , : #` stay as they are.
pub(super) fn encoded(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/=,:#".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_holds_nothing_that_ends_a_link_or_a_cell() {
        assert_eq!(
            encoded("measurements.json#a/b (c)|d=é,x=*"),
            "measurements.json#a/b%20%28c%29%7Cd=%C3%A9,x=%2A"
        );
    }

    #[test]
    fn a_label_leaves_out_what_is_pooled() {
        let factors = [("point", "*"), ("arm", "supervised"), ("scenario", "kills")];
        let factors = factors.map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(
            label("an-engine", "tuned", &factors.into()),
            "an-engine (tuned): arm=supervised, scenario=kills"
        );
    }
}
