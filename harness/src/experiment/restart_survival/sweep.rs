//! The crash-point sweep: which trials it consists of, derived from the registered steps and
//! points, so that a new one of either is swept without a word.
//!
//! Step × point × kill × arm is complete. Attempt and fencing are varied over it in pairs:
//! four kinds of trial in rotation, so that every cell meets both values of each, and every
//! kill all four combinations.

use orchbench_evidence::experiment::restart_survival::sweep_cells;

use super::super::Condition;
use super::Parameters;
use crate::fault::{KILL_CODE_SERVER, KILL_DAEMON, KILL_HOST, KILL_SERVER, KILL_STEP, KILL_WORKER};

/// The kills, each an arm and the fault that it meets, in the order in which attempt and fencing
/// rotate over them.
const KILLS: [(&str, &str); 7] = [
    ("supervised", KILL_WORKER),
    ("unsupervised", KILL_WORKER),
    ("whole-host", KILL_HOST),
    ("supervised", KILL_SERVER),
    ("supervised", KILL_STEP),
    ("supervised", KILL_CODE_SERVER),
    ("supervised", KILL_DAEMON),
];

/// Attempt and fencing: any three in a row have both values of each.
const ROTATION: [(&str, &str); 4] = [("1", "on"), ("2", "off"), ("1", "off"), ("2", "on")];

