use anyhow::{Context as _, Result, ensure};
use serde_json::json;

use super::*;
use crate::analysis::derive;
use crate::check::mutation::recorded;
use crate::record::ServerRecord;
use crate::stats::estimate;

/// A run with one measurement, a value a block, on the engine that has a server.
fn run(metric: &str, values: &[f64]) -> Result<Analysis> {
    let place = tempfile::tempdir()?;
    let mut run = derive(&recorded(place.path())?)?;
    let engine = run.plan.engines.iter().find(|engine| engine.server);
    let engine = engine.context("no engine with a server")?.name.clone();
    let of_engine = run
        .plan
        .trials
        .iter()
        .filter(|trial| trial.engine == engine);
    let trial = of_engine.map(|trial| trial.id.clone()).next();
    let trial = trial.context("no trial of it")?;
    let trials: Vec<TrialSamples> = (0..)
        .zip(values)
        .map(|(block, value)| TrialSamples {
            trial: trial.clone(),
            block,
            values: vec![*value],
        })
        .collect();
    run.measurements.measurements = vec![Measurement {
        experiment: "overhead".into(),
        engine,
        settings: "default".into(),
        metric: metric.into(),
        factors: BTreeMap::from([("shape".into(), "chain".into())]),
        estimate: estimate(&trials),
        trials,
    }];
    run.seal = Some(format!("{values:?}"));
    Ok(run)
}

const BEFORE: [f64; 10] = [10.0, 10.3, 9.8, 10.1, 9.9, 10.2, 10.0, 9.7, 10.1, 10.0];

fn times(factor: f64) -> [f64; 10] {
    BEFORE.map(|value| value * factor)
}

fn verdict(metric: &str, factor: f64, gate: &Gate) -> Result<Verdict> {
    let compared = compare(&run(metric, &BEFORE)?, &run(metric, &times(factor))?, gate);
    ensure!(compared.not_comparable.is_empty(), "{compared:?}");
    Ok(compared.changes.first().context("no row")?.verdict)
}

#[test]
fn a_run_is_as_it_was_itself() -> Result<()> {
    let same = run("step_ms", &[10.0, 20.0, 40.0])?;
    let compared = compare(&same, &same, &Gate::default());
    ensure!(compared.same_run && compared.environment.is_empty());
    ensure!(compared.count(Verdict::Same) == 1, "{compared:?}");
    let (before, _, after) = text(&compared);
    ensure!(before[2] == "A and B are the same run, by the digest of its raw files.");
    ensure!(
        after
            == [
                "Nothing changed that these runs can tell; 1 the same, 0 undecided (~), 0 not comparable."
            ]
    );
    Ok(())
}

#[test]
fn a_fifth_more_time_is_a_regression_and_a_fifth_more_rate_none() -> Result<()> {
    let gate = Gate::default();
    ensure!(verdict("step_ms", 1.2, &gate)? == Verdict::Regression);
    ensure!(verdict("step_ms", 0.8, &gate)? == Verdict::Improvement);
    ensure!(verdict("runs_per_s", 1.2, &gate)? == Verdict::Improvement);
    ensure!(verdict("runs_per_s", 0.8, &gate)? == Verdict::Regression);
    ensure!(verdict("history_events", 1.2, &gate)? == Verdict::Changed);
    ensure!(verdict("step_ms", 1.01, &gate)? == Verdict::Same);
    ensure!(verdict("step_ms", 1.05, &gate)? == Verdict::Undecided);
    Ok(())
}

#[test]
fn the_gate_has_a_ratio_and_a_floor() -> Result<()> {
    let wide = Gate {
        margin: 0.5,
        ..Gate::default()
    };
    ensure!(verdict("step_ms", 1.2, &wide)? == Verdict::Same);
    let floor = |unit: &str, least: f64| Gate {
        floors: vec![(unit.to_owned(), least)],
        ..Gate::default()
    };
    ensure!(verdict("step_ms", 1.2, &floor("_ms", 3.0))? == Verdict::Same);
    ensure!(verdict("step_ms", 1.2, &floor("_ms", 1.0))? == Verdict::Regression);
    ensure!(verdict("step_ms", 1.2, &floor("_mib", 3.0))? == Verdict::Regression);
    Ok(())
}

