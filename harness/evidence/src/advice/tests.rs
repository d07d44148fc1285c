use std::collections::BTreeMap;

use super::*;
use crate::experiment::{CAPABILITY_METRIC, EMULATED, NATIVE};
use crate::measure::fixture::small_results;
use crate::record::{EngineRecord, Family, GuidanceSide, Measurement, TrialSamples};
use crate::stats::estimate;

fn engine(like: &EngineRecord, name: &str, family: Family) -> EngineRecord {
    EngineRecord {
        name: name.to_owned(),
        label: name.to_owned(),
        family,
        ..like.clone()
    }
}

fn measured(engine: &str, place: [&str; 2], factors: &[(&str, &str)], value: f64) -> Measurement {
    let [experiment, metric] = place;
    let trials: Vec<TrialSamples> = (0..3)
        .map(|block| TrialSamples {
            trial: format!("t{block}"),
            block,
            values: vec![value],
        })
        .collect();
    let factors = factors.iter();
    Measurement {
        experiment: experiment.to_owned(),
        engine: engine.to_owned(),
        settings: "default".to_owned(),
        metric: metric.to_owned(),
        factors: factors
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect::<BTreeMap<_, _>>(),
        estimate: estimate(&trials),
        trials,
    }
}

/// Results in which one side waits by itself and the other knows its lineage by itself, and nothing is
/// known of what is without an engine but that it costs nothing.
fn results() -> anyhow::Result<(Analysis, [String; 2])> {
    let place = tempfile::tempdir()?;
    let mut analysis = crate::analysis::derive(&small_results(place.path())?)?;
    let sides = [GuidanceSide::Temporal, GuidanceSide::AssetStyle];
    let [workflows, assets] = sides.map(|side| side.decider().to_owned());
    let like = analysis.plan.engines[0].clone();
    analysis.plan.engines = vec![
        engine(&like, &workflows, Family::DurableWorkflow),
        engine(&like, &assets, Family::AssetStyle),
        engine(&like, "floor", Family::Floor),
    ];
    let needs = need::all()?;
    let mut measurements = Vec::new();
    for need in &needs.needs {
        for one in &need.capability {
            let (first, second) = match need.name.as_str() {
                "people" => (NATIVE, EMULATED),
                "lineage" => (EMULATED, NATIVE),
                _ => continue,
            };
            let place = [one.experiment.as_str(), CAPABILITY_METRIC];
            let pattern = [("pattern", one.pattern.as_str())];
            measurements.push(measured(&workflows, place, &pattern, first));
            measurements.push(measured(&assets, place, &pattern, second));
        }
    }
    for (name, ms) in [(&*workflows, 50.0), (&*assets, 900.0), ("floor", 0.0)] {
        let cost = &needs.cost;
        let run = [cost.experiment.as_str(), cost.run.as_str()];
        measurements.push(measured(
            name,
            run,
            &[("shape", "chain"), ("steps", "1")],
            ms,
        ));
        let step = [cost.experiment.as_str(), cost.step.as_str()];
        measurements.push(measured(name, step, &[("shape", "chain")], ms));
    }
    analysis.measurements.measurements = measurements;
    Ok((analysis, [workflows, assets]))
}

const PLAIN: &str = "title = \"Plain\"\nsteps = 4\nstep_seconds = 2\nruns_a_day = 10\n";

fn advised(more: &str, analysis: &Analysis) -> anyhow::Result<Advice> {
    let workload = Workload::parse("w.toml", &format!("{PLAIN}{more}"))?;
    Ok(Advice::of(&workload, analysis)?)
}

fn chosen(more: &str, analysis: &Analysis) -> anyhow::Result<String> {
    let advice = advised(more, analysis)?;
    let chosen = advice.recommended().map(|choice| choice.engine.clone());
    Ok(chosen.unwrap_or_default())
}

#[test]
fn what_is_needed_decides_and_then_the_cost() -> anyhow::Result<()> {
    let (analysis, [workflows, assets]) = results()?;
    assert_eq!(chosen("", &analysis)?, "floor");
    assert_eq!(chosen("people = true", &analysis)?, workflows);
    assert_eq!(chosen("lineage = true", &analysis)?, assets);
    let both = advised("people = true\nlineage = true", &analysis)?;
    assert!(both.both);
    // As many by themselves: the least that is added.
    assert_eq!(
        both.recommended().map(|choice| &choice.engine),
        Some(&workflows)
    );
    let steps = both.recommended().and_then(|choice| choice.added.seconds);
    assert_eq!(steps, Some(0.2));
    Ok(())
}

