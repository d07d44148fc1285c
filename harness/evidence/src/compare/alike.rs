//! Whether two measurements were made alike.

use std::collections::BTreeMap;

use serde_json::Value;

use super::Pair;
use crate::document::plural;
use crate::record::{Environment, Measurement, ServerRecord, TrialPlan};
use crate::results::Analysis;

/// How both runs were made.
pub(super) struct Making<'a> {
    a: &'a Analysis,
    b: &'a Analysis,
    /// The trials of the plans by id.
    of_a: BTreeMap<&'a str, &'a TrialPlan>,
    of_b: BTreeMap<&'a str, &'a TrialPlan>,
    /// Why nothing of them can be compared.
    whole: Option<String>,
}

impl<'a> Making<'a> {
    pub(super) fn of(a: &'a Analysis, b: &'a Analysis) -> Self {
        let trials = |run: &'a Analysis| -> BTreeMap<&'a str, &'a TrialPlan> {
            let trials = run.plan.trials.iter();
            trials.map(|trial| (trial.id.as_str(), trial)).collect()
        };
        Self {
            a,
            b,
            of_a: trials(a),
            of_b: trials(b),
            whole: machines(&a.environment, &b.environment),
        }
    }

    /// Why a measurement cannot be compared; `None` where it can.
    pub(super) fn reason(&self, pair: &Pair<'_>) -> Option<String> {
        let (a, b) = match (pair.a, pair.b) {
            (Some(a), Some(b)) => (a, b),
            (Some(_), None) => return Some("in the earlier run alone".to_owned()),
            _ => return Some("in the later run alone".to_owned()),
        };
        self.whole
            .clone()
            .or_else(|| self.servers(a))
            .or_else(|| self.settings(a))
            .or_else(|| self.parameters(a, b))
    }

    /// A server that is another.
    fn servers(&self, each: &Measurement) -> Option<String> {
        let of = |run: &Analysis| {
            let engine = run.plan.engine(&each.engine)?;
            let server = engine.server.then_some(run.environment.server.as_ref())?;
            server.map(named)
        };
        let (a, b) = (of(self.a), of(self.b));
        let words = |server: Option<String>| server.unwrap_or_else(|| "none".to_owned());
        (a != b).then(|| format!("other servers: {}; {}", words(a), words(b)))
    }

    /// Settings of the same name that set something else.
    fn settings(&self, each: &Measurement) -> Option<String> {
        let none = BTreeMap::new();
        let of = |run: &'a Analysis| run.environment.settings.get(&each.settings);
        let (a, b) = (of(self.a).unwrap_or(&none), of(self.b).unwrap_or(&none));
        let own = |name: &&String| {
            // `ENGINE PART: SETTING`; what is of no engine by itself is of all.
            let of_another =
                |engine: &str| engine != each.engine && name.split(' ').next() == Some(engine);
            !self
                .a
                .plan
                .engines
                .iter()
                .any(|other| of_another(&other.name))
        };
        let names = a.keys().chain(b.keys()).filter(own);
        let mut differing = names.filter(|name| a.get(*name) != b.get(*name));
        let first = differing.next()?;
        Some(format!("the settings {} differ in {first}", each.settings))
    }

    /// Trials with other parameters.
    fn parameters(&self, a: &Measurement, b: &Measurement) -> Option<String> {
        let first = |trials: &BTreeMap<&str, &'a TrialPlan>, of: &Measurement| {
            let trial = of.trials.first()?;
            trials.get(trial.trial.as_str()).copied()
        };
        let (a, b) = (first(&self.of_a, a)?, first(&self.of_b, b)?);
        if a.sources != b.sources || a.faults != b.faults {
            return Some("other sources or faults".to_owned());
        }
        let differing = differing(&a.parameters, &b.parameters);
        let (name, [was, is]) = differing.first()?;
        let more = match differing.len() - 1 {
            0 => String::new(),
            more => format!(" and {} more", plural(more, "parameter")),
        };
        Some(format!("other parameters: {name} {was}; {is}{more}"))
    }
}

/// What makes times of two machines or builds two things.
fn machines(a: &Environment, b: &Environment) -> Option<String> {
    let pairs = [
        ("builds", &a.build, &b.build),
        ("processors", &a.cpu, &b.cpu),
    ];
    let mut differing = pairs.iter().filter(|(_, a, b)| a != b);
    let first = differing.next();
    let first = first.map(|(what, a, b)| format!("other {what}: {a}; {b}"));
    first.or_else(|| {
        let cpus = (a.cpus, b.cpus);
        (cpus.0 != cpus.1).then(|| format!("other numbers of processors: {}; {}", cpus.0, cpus.1))
    })
}

fn named(server: &ServerRecord) -> String {
    let version = server.api_version.as_ref().unwrap_or(&server.version);
    format!("{version} on {}", server.store)
}

/// The fields of two objects that differ, with what each has.
fn differing(a: &Value, b: &Value) -> Vec<(String, [String; 2])> {
    let empty = serde_json::Map::new();
    let (a, b) = (
        a.as_object().unwrap_or(&empty),
        b.as_object().unwrap_or(&empty),
    );
    let mut names: Vec<&String> = a.keys().chain(b.keys()).collect();
    names.sort_unstable();
    names.dedup();
    let told = |of: &serde_json::Map<String, Value>, name: &String| {
        of.get(name)
            .map_or_else(|| "none".to_owned(), Value::to_string)
    };
    names
        .into_iter()
        .filter(|name| a.get(*name) != b.get(*name))
        .map(|name| (name.clone(), [told(a, name), told(b, name)]))
        .collect()
}