#[test]
fn few_blocks_zeros_and_wide_spreads_are_told_apart_from_the_same() -> Result<()> {
    let gate = Gate::default();
    let row = |a: &[f64], b: &[f64]| -> Result<Row> {
        let compared = compare(&run("rows_lost", a)?, &run("rows_lost", b)?, &gate);
        compared.changes.into_iter().next().context("no row")
    };
    ensure!(row(&[1.0, 1.0], &[9.0, 9.0])?.verdict == Verdict::Undecided);
    ensure!(row(&[1.0, 5.0, 9.0], &[2.0, 6.0, 30.0])?.verdict == Verdict::Undecided);
    let zeros = row(&[0.0; 3], &[0.0; 3])?;
    ensure!(
        zeros.verdict == Verdict::Same && zeros.ratio.is_none(),
        "{zeros:?}"
    );
    ensure!(row(&[0.0; 3], &[0.0, 0.0, 4.0])?.verdict == Verdict::Undecided);
    Ok(())
}

/// Why two runs that differ in one thing are not compared.
fn reason(change: impl Fn(&mut Analysis)) -> Result<String> {
    let (a, mut b) = (run("step_ms", &BEFORE)?, run("step_ms", &times(1.2))?);
    change(&mut b);
    let compared = compare(&a, &b, &Gate::default());
    ensure!(compared.changes.is_empty(), "{compared:?}");
    let first = compared.not_comparable.into_iter().next();
    Ok(first.context("nothing left out")?.reason)
}

#[test]
fn what_was_made_otherwise_is_not_compared_and_why_is_said() -> Result<()> {
    let build = reason(|run| run.environment.build = "other".into())?;
    ensure!(build.starts_with("other builds: "), "{build}");
    let cpu = reason(|run| run.environment.cpu = "other".into())?;
    ensure!(cpu.starts_with("other processors: "), "{cpu}");
    let cpus = reason(|run| run.environment.cpus += 1)?;
    ensure!(cpus.starts_with("other numbers of processors: "), "{cpus}");
    let server = reason(|run| {
        run.environment.server = Some(ServerRecord {
            way: "address".into(),
            version: "9.9".into(),
            api_version: None,
            sdk_version: None,
            store: "PostgreSQL".into(),
            local_image_build: false,
            images: Vec::new(),
        });
    })?;
    ensure!(server.starts_with("other servers: ") && server.ends_with("9.9 on PostgreSQL"));
    let settings = reason(|run| {
        let default = run.environment.settings.entry("default".into());
        let engine = run.measurements.measurements[0].engine.clone();
        default
            .or_default()
            .insert(format!("{engine} worker: x"), "1".into());
    })?;
    ensure!(
        settings.contains("the settings default differ in "),
        "{settings}"
    );
    let parameters = reason(|run| {
        for trial in &mut run.plan.trials {
            trial.parameters = json!({ "deadline_s": 1, "other": 2 });
        }
    })?;
    ensure!(parameters.starts_with("other parameters: "), "{parameters}");
    let alone = reason(|run| run.measurements.measurements[0].metric = "start_ms".into())?;
    ensure!(alone.ends_with("run alone"), "{alone}");
    Ok(())
}

#[test]
fn settings_of_another_engine_are_no_hindrance_and_are_told() -> Result<()> {
    let (mut a, mut b) = (run("step_ms", &BEFORE)?, run("step_ms", &times(1.2))?);
    for run in [&mut a, &mut b] {
        let other = crate::record::EngineRecord {
            name: "other".into(),
            ..run.plan.engines[0].clone()
        };
        run.plan.engines.push(other);
    }
    let default = b.environment.settings.entry("default".into());
    default
        .or_default()
        .insert("other worker: x".into(), "1".into());
    let compared = compare(&a, &b, &Gate::default());
    ensure!(compared.count(Verdict::Regression) == 1, "{compared:?}");
    let differing = Difference {
        field: "settings/default/other worker: x".into(),
        a: String::new(),
        b: "1".into(),
    };
    ensure!(
        compared.environment == [differing],
        "{:?}",
        compared.environment
    );
    Ok(())
}

#[test]
fn each_form_says_the_same() -> Result<()> {
    let compared = compare(
        &run("step_ms", &BEFORE)?,
        &run("step_ms", &times(1.2))?,
        &Gate::default(),
    );
    let (_, table, _) = text(&compared);
    ensure!(
        table[1][0] == "step_ms" && table[1][5] == "regression",
        "{table:?}"
    );
    let page = markdown(&compared);
    ensure!(
        page.contains("| step_ms |") && page.contains("| regression |"),
        "{page}"
    );
    let [row] = &benchmark(&compared)[..] else {
        anyhow::bail!("one row");
    };
    ensure!(row.unit == "step_ms" && row.extra.ends_with("of the earlier run, regression"));
    Ok(())
}
