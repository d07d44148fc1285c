//! Runs of the ETL on an executor, and their summaries.

use std::collections::HashMap;
use std::sync::Arc;

use asset_engine::{Executor, Materialization, RunOutcome, RunRequest, RunStatus};
use orchbench_etl::{Day, DayResult, Etl, Source, StepName, Summary, summarize};
use serde_json::json;

use crate::graph::{asset_key, graph};
use crate::step::{extracted, loaded, output, published, transformed};
use crate::{AssetsError, GraphOptions};

/// Submits a run of a source, or resumes it, and returns once that is committed. The run's
/// configuration in the catalog is `{"source": name}`.
///
/// # Errors
/// As [`graph()`] and [`Executor::submit`].
pub fn submit(
    executor: &Executor,
    etl: &Arc<Etl>,
    run: &str,
    source: &str,
    options: &GraphOptions,
) -> Result<(), AssetsError> {
    let definition = etl.sources().get(source)?;
    let assets = graph(Arc::clone(etl), definition, options)?;
    let request = RunRequest::new(run, Arc::new(assets));
    executor.submit(request.config(json!({ "source": source })))?;
    Ok(())
}

/// Waits for a submitted run of a source.
///
/// # Errors
/// [`AssetsError::RunFailed`] when it did not succeed; else as [`Executor::wait`] and [`summary`].
pub fn wait(
    executor: &Executor,
    etl: &Arc<Etl>,
    run: &str,
    source: &str,
) -> Result<Summary, AssetsError> {
    let outcome = executor.wait(run)?;
    summary(etl.sources().get(source)?, &outcome)
}

/// Submits a run of a source, or resumes it, waits for it and sums it up.
///
/// # Errors
/// As [`submit`] and [`wait`].
pub fn run(
    executor: &Executor,
    etl: &Arc<Etl>,
    run: &str,
    source: &str,
    options: &GraphOptions,
) -> Result<Summary, AssetsError> {
    submit(executor, etl, run, source, options)?;
    wait(executor, etl, run, source)
}

/// The summary of a run that succeeded, from what it materialized.
///
/// # Errors
/// [`AssetsError::RunFailed`] when it did not; a materialization that is missing or carries
/// another step's output.
pub fn summary(source: &Source, outcome: &RunOutcome) -> Result<Summary, AssetsError> {
    if outcome.status != RunStatus::Success {
        return Err(AssetsError::RunFailed {
            run: outcome.run.clone(),
            status: outcome.status,
            failures: outcome.failures.clone(),
        });
    }
    let pieces = Pieces::of(source, outcome);
    let mut days = Vec::new();
    for day in source.partitions() {
        let of_day = |step| pieces.get(step, Some(day));
        days.push(DayResult {
            day,
            flights: of_day(StepName::ExtractFlights)?.read(extracted)?,
            weather: of_day(StepName::ExtractWeather)?.read(extracted)?,
            transformed: of_day(StepName::Transform)?.read(transformed)?,
            loaded: of_day(StepName::Load)?.read(loaded)?,
        });
    }
    let marts = pieces.get(StepName::Publish, None)?.read(published)?;
    let announced = pieces
        .get(StepName::Announce, None)?
        .read(|made| output(made)?.try_into_announced())?;
    Ok(summarize(&outcome.run, source, &days, &marts, &announced))
}

/// What a run materialized, by asset and partition.
struct Pieces<'a> {
    source: &'a Source,
    run: &'a str,
    by_name: HashMap<(&'a str, Option<&'a str>), &'a Arc<Materialization>>,
}

/// One of them.
struct Piece<'a>(&'a Arc<Materialization>);

impl<'a> Pieces<'a> {
    fn of(source: &'a Source, outcome: &'a RunOutcome) -> Self {
        let by_name = outcome
            .materializations
            .iter()
            .map(|made| ((made.asset.as_str(), made.partition.as_deref()), made));
        Self {
            source,
            run: &outcome.run,
            by_name: by_name.collect(),
        }
    }

    fn get(&self, step: StepName, day: Option<Day>) -> Result<Piece<'a>, AssetsError> {
        let key = asset_key(&self.source.name, step)?;
        let day = day.map(|day| day.to_string());
        let made = self.by_name.get(&(key.as_str(), day.as_deref()));
        made.map(|made| Piece(made))
            .ok_or_else(|| AssetsError::NotMaterialized {
                run: self.run.to_owned(),
                asset: match day {
                    Some(day) => format!("{key} {day}"),
                    None => key.to_string(),
                },
            })
    }
}

impl Piece<'_> {
    fn read<T>(
        &self,
        read: impl Fn(&Arc<Materialization>) -> Result<T, orchbench_etl::StepError>,
    ) -> Result<T, AssetsError> {
        read(self.0).map_err(|error| AssetsError::output(self.0.asset.as_str(), &error))
    }
}
