//! Warnings as lines: what has befallen many trials of a scenario is one of them, however long the
//! run.

use serde_json::Value;

use super::{Text, figure, path, text, warning};
use crate::record::{Plan, Warning};

/// What many trials may have in common, by its name in `verdicts.json`.
const SHARED: [&str; 3] = ["behind_offer", "busy", "generator_late"];

/// How many trials of a line are named; `verdicts.json` has them all.
const NAMED: usize = 3;

/// The warnings that are `wanted`, in their order. Those that several trials of a scenario have for
/// the same cause stand in one line, where the first of them stands: a busy machine, an open loop
/// that fell behind or whose generator was late.
pub fn warnings(plan: &Plan, all: &[Warning], wanted: impl Fn(&Warning) -> bool) -> Vec<Text> {
    let mut lines: Vec<(Option<Cause>, Vec<Member<'_>>)> = Vec::new();
    for (index, each) in all.iter().enumerate().filter(|(_, each)| wanted(each)) {
        // Every warning has a JSON form; one without would stand for itself.
        let recorded = serde_json::to_value(each).unwrap_or_default();
        let cause = Cause::of(&recorded, plan);
        let member = Member {
            index,
            warning: each,
            recorded,
        };
        let same = lines
            .iter_mut()
            .find(|(known, _)| cause.is_some() && *known == cause);
        match same {
            Some((_, members)) => members.push(member),
            None => lines.push((cause, vec![member])),
        }
    }
    let words = |(cause, members): (Option<Cause>, Vec<Member<'_>>)| match cause {
        Some(cause) if members.len() > 1 => cause.together(&members),
        _ => Text::joined(
            members.iter().map(|one| warning(one.index, one.warning)),
            "; ",
        ),
    };
    lines.into_iter().map(words).collect()
}

/// A warning, its place in `verdicts.json`, and as it stands there.
struct Member<'a> {
    index: usize,
    warning: &'a Warning,
    recorded: Value,
}

/// What warnings of several trials have in common.
#[derive(PartialEq, Eq)]
struct Cause {
    /// One of [`SHARED`].
    kind: String,
    scenario: String,
    /// The open loop, where it is about one.
    load: Option<String>,
}

impl Cause {
    fn of(recorded: &Value, plan: &Plan) -> Option<Self> {
        let field = |name: &str| recorded[name].as_str();
        let kind = field("warning").filter(|kind| SHARED.contains(kind))?;
        let trial = field("trial")?;
        let planned = plan.trials.iter().find(|planned| planned.id == trial)?;
        Some(Self {
            kind: kind.to_owned(),
            scenario: planned.scenario.clone(),
            load: field("load").map(str::to_owned),
        })
    }

    /// The place of something that all warnings of this cause come to.
    fn place(&self, what: &str) -> String {
        let load = self
            .load
            .as_ref()
            .map_or(String::new(), |load| format!("/{load}"));
        path::verdicts(&format!(
            "together/{}/{}{load}/{what}",
            self.kind, self.scenario
        ))
    }