#[test]
fn what_is_asked_for_a_second_is_held_against_the_capacity() -> anyhow::Result<()> {
    let (mut analysis, [workflows, assets]) = results()?;
    let place = ["throughput", "capacity_runs_per_s"];
    for (engine, runs) in [(&workflows, 20.0), (&assets, 4.0)] {
        let mut capacity = measured(engine, place, &[("workload", "three-step")], runs);
        capacity.trials[0].values = vec![runs * 1.05];
        capacity.estimate = estimate(&capacity.trials);
        analysis.measurements.measurements.push(capacity);
    }
    let standing = |asked: &str, engine: &str| -> anyhow::Result<_> {
        let advice = advised(asked, &analysis)?;
        let mut choices = advice.choices.into_iter();
        let choice = choices.find(|choice| choice.engine == engine);
        Ok(choice.map(|choice| choice.stances[0].standing))
    };
    // Four steps a run: 10 runs a second are as much as 13.3 of three steps.
    for (asked, engine, expected) in [
        (10.0, &workflows, Standing::Native),
        (10.0, &assets, Standing::Lacking),
        (15.2, &workflows, Standing::NotMeasured),
        (20.0, &workflows, Standing::Lacking),
    ] {
        let asked = format!("peak_runs_a_second = {asked}");
        assert_eq!(
            standing(&asked, engine)?,
            Some(expected),
            "{asked} {engine}"
        );
    }
    let floor = standing("peak_runs_a_second = 1", "floor")?;
    assert_eq!(floor, Some(Standing::NotMeasured));
    assert_eq!(
        standing("hosts = 2", &workflows)?,
        Some(Standing::NotMeasured)
    );
    Ok(())
}

#[test]
fn a_price_is_that_of_the_pieces_of_a_month_and_weighs_nothing() -> anyhow::Result<()> {
    let (mut analysis, [workflows, _]) = results()?;
    let place = ["overhead", "billable_actions"];
    let all = &mut analysis.measurements.measurements;
    for (steps, actions) in [("1", 2.0), ("8", 10.0)] {
        let factors = [("shape", "chain"), ("steps", steps)];
        all.push(measured(&workflows, place, &factors, actions));
    }
    let advice = advised("price_an_action = 0.01", &analysis)?;
    let price = |choice: &Choice| Some((choice.engine.clone(), choice.price.as_ref()?.a_month));
    let prices: Vec<_> = advice.choices.iter().filter_map(price).collect();
    // 10 runs a day of 4 steps, half of the 10 actions of 8 steps, 30 days.
    assert_eq!(prices, [(workflows, 10.0 * 5.0 * 30.0 * 0.01)]);
    assert_eq!(chosen("price_an_action = 0.01", &analysis)?, "floor");
    let record = adr(&advice, &analysis).markdown("");
    assert!(
        record.contains("a month of it costs [15](measurements.json#overhead/billable_actions/")
    );
    let (_, table, after) = text(&advice);
    assert_eq!(
        table.last().map(|row| row[0].as_str()),
        Some("price a month")
    );
    assert!(
        after
            .iter()
            .any(|line| line.contains("billable actions of a run of 8"))
    );
    Ok(())
}

#[test]
fn steps_side_by_side_are_not_those_of_a_chain() -> anyhow::Result<()> {
    let (analysis, _) = results()?;
    let advice = advised("side_by_side = true", &analysis)?;
    let mut choices = advice.choices.iter();
    assert!(choices.all(|choice| choice.added.seconds.is_none()));
    Ok(())
}

#[test]
fn what_was_not_measured_speaks_for_nobody() -> anyhow::Result<()> {
    let (analysis, [workflows, _]) = results()?;
    let advice = advised("people = true\nundo = true", &analysis)?;
    let first = advice
        .recommended()
        .map(|choice| (&choice.engine, choice.count(Standing::NotMeasured)));
    assert_eq!(first, Some((&workflows, 1)));
    // What is lacking is worse than what is not known.
    let mut broken = analysis;
    for each in &mut broken.measurements.measurements {
        if each.engine == workflows && each.metric == CAPABILITY_METRIC {
            each.trials[0].values = vec![0.0];
        }
    }
    assert!(chosen("people = true", &broken)? != workflows);
    Ok(())
}

#[test]
fn a_step_whose_cost_is_not_known_is_not_gone_on_from() -> anyhow::Result<()> {
    let (mut analysis, [workflows, _]) = results()?;
    let added_s = |steps: u32, analysis: &Analysis| -> anyhow::Result<_> {
        let text = PLAIN.replace("steps = 4", &format!("steps = {steps}"));
        let advice = Advice::of(&Workload::parse("w.toml", &text)?, analysis)?;
        let mut choices = advice.choices.into_iter();
        let choice = choices.find(|choice| choice.engine == workflows);
        Ok(choice.and_then(|choice| choice.added.seconds))
    };
    assert_eq!(added_s(11, &analysis)?, Some(0.55));
    for each in &mut analysis.measurements.measurements {
        let interval = each.estimate.interval.as_mut();
        if let Some(interval) = interval.filter(|_| each.metric == "step_ms") {
            (interval.low, interval.high) = (-900.0, 900.0);
        }
    }
    assert_eq!(added_s(11, &analysis)?, None);
    // What was measured is known.
    assert_eq!(added_s(1, &analysis)?, Some(0.05));
    Ok(())
}

