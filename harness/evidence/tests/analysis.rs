//! The analysis of a results folder, from files alone: what it writes, and what it says
//! when evidence is missing, planted wrong or cut short.

#[expect(dead_code, reason = "the unit tests use the rest of the builder")]
#[path = "fixtures/results.rs"]
mod results;

use std::fs;
use std::path::Path;

use anyhow::Context as _;
use orchbench_evidence as harness;
use orchbench_evidence::analysis::analyze;
use orchbench_evidence::record::{
    Benchmark, Benchmarks, ClaimVerdict, FORMAT_VERSION, ImageRecord, LeftOut, Outcome,
    ResultsFolder, Verdict, Warning,
};
use orchbench_evidence::results::{Analysis, Conclusion};

fn analyzed(change: impl Fn(&Path) -> anyhow::Result<()>) -> anyhow::Result<Analysis> {
    let place = tempfile::tempdir()?;
    let folder = results::small_results(place.path())?;
    change(place.path())?;
    analyze(&folder)
}

/// Removes a line (from 0) of a file.
fn remove_line(path: &Path, line: usize) -> anyhow::Result<()> {
    let text = fs::read_to_string(path)?;
    let kept: Vec<&str> = text
        .lines()
        .enumerate()
        .filter(|(index, _)| *index != line)
        .map(|(_, text)| text)
        .collect();
    fs::write(path, kept.join("\n") + "\n")?;
    Ok(())
}

/// Removes a row (from 0) that a trial left: another set, whose name is that of its content.
fn remove_row(root: &Path, trial: &str, row: usize) -> anyhow::Result<()> {
    let folder = ResultsFolder::open(root)?;
    let open = folder.open_trial(trial)?;
    let digest = fs::read_to_string(open.dir().join("rows.tiny.ref"))?;
    let mut rows = folder.rows(digest.trim_end())?;
    rows.remove(row);
    Ok(open.write_rows("tiny", &rows)?)
}

fn of<'a>(analysis: &'a Analysis, trial: &str, outcome: Outcome) -> Vec<&'a Verdict> {
    let verdicts = analysis.verdicts.verdicts.iter();
    verdicts
        .filter(|verdict| verdict.trial == trial && verdict.outcome == outcome)
        .collect()
}

#[test]
fn the_good_folder_passes_and_says_that_it_is_partial() -> anyhow::Result<()> {
    let analysis = analyzed(|_| Ok(()))?;
    anyhow::ensure!(analysis.conclusion() == Conclusion::Inconclusive);
    anyhow::ensure!(analysis.counted.len() + 1 == analysis.plan.trials.len());
    anyhow::ensure!(matches!(
        analysis.verdicts.warnings[0],
        Warning::Partial { .. }
    ));
    let step_history = analysis
        .claims
        .claims
        .iter()
        .find(|claim| claim.claim == "history-kills");
    anyhow::ensure!(step_history.is_some_and(|claim| {
        claim.verdict == ClaimVerdict::Undecided && claim.interval_adjusted.is_some()
    }));
    Ok(())
}

#[test]
fn the_same_folder_gives_the_same_bytes_wherever_it_lies() -> anyhow::Result<()> {
    let written = || -> anyhow::Result<Vec<Vec<u8>>> {
        let place = tempfile::tempdir()?;
        let folder = results::small_results(place.path())?;
        orchbench_evidence::report::write(&folder, &analyze(&folder)?)?;
        let names = [
            "measurements.json",
            "verdicts.json",
            "claims.json",
            "report.md",
            "report.html",
            "adr.md",
            "advice/approval.md",
        ];
        names
            .iter()
            .map(|name| Ok(fs::read(place.path().join(name))?))
            .collect()
    };
    anyhow::ensure!(written()? == written()?);
    Ok(())
}

#[test]
fn benchmarks_that_were_taken_in_stand_in_the_report_and_break_no_seal() -> anyhow::Result<()> {
    let place = tempfile::tempdir()?;
    let folder = results::small_results(place.path())?;
    folder.seal()?;
    let benchmark = Benchmark {
        median_ns: 2500.0,
        low_ns: 2400.0,
        high_ns: 2600.0,
        level: 0.95,
    };
    folder.take_in(&Benchmarks {
        format_version: FORMAT_VERSION,
        benchmarks: [("chain/10".to_owned(), benchmark)].into(),
    })?;
    let files = orchbench_evidence::report::files(&analyze(&folder)?)?;
    let report = files.get("report.md").context("no report")?;
    let row = "| chain/10 | [2.5 \\[2.4, 2.6\\]](benchmarks.json#chain/10) |";
    anyhow::ensure!(report.contains(row), "{report}");
    anyhow::ensure!(folder.damages()?.is_empty());
    Ok(())
}

#[test]
fn the_report_names_what_was_left_out_and_each_image() -> anyhow::Result<()> {
    let place = tempfile::tempdir()?;
    let folder = results::small_results(place.path())?;
    let mut analysis = analyze(&folder)?;
    analysis.plan.left_out.push(LeftOut {
        what: "engine temporal, fault kill-server".into(),
        trials: 3,
        reason: "the server at db.example:7233 is not ours".into(),
    });
    let server = analysis.environment.server.as_mut();
    let image = |name: &str, local_build| ImageRecord {
        name: name.into(),
        id: format!("sha256:{name}"),
        local_build,
    };
    server.context("a server")?.images = vec![image("server:1", true), image("postgres:1", false)];
    let document = orchbench_evidence::report::document(&analysis)?;
    let report: Vec<String> = document.texts().map(|text| text.as_read()).collect();
    let report = report.join("\n");
    for expected in [
        "not made: engine temporal, fault kill-server (trials: 3): the server at db.example:7233 is not ours",
        "server:1, id sha256:server:1, built locally",
        "postgres:1, id sha256:postgres:1, pulled",
    ] {
        anyhow::ensure!(report.contains(expected), "no {expected:?}:\n{report}");
    }
    Ok(())
}