    fn together(&self, members: &[Member<'_>]) -> Text {
        let mut trials: Vec<(&str, usize)> = Vec::new();
        for member in members {
            let trial = member.recorded["trial"].as_str().unwrap_or_default();
            if trials.iter().all(|(known, _)| *known != trial) {
                trials.push((trial, member.index));
            }
        }
        let named = trials.iter().take(NAMED).map(|(trial, index)| {
            let place = format!("warnings/{index}/trial");
            Text::from(figure::quoted(*trial, path::verdicts(&place)))
        });
        text![
            format!("scenario {}: ", self.scenario),
            figure::count(trials.len(), self.place("trials")),
            if trials.len() > NAMED {
                " trials, among them "
            } else {
                " trials, "
            },
            Text::joined(named, ", "),
            ": ",
            self.told(members),
        ]
    }

    fn told(&self, members: &[Member<'_>]) -> Text {
        let range = |field: &str| {
            let numbers = || {
                members
                    .iter()
                    .filter_map(|one| one.recorded[field].as_u64())
            };
            let end = |value: Option<u64>, which: &str| {
                let place = self.place(&format!("{field}:{which}"));
                figure::quoted(value.unwrap_or_default().to_string(), place)
            };
            text![
                end(numbers().min(), "least"),
                " to ",
                end(numbers().max(), "most")
            ]
        };
        let load = || {
            let place = format!("warnings/{}/load", members[0].index);
            figure::quoted(
                self.load.as_deref().unwrap_or_default(),
                path::verdicts(&place),
            )
        };
        match self.kind.as_str() {
            "behind_offer" => text![
                "the open loop at ",
                load(),
                " achieved ",
                range("achieved_percent"),
                " % of its offer (99 % needed), so its latencies are left out"
            ],
            "generator_late" => text![
                "the generator of the open loop at ",
                load(),
                " was late (",
                range("lateness_us"),
                " µs at p99, more than 5 % of the median latency), so its latencies are left out"
            ],
            _ => text![
                "the machine was busy with something else (",
                range("foreign_percent"),
                " % of its processors, ",
                range("steal_percent"),
                " % stolen)"
            ],
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

    use super::*;
    use crate::record::FORMAT_VERSION;
    use serde_json::json;

    fn plan(scenarios: &[&str], blocks: usize) -> Plan {
        let trial = |block: usize, scenario: &&str| {
            let trial = json!({"id": format!("{scenario}.{block}"), "scenario": scenario, "experiment": "x",
                "engine": "e", "settings": "default", "block": block, "factors": {}, "parameters": null});
            serde_json::from_value(trial).unwrap()
        };
        let block = |block| scenarios.iter().map(move |each| trial(block, each));
        Plan {
            format_version: FORMAT_VERSION,
            profile: "p".into(),
            seed: 1,
            engines: Vec::new(),
            trials: (0..blocks).flat_map(block).collect(),
            left_out: Vec::new(),
        }
    }

    fn read(plan: &Plan, all: &[Warning]) -> Vec<String> {
        let lines = warnings(plan, all, |_| true);
        lines.iter().map(Text::as_read).collect()
    }

    #[test]
    fn a_busy_machine_is_a_line_a_scenario_however_many_the_trials() {
        let plan = plan(&["overhead", "retries"], 258);
        let busy = |at: usize| Warning::Busy {
            trial: plan.trials[at].id.clone(),
            steal_percent: at as u32 % 3,
            foreign_percent: 20 + at as u32 % 7,
        };
        let all: Vec<Warning> = (0..516).map(busy).collect();
        assert_eq!(
            read(&plan, &all),
            ["overhead", "retries"].map(|scenario| format!(
                "scenario {scenario}: 258 trials, among them {scenario}.0, {scenario}.1, {scenario}.2: the \
                 machine was busy with something else (20 to 26 % of its processors, 0 to 2 % stolen)"
            ))
        );
        // Looked at twice in one trial, it is one trial.
        assert_eq!(
            read(&plan, &[busy(0), busy(0), busy(2)])[0],
            "scenario overhead: 2 trials, overhead.0, overhead.1: the machine was busy with something else \
             (20 to 22 % of its processors, 0 to 2 % stolen)"
        );
    }

    #[test]
    fn what_each_must_be_read_of_and_what_stands_alone_keeps_its_line() {
        let plan = plan(&["throughput"], 4);
        let trial = |at: usize| plan.trials[at].id.clone();
        let void = |at| Warning::Void {
            trial: trial(at),
            reason: "the fault hit nothing".into(),
        };
        let late = |at: usize, load: &str| Warning::GeneratorLate {
            trial: trial(at),
            load: load.into(),
            lateness_us: 300 + at as u64,
        };
        let behind = Warning::BehindOffer {
            trial: trial(0),
            load: "half".into(),
            achieved_percent: 5,
        };
        let all = [
            void(0),
            late(0, "half"),
            void(1),
            late(2, "half"),
            late(3, "whole"),
            behind.clone(),
        ];
        assert_eq!(
            read(&plan, &all),
            [
                void(0).to_string(),
                "scenario throughput: 2 trials, throughput.0, throughput.2: the generator of the open loop at \
                 half was late (300 to 302 µs at p99, more than 5 % of the median latency), so its latencies \
                 are left out"
                    .to_owned(),
                void(1).to_string(),
                late(3, "whole").to_string(),
                behind.to_string(),
            ]
        );
    }
}