#[test]
fn each_flip_does_what_it_says() -> anyhow::Result<()> {
    let (analysis, _) = results()?;
    let more = "people = true\n";
    let advice = advised(more, &analysis)?;
    assert!(!advice.flips.is_empty());
    for flip in &advice.flips {
        let (field, _) = flip.change.split_once(' ').unwrap_or_default();
        let kept = format!("{PLAIN}{more}");
        let kept: Vec<&str> = kept
            .lines()
            .filter(|line| !line.starts_with(field))
            .collect();
        let workload = Workload::parse("w.toml", &format!("{}\n{}", kept.join("\n"), flip.change))?;
        let moved = Advice::of(&workload, &analysis)?;
        let to = moved.recommended().map(|choice| &choice.engine);
        assert_eq!(to, Some(&flip.to), "{}", flip.change);
        let unknown = moved.recommended().map(Choice::not_measured);
        assert_eq!(
            unknown.as_ref(),
            Some(&flip.not_measured),
            "{}",
            flip.change
        );
    }
    Ok(())
}

/// What nobody has measured is not said to be enough.
#[test]
fn a_flip_says_what_is_not_measured_of_the_other_option() -> anyhow::Result<()> {
    let (mut analysis, [workflows, _]) = results()?;
    let place = ["throughput", "capacity_runs_per_s"];
    let mut capacity = measured(&workflows, place, &[("workload", "three-step")], 20.0);
    capacity.trials[0].values = vec![21.0];
    capacity.estimate = estimate(&capacity.trials);
    analysis.measurements.measurements.push(capacity);
    let advice = advised("peak_runs_a_second = 1", &analysis)?;
    let told = advice.flips.iter().map(|flip| {
        let change = &flip.change;
        format!("{change}: {}", flip.told(&flip.to))
    });
    // More than its capacity, less than anybody asks for, and as many steps as come to more.
    let expected = [
        "peak_runs_a_second = 15: floor, of which throughput is not measured",
        "peak_runs_a_second = 0: floor",
        "steps = 57: floor, of which throughput is not measured",
    ];
    assert_eq!(told.collect::<Vec<_>>(), expected);
    Ok(())
}

#[test]
fn a_workload_that_cannot_be_is_refused_by_its_line() {
    let refused = |more: &str| {
        let parsed = Workload::parse("w.toml", &format!("{PLAIN}{more}"));
        parsed.expect_err("a refusal").to_string()
    };
    let unknown = refused("peeple = true");
    assert!(
        unknown.starts_with("w.toml:5: unknown field `peeple`"),
        "{unknown}"
    );
    assert!(unknown.ends_with("did you mean \"people\"?"), "{unknown}");
    assert_eq!(
        refused("failed_attempts = 1.5"),
        "w.toml:5: failed_attempts: expected 0 to 0.99, found 1.5"
    );
    let wrong = refused("lineage = \"yes\"");
    assert!(
        wrong.starts_with("w.toml:5: invalid type: string \"yes\", expected a boolean"),
        "{wrong}"
    );
    assert!(refused("kills_a_month = nan").contains("kills_a_month: expected 0"));
}

#[test]
fn a_record_has_the_sections_of_madr_and_its_figures_their_places() -> anyhow::Result<()> {
    let (analysis, _) = results()?;
    let record = adr(&advised("people = true", &analysis)?, &analysis);
    let record = record.markdown("results/");
    let headings: Vec<&str> = record
        .lines()
        .filter(|line| line.starts_with('#'))
        .collect();
    let mut expected = vec![
        "# Orchestrate “Plain” with temporal",
        "## Context and Problem Statement",
        "## Decision Drivers",
        "## Considered Options",
        "## Decision Outcome",
        "### Consequences",
        "### Confirmation",
        "## Pros and Cons of the Options",
    ];
    expected.extend([
        "### temporal",
        "### dagster",
        "### neither (plain calls, by cron)",
        "### both (assets on Temporal)",
        "## More Information",
    ]);
    assert_eq!(headings, expected);
    assert!(record.starts_with("---\nstatus: \"proposed\"\ndate: 20"));
    assert!(
        record.contains("](results/measurements.json#waiting/capability_level/"),
        "{record}"
    );
    Ok(())
}