#[test]
fn a_removed_warehouse_row_breaks_an_invariant_and_names_the_partition() -> anyhow::Result<()> {
    let analysis = analyzed(|root| remove_row(root, "rate-temporal", 1))?;
    anyhow::ensure!(analysis.conclusion() == Conclusion::Broken);
    let failed = of(&analysis, "rate-temporal", Outcome::Fail);
    anyhow::ensure!(failed.len() == 1 && failed[0].invariant == "completeness");
    anyhow::ensure!(
        failed[0]
            .summary
            .contains("partition 2013-01-01: expected 3 rows, found 2")
    );
    Ok(())
}

#[test]
fn a_removed_journal_line_is_unknown_and_names_the_gap() -> anyhow::Result<()> {
    let analysis =
        analyzed(|root| remove_line(&root.join("open/rate-temporal/journal/1-7.jsonl"), 4))?;
    anyhow::ensure!(analysis.conclusion() == Conclusion::Inconclusive);
    anyhow::ensure!(of(&analysis, "rate-temporal", Outcome::Fail).is_empty());
    let unknown = of(&analysis, "rate-temporal", Outcome::Unknown);
    let integrity = unknown
        .iter()
        .find(|verdict| verdict.invariant == "journal_integrity");
    let expected = "rate-temporal/journal/1-7.jsonl: line 5: expected seq 5, found 6";
    anyhow::ensure!(
        integrity.is_some_and(|verdict| verdict.summary == expected),
        "{unknown:?}"
    );
    Ok(())
}

#[test]
fn a_malformed_file_makes_its_trial_unknown_and_no_other() -> anyhow::Result<()> {
    let analysis = analyzed(|root| {
        let path = root.join("open/rate-temporal/events.jsonl");
        let text = fs::read_to_string(&path)?.replacen("run_acknowledged", "run_acknowledgd", 1);
        Ok(fs::write(path, text)?)
    })?;
    anyhow::ensure!(analysis.conclusion() == Conclusion::Inconclusive);
    anyhow::ensure!(of(&analysis, "rate-temporal", Outcome::Pass).is_empty());
    let unknown = of(&analysis, "rate-temporal", Outcome::Unknown);
    anyhow::ensure!(
        unknown[0]
            .summary
            .contains("rate-temporal/events.jsonl: line 3"),
        "{unknown:?}"
    );
    anyhow::ensure!(of(&analysis, "rate-asset-engine", Outcome::Unknown).is_empty());
    Ok(())
}

#[test]
fn a_kill_that_hit_nothing_is_void_and_its_condition_required() -> anyhow::Result<()> {
    let analysis = analyzed(|root| {
        let path = root.join("open/kill-temporal/events.jsonl");
        let text = fs::read_to_string(&path)?;
        let kept: Vec<&str> = text
            .lines()
            .filter(|line| !line.contains("fault_fired"))
            .collect();
        Ok(fs::write(path, kept.join("\n") + "\n")?)
    })?;
    anyhow::ensure!(analysis.conclusion() == Conclusion::Inconclusive);
    anyhow::ensure!(analysis.verdicts.void.len() == 1);
    anyhow::ensure!(!analysis.counted.contains(&"kill-temporal".to_owned()));
    Ok(())
}

#[test]
fn a_trial_whose_engine_gave_out_leaves_its_condition_without_result() -> anyhow::Result<()> {
    let analysis = analyzed(|root| {
        let path = root.join("open/throughput-temporal/events.jsonl");
        let text = fs::read_to_string(&path)?.replacen("\"completed\"", "\"unreachable\"", 1);
        Ok(fs::write(path, text)?)
    })?;
    anyhow::ensure!(analysis.conclusion() == Conclusion::Inconclusive);
    let warnings = &analysis.verdicts.warnings;
    anyhow::ensure!(
        warnings
            .iter()
            .any(|warning| matches!(warning, Warning::NothingCounts { .. }))
    );
    Ok(())
}

#[test]
fn an_end_cut_off_leaves_the_trial_out() -> anyhow::Result<()> {
    let analysis = analyzed(|root| {
        let path = root.join("open/rate-temporal/events.jsonl");
        let text = fs::read_to_string(&path)?;
        Ok(fs::write(path, &text[..text.len() - 20])?)
    })?;
    anyhow::ensure!(analysis.conclusion() == Conclusion::Inconclusive);
    anyhow::ensure!(matches!(
        analysis.verdicts.warnings[0],
        Warning::Partial { .. }
    ));
    anyhow::ensure!(
        !analysis
            .verdicts
            .verdicts
            .iter()
            .any(|verdict| verdict.trial == "rate-temporal")
    );
    Ok(())
}

#[test]
fn an_experiment_without_one_of_its_equal_trials_decides_nothing() -> anyhow::Result<()> {
    let needs = |analysis: &Analysis| -> Vec<String> {
        let claims = analysis.claims.claims.iter();
        claims
            .filter_map(|claim| claim.needs.clone())
            .filter(|needs| needs.contains("A/A"))
            .collect()
    };
    anyhow::ensure!(needs(&analyzed(|_| Ok(()))?).is_empty());
    let dropped = analyzed(|root| {
        let twin = root.join("open/kill-temporal-twin");
        Ok(fs::remove_dir_all(twin)?)
    })?;
    anyhow::ensure!(!needs(&dropped).is_empty(), "{:?}", dropped.claims);
    Ok(())
}