/// The sweep's trials.
pub(super) fn conditions(parameters: &Parameters) -> Vec<Condition> {
    let mut conditions = Vec::new();
    for (cell, (step, point)) in sweep_cells(&parameters.steps, &parameters.points).enumerate() {
        for (turn, (arm, fault)) in KILLS.into_iter().enumerate() {
            let (attempt, fencing) = ROTATION[(cell + turn) % ROTATION.len()];
            let condition = Condition::new(
                &[
                    ("arm", arm),
                    ("attempt", attempt),
                    ("fault", fault),
                    ("fencing", fencing),
                    ("point", &format!("{step}/{point}")),
                    ("sink", parameters.sink.as_str()),
                ],
                parameters,
            );
            conditions.push(condition.with_faults([fault]));
        }
    }
    conditions
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use orchbench_etl::{CrashPoint, StepName};
    use orchbench_evidence::experiment::Unreached;
    use orchbench_evidence::record::TrialPlan;

    use super::{KILL_CODE_SERVER, KILL_DAEMON, KILL_HOST, KILL_STEP, KILL_WORKER};

    /// The trials of an embedded scenario.
    fn trials(name: &str) -> anyhow::Result<Vec<TrialPlan>> {
        let scenario = crate::scenario::all()?
            .into_iter()
            .find(|each| each.name == name)
            .ok_or_else(|| anyhow::anyhow!("no scenario {name}"))?;
        Ok(crate::experiment::plan(&scenario, 1)?.trials)
    }

    /// The factors of the sweep's trials on one engine and execution.
    fn factors(engine: &str, execution: &str) -> anyhow::Result<Vec<BTreeMap<String, String>>> {
        Ok(trials("restart-sweep")?
            .into_iter()
            .filter(|trial| trial.engine == engine && trial.factors["execution"] == execution)
            .map(|trial| trial.factors)
            .collect())
    }

    #[test]
    fn every_step_point_and_kill_is_tried_on_every_engine() -> anyhow::Result<()> {
        for (engine, execution, kills) in [
            ("asset-engine", "in-process", 3),
            ("asset-engine", "subprocess", 4),
            ("dagster", "deployed", 6),
            ("temporal", "in-process", 4),
            ("temporal", "subprocess", 5),
        ] {
            let tried: BTreeSet<[String; 3]> = factors(engine, execution)?
                .into_iter()
                .map(|each| ["point", "arm", "fault"].map(|name| each[name].clone()))
                .collect();
            let cells = StepName::ALL.len() * CrashPoint::ALL.len();
            assert_eq!(tried.len(), cells * kills, "{engine} {execution}");
        }
        Ok(())
    }

    /// What the sweep leaves out of an engine, at another setting or in another execution, meets each
    /// kill that can strike it there, under each arm, at one point.
    #[test]
    fn every_other_way_to_run_an_engine_that_is_swept_meets_each_kill_once() -> anyhow::Result<()> {
        let swept: BTreeSet<[String; 2]> = trials("restart-sweep")?
            .iter()
            .filter(|trial| trial.engine == "dagster")
            .map(|trial| [trial.settings.clone(), trial.factors["execution"].clone()])
            .collect();
        let mut met: BTreeMap<[String; 2], Vec<[String; 2]>> = BTreeMap::new();
        for trial in trials("restart-cover")? {
            let way = [trial.settings.clone(), trial.factors["execution"].clone()];
            let kill = [trial.faults.join("+"), trial.factors["arm"].clone()];
            met.entry(way).or_default().push(kill);
        }
        let engine = crate::engine::named("dagster").ok_or_else(|| anyhow::anyhow!("no engine"))?;
        for settings in ["default", "tuned"] {
            for execution in engine.executions {
                let way = [settings.to_owned(), execution.as_str().to_owned()];
                let met = met.remove(&way).unwrap_or_default();
                if swept.contains(&way) {
                    assert_eq!(met, Vec::<[String; 2]>::new(), "{way:?} is swept");
                    continue;
                }
                let kills = [
                    KILL_STEP,
                    KILL_WORKER,
                    KILL_HOST,
                    KILL_CODE_SERVER,
                    KILL_DAEMON,
                ];
                let applicable: BTreeSet<[String; 2]> = kills
                    .into_iter()
                    .filter(|kill| {
                        let kill = [(*kill).to_owned()];
                        crate::fault::inapplicable(&kill, engine, *execution).is_none()
                    })
                    .flat_map(|kill| {
                        ["supervised", "unsupervised"].map(|arm| [kill.to_owned(), arm.to_owned()])
                    })
                    .collect();
                assert_eq!(met.len(), applicable.len(), "{way:?}");
                assert_eq!(
                    met.into_iter().collect::<BTreeSet<_>>(),
                    applicable,
                    "{way:?}"
                );
            }
        }
        Ok(())
    }

    /// Every value of a factor meets every value of every other one.
    #[test]
    fn all_pairs_of_factors_are_covered() -> anyhow::Result<()> {
        let kill = |each: &BTreeMap<String, String>| format!("{}+{}", each["arm"], each["fault"]);
        for (engine, execution) in [
            ("asset-engine", "in-process"),
            ("asset-engine", "subprocess"),
            ("dagster", "deployed"),
            ("temporal", "in-process"),
            ("temporal", "subprocess"),
        ] {
            let rows: Vec<[String; 4]> = factors(engine, execution)?
                .iter()
                .map(|each| {
                    [
                        each["point"].clone(),
                        kill(each),
                        each["attempt"].clone(),
                        each["fencing"].clone(),
                    ]
                })
                .collect();
            for a in 0..4 {
                for b in 0..a {
                    let values = |column: usize| -> BTreeSet<&String> {
                        rows.iter().map(|row| &row[column]).collect()
                    };
                    let pairs: BTreeSet<_> = rows.iter().map(|row| (&row[a], &row[b])).collect();
                    let expected = values(a).len() * values(b).len();
                    assert_eq!(pairs.len(), expected, "{engine} {execution}: {a} and {b}");
                }
            }
        }
        Ok(())
    }

    #[test]
    fn a_point_that_no_trial_reached_is_named() -> anyhow::Result<()> {
        let planned = trials("restart-sweep")?;
        let unreached = orchbench_evidence::experiment::named("restart-survival")
            .ok_or_else(|| anyhow::anyhow!("no such experiment in the evidence crate"))?
            .unreached;
        let all: Vec<String> = planned.iter().map(|trial| trial.id.clone()).collect();
        assert_eq!(unreached(&planned, &all), Vec::new());

        let lost = |trial: &&TrialPlan| {
            trial.engine == "temporal"
                && trial.factors["execution"] == "in-process"
                && trial.factors["point"] == "publish/before_return"
        };
        let mut short = all;
        for trial in planned.iter().filter(lost) {
            short.retain(|id| *id != trial.id);
        }
        let expected = Unreached {
            part: "restart-sweep on temporal (in-process)".into(),
            points: vec!["publish/before_return".into()],
        };
        assert_eq!(unreached(&planned, &short), std::slice::from_ref(&expected));
        // A plan that lost the cell altogether is no excuse.
        let cut: Vec<TrialPlan> = planned.iter().filter(|each| !lost(each)).cloned().collect();
        assert_eq!(unreached(&cut, &short), [expected]);
        Ok(())
    }
}
