//! The ETL on Dagster comes to what plain calls come to, step by step.

use std::collections::BTreeSet;

use anyhow::ensure;
use orchbench::engine::protocol::Reply;
use orchbench::engine::{Ended, Job, Pipeline};
use orchbench_etl::journal::{Journal, Kind};
use orchbench_etl::{Etl, EtlConfig, RetrySpec};

use crate::Outcome;
use crate::driver::{Stage, pipeline, python};

#[test]
fn a_run_of_dagster_a_day_gives_the_summary_and_the_steps_of_plain_calls() -> Outcome {
    as_plain_calls("in-process", "default", "two-days")
}

#[test]
fn one_day_is_one_run_of_dagster_whose_steps_are_processes() -> Outcome {
    as_plain_calls("multiprocess", "tuned", "one-day")
}

fn as_plain_calls(execution: &'static str, settings: &'static str, source: &str) -> Outcome {
    let Some(python) = python() else {
        return Ok(());
    };
    let stage = Stage::new(python.clone(), execution, settings)?;
    let mut worker = stage.worker()?;
    let ended = worker.run("r", &pipeline(source, RetrySpec::default()))?;
    let Ended::Succeeded {
        summary: Some(found),
    } = &ended
    else {
        anyhow::bail!("{ended:?}");
    };
    // A second start of the same run is harmless, also in the next process.
    drop(worker);
    let mut next = stage.worker()?;
    ensure!(next.run("r", &pipeline(source, RetrySpec::default()))? == ended);

    let plain = Stage::new(python, execution, settings)?;
    let etl = EtlConfig {
        catalogue_url: stage.etl.catalogue_url.clone(),
        ..plain.etl.clone()
    };
    let expected = Etl::open(etl)?.run_direct("r", source, 1)?;
    ensure!(**found == expected, "{found:?}, expected {expected:?}");
    let (journal, plain) = (stage.journal()?, plain.journal()?);
    ensure!(made(&journal) == made(&plain), "the steps differ");

    let account = stage.account("r")?;
    ensure!(account.succeeded, "{account:?}");
    let told: BTreeSet<_> = account.steps.iter().map(|step| step.key.as_str()).collect();
    let keys: BTreeSet<_> = journal
        .records
        .iter()
        .filter_map(|each| each.key.as_deref())
        .collect();
    ensure!(told == keys, "{told:?}, expected {keys:?}");
    ensure!(
        account
            .steps
            .iter()
            .all(|step| step.completed && step.attempts == 1 && step.failed.is_empty()),
        "{account:?}"
    );
    Ok(())
}

/// What was made of what, by idempotency key; each once.
fn made(journal: &Journal) -> Vec<(&str, &str, &str)> {
    let mut made: Vec<_> = journal
        .records
        .iter()
        .filter(|record| record.kind == Kind::Ok)
        .filter_map(|record| {
            let key = record.key.as_deref()?;
            Some((
                key,
                record.input_digest.as_deref()?,
                record.output_digest.as_deref()?,
            ))
        })
        .collect();
    made.sort_unstable();
    made
}

#[test]
fn what_dagster_has_nothing_for_is_refused() -> Outcome {
    let Some(python) = python() else {
        return Ok(());
    };
    let stage = Stage::new(python, "in-process", "default")?;
    let mut worker = stage.worker()?;
    let retry = RetrySpec {
        backoff_coefficient: 1.5,
        ..RetrySpec::default()
    };
    for (job, expected) in [
        (
            Job::Pipeline(Pipeline::new("one-day", retry)),
            "run r: retry backoff coefficient 1.5: Dagster has 1 (constant) and 2 (exponential)",
        ),
        (
            pipeline("nowhere", RetrySpec::default()),
            "run r: unknown source nowhere: expected one of one-day, two-days",
        ),
    ] {
        let reply = worker.start("r", &job)?;
        let Reply::Refused { failure, .. } = reply else {
            anyhow::bail!("{reply:?}");
        };
        ensure!(failure.message == expected, "{failure:?}");
    }
    let lost = worker.wait("r")?;
    let Ended::Failed(failure) = lost else {
        anyhow::bail!("{lost:?}");
    };
    ensure!(failure.error_type == "RunLost", "{failure:?}");
    Ok(())
}
