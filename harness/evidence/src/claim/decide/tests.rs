//! Deciding: corrections within a row, what is withheld, what is not measured.

use super::super::definition::Rule;
use super::super::read::parse;
use super::*;
use crate::record::{Estimate, FORMAT_VERSION, TrialSamples};

fn plan() -> Plan {
    Plan {
        format_version: FORMAT_VERSION,
        profile: "p".into(),
        seed: 1,
        trials: Vec::new(),
        engines: crate::measure::fixture::engines(),
        left_out: Vec::new(),
    }
}

fn environment() -> anyhow::Result<Environment> {
    let place = tempfile::tempdir()?;
    Ok(crate::measure::fixture::small_results(place.path())?.environment()?)
}

/// `wrong` of `n` kills of an engine in scenario `s`.
fn kills(engine: &str, wrong: usize, n: u32) -> Measurement {
    Measurement {
        experiment: "restart-survival".into(),
        engine: engine.into(),
        settings: "default".into(),
        metric: "kills_wrong".into(),
        factors: BTreeMap::from([("scenario".into(), "s".into())]),
        trials: (0..n)
            .map(|block| TrialSamples {
                trial: format!("t{block}"),
                block,
                values: vec![if (block as usize) < wrong { 1.0 } else { 0.0 }],
            })
            .collect(),
        estimate: Estimate {
            value: 0.0,
            interval: None,
            trials: n as usize,
            samples: n as usize,
        },
    }
}

fn bound(name: &str, scenario: &str, more: &str) -> Result<Claim, ClaimError> {
    let text = format!(
        "phrase = \"survives restarts\"\norder = 1\ntitle = \"t\"\nprediction = \"p.\"\nsentence = \"{{wrong}} wrong, at most {{bound}}.\"\n{more}\n[rule]\nkind = \"bound\"\nexperiment = \"restart-survival\"\nmetric = \"kills_wrong\"\nat_most = 0.05\nside = {{ engine = \"temporal\", settings = \"default\", scenario = \"{scenario}\" }}\n"
    );
    parse(name, &text)
}

fn decided(
    claims: Vec<Claim>,
    measurements: &[Measurement],
    undecidable: &[(&str, &str)],
) -> anyhow::Result<Vec<ClaimRecord>> {
    let undecidable = undecidable
        .iter()
        .map(|(name, why)| ((*name).to_owned(), (*why).to_owned()))
        .collect();
    Ok(together(
        claims,
        &Results {
            plan: &plan(),
            environment: &environment()?,
            measurements,
            verdicts: &[],
            undecidable,
        },
    ))
}

#[test]
fn a_supported_claim_has_its_figures_and_the_engines_beside() -> anyhow::Result<()> {
    let beside = "beside = [{ engine = \"asset-engine\", settings = \"default\" }]";
    let measurements = [kills("temporal", 0, 100), kills("asset-engine", 3, 100)];
    let records = decided(vec![bound("c", "s", beside)?], &measurements, &[])?;
    let record = &records[0];
    anyhow::ensure!(record.verdict == ClaimVerdict::Supported, "{record:?}");
    anyhow::ensure!(
        record.sentence == "0 of 100 wrong, at most 2.95 %.",
        "{record:?}"
    );
    let shown: Vec<&str> = record
        .values
        .iter()
        .map(|value| value.text.as_str())
        .collect();
    anyhow::ensure!(shown == ["0 of 100", "3 of 100"]);
    anyhow::ensure!(record.needs.is_none() && record.evidence.len() == 1);
    Ok(())
}

#[test]
fn claims_of_a_row_share_its_level() -> anyhow::Result<()> {
    // 59 right kills decide a claim alone, and not one of two.
    let measurements = [kills("temporal", 0, 59)];
    let alone = decided(vec![bound("c", "s", "")?], &measurements, &[])?;
    anyhow::ensure!(alone[0].verdict == ClaimVerdict::Supported);
    let claims = vec![bound("c", "s", "")?, bound("d", "s", "")?];
    let two = decided(claims, &measurements, &[])?;
    anyhow::ensure!(
        two.iter()
            .all(|each| each.verdict == ClaimVerdict::Undecided)
    );
    anyhow::ensure!(
        two[0].needs.as_deref() == Some("13 trials more, all right"),
        "{two:?}"
    );
    let interval = two[0].interval_adjusted;
    anyhow::ensure!(interval.is_some_and(|each| (each.level - 0.975).abs() < 1e-9));
    // One that was not measured asks nothing of the other.
    let claims = vec![bound("c", "s", "")?, bound("d", "elsewhere", "")?];
    let one = decided(claims, &measurements, &[])?;
    anyhow::ensure!(one[0].verdict == ClaimVerdict::Supported);
    anyhow::ensure!(one[1].verdict == ClaimVerdict::NotMeasured);
    anyhow::ensure!(one[1].sentence.contains("scenario `elsewhere`"), "{one:?}");
    Ok(())
}

#[test]
fn eight_claims_of_a_row_ask_the_first_for_an_eighth() {
    let adjusted = holm(&[0.006; 8]);
    assert!(adjusted.iter().all(HolmStep::decided));
    assert!((adjusted[0].level - 0.99375).abs() < 1e-9);
    // From the first that is not decided on, all have its level.
    let adjusted = holm(&[0.04, 0.001, 0.03]);
    let p: Vec<f64> = adjusted.iter().map(|each| each.adjusted_p).collect();
    let near = |a: f64, b: f64| (a - b).abs() < 1e-9;
    assert!(
        near(p[0], 0.06) && near(p[1], 0.003) && near(p[2], 0.06),
        "{p:?}"
    );
    assert!(near(adjusted[1].level, 1.0 - 0.05 / 3.0));
    assert!(near(adjusted[0].level, 0.975) && near(adjusted[2].level, 0.975));
}

#[test]
fn an_experiment_whose_equal_arms_differ_decides_nothing() -> anyhow::Result<()> {
    let why = [("restart-survival", "its equal arms differ by 8 %")];
    let records = decided(
        vec![bound("c", "s", "")?],
        &[kills("temporal", 0, 100)],
        &why,
    )?;
    anyhow::ensure!(records[0].verdict == ClaimVerdict::Undecided && records[0].p.is_none());
    let needs = records[0].needs.as_deref();
    anyhow::ensure!(needs == Some("A/A arms that are not decided: its equal arms differ by 8 %"));
    Ok(())
}

#[test]
fn a_side_that_says_to_have_one_setting_and_has_two_decides_nothing() -> anyhow::Result<()> {
    let place = tempfile::tempdir()?;
    let folder = crate::measure::fixture::small_results(place.path())?;
    let mut claim = bound("c", "s", "")?;
    if let Rule::Bound { side, .. } = &mut claim.text.rule {
        side.single_setting = true;
    }
    let (plan, environment) = (folder.plan()?, folder.environment()?);
    let results = Results {
        plan: &plan,
        environment: &environment,
        measurements: &[kills("temporal", 0, 100)],
        verdicts: &[],
        undecidable: BTreeMap::new(),
    };
    let records = together(vec![claim], &results);
    anyhow::ensure!(records[0].verdict == ClaimVerdict::Undecided);
    let needs = records[0].needs.clone().unwrap_or_default();
    anyhow::ensure!(needs.contains("temporal has more than default"), "{needs}");
    Ok(())
}
