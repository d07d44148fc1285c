//! The floor: the steps as plain calls, without any orchestrator.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use orchbench_journal::{Day, Summary};

use crate::error::StepError;
use crate::etl::Etl;
use crate::outcome::{ArtifactRef, Checked, DayResult, Extracted, Loaded, Transformed, summarize};
use crate::step::{ORDERS, REMINDER, StepCall, StepInputs, StepOutput};

/// One day that is ready to load.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PreparedDay {
    /// The day.
    pub day: Day,
    /// The day's flights.
    pub flights: Extracted,
    /// The day's weather.
    pub weather: Extracted,
    /// The day's transform.
    pub transformed: Transformed,
    /// The day's check.
    pub checked: Checked,
}

/// What a run came to that loads until it has enough.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UntilEnough {
    /// The days that it has loaded.
    pub days: Vec<Day>,
    /// Whether there are enough rows.
    pub enough: bool,
}

/// A run by plain calls. Each step has one attempt, and the token is the worker's epoch.
struct DirectRun<'a> {
    etl: &'a Etl,
    run: &'a str,
    source: &'a str,
}

struct Dimensions {
    airlines: ArtifactRef,
    airports: ArtifactRef,
    planes: ArtifactRef,
}

impl Etl {
    /// Runs the whole pipeline by plain calls, `concurrency` days at a time (at least one).
    ///
    /// # Errors
    /// The first step error; days that are under way then still end.
    pub fn run_direct(
        &self,
        run: &str,
        source: &str,
        concurrency: usize,
    ) -> Result<Summary, StepError> {
        let direct = self.direct(run, source);
        let entry = self.source(source)?;
        let dimensions = direct.dimensions()?;
        let days = each_day(&entry.partitions(), concurrency, |day| {
            direct.day(day, &dimensions)
        })?;
        let loaded = days.iter().map(|day| day.loaded.clone()).collect();
        let published = direct
            .call(None, StepInputs::Publish { loaded })?
            .try_into_published()?;
        let announce = StepInputs::Announce {
            published: published.clone(),
        };
        let announced = direct.call(None, announce)?.try_into_announced()?;
        Ok(summarize(run, entry, &days, &published, &announced))
    }

    // user code: data-dependent-loop
    /// Loads day after day until there are so many rows, and calls for somebody when the days run out
    /// before.
    ///
    /// # Errors
    /// As [`Etl::run_direct`].
    pub fn run_until_enough(
        &self,
        run: &str,
        source: &str,
        rows: u64,
    ) -> Result<UntilEnough, StepError> {
        let direct = self.direct(run, source);
        let entry = self.source(source)?;
        let dimensions = direct.dimensions()?;
        let (mut days, mut found) = (Vec::new(), 0);
        for day in entry.partitions() {
            let done = direct.day(day, &dimensions)?;
            found += done.loaded.rows;
            days.push(day);
            if found >= rows {
                return Ok(UntilEnough { days, enough: true });
            }
        }
        let reason = format!("expected {rows} rows, found {found}");
        direct.call(None, StepInputs::Escalate { reason })?;
        Ok(UntilEnough {
            days,
            enough: false,
        })
    }
    // end of user code

    /// Places an order by plain calls, one after the other.
    ///
    /// # Errors
    /// The first step error; what was done by then stays.
    pub fn order_direct(&self, run: &str) -> Result<(), StepError> {
        let direct = self.direct(run, ORDERS);
        for inputs in [StepInputs::Reserve, StepInputs::Charge, StepInputs::Book] {
            direct.call(None, inputs)?.try_into_served()?;
        }
        Ok(())
    }

    /// A reminder by plain calls: what comes before its wait and what comes after, without a wait.
    ///
    /// # Errors
    /// The first step error; what was done by then stays.
    pub fn remind_direct(&self, run: &str, source: &str) -> Result<(), StepError> {
        let direct = self.direct(run, source);
        let reason = REMINDER.to_owned();
        for inputs in [StepInputs::ExtractAirlines, StepInputs::Escalate { reason }] {
            direct.call(None, inputs)?;
        }
        Ok(())
    }

    /// Extract, transform and check only: every day of the source, ready to load, in the order of
    /// the days.
    ///
    /// # Errors
    /// As [`Etl::run_direct`].
    pub fn prepare(
        &self,
        run: &str,
        source: &str,
        concurrency: usize,
    ) -> Result<Vec<PreparedDay>, StepError> {
        let direct = self.direct(run, source);
        let entry = self.source(source)?;
        let dimensions = direct.dimensions()?;
        each_day(&entry.partitions(), concurrency, |day| {
            direct.prepare(day, &dimensions)
        })
    }
}

impl Etl {
    fn direct<'a>(&'a self, run: &'a str, source: &'a str) -> DirectRun<'a> {
        DirectRun {
            etl: self,
            run,
            source,
        }
    }
}

impl DirectRun<'_> {
    fn call(&self, partition: Option<Day>, inputs: StepInputs) -> Result<StepOutput, StepError> {
        self.etl.call(&StepCall {
            run: self.run.to_owned(),
            source: self.source.to_owned(),
            partition,
            attempt: 1,
            token: self.etl.config.worker_epoch,
            inputs,
        })
    }

    fn extract(&self, partition: Option<Day>, inputs: StepInputs) -> Result<Extracted, StepError> {
        self.call(partition, inputs)?.try_into_extracted()
    }

    fn dimensions(&self) -> Result<Dimensions, StepError> {
        Ok(Dimensions {
            airlines: self.extract(None, StepInputs::ExtractAirlines)?.artifact,
            airports: self.extract(None, StepInputs::ExtractAirports)?.artifact,
            planes: self.extract(None, StepInputs::ExtractPlanes)?.artifact,
        })
    }

    fn prepare(&self, day: Day, dimensions: &Dimensions) -> Result<PreparedDay, StepError> {
        let flights = self.extract(Some(day), StepInputs::ExtractFlights)?;
        let weather = self.extract(Some(day), StepInputs::ExtractWeather)?;
        let transform = StepInputs::Transform {
            flights: flights.artifact.clone(),
            weather: weather.artifact.clone(),
            planes: dimensions.planes.clone(),
            airports: dimensions.airports.clone(),
            airlines: dimensions.airlines.clone(),
        };
        let transformed = self.call(Some(day), transform)?.try_into_transformed()?;
        let check = StepInputs::Check {
            flights: flights.clone(),
            transformed: transformed.clone(),
        };
        let checked = self.call(Some(day), check)?.try_into_checked()?;
        Ok(PreparedDay {
            day,
            flights,
            weather,
            transformed,
            checked,
        })
    }

    fn day(&self, day: Day, dimensions: &Dimensions) -> Result<DayResult, StepError> {
        let prepared = self.prepare(day, dimensions)?;
        let loaded = self.load(&prepared)?;
        Ok(DayResult {
            day,
            flights: prepared.flights,
            weather: prepared.weather,
            transformed: prepared.transformed,
            loaded,
        })
    }

    fn load(&self, prepared: &PreparedDay) -> Result<Loaded, StepError> {
        let load = StepInputs::Load {
            transformed: prepared.transformed.clone(),
            checked: prepared.checked.clone(),
        };
        self.call(Some(prepared.day), load)?.try_into_loaded()
    }
}

/// Does `work` for each day on several threads; the results come in the order of the days.
fn each_day<T: Send>(
    days: &[Day],
    concurrency: usize,
    work: impl Fn(Day) -> Result<T, StepError> + Sync,
) -> Result<Vec<T>, StepError> {
    let next = AtomicUsize::new(0);
    let stop = AtomicBool::new(false);
    let results: Mutex<Vec<(usize, Result<T, StepError>)>> =
        Mutex::new(Vec::with_capacity(days.len()));
    std::thread::scope(|scope| {
        for _ in 0..concurrency.clamp(1, days.len().max(1)) {
            scope.spawn(|| {
                while !stop.load(Ordering::Relaxed) {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    let Some(day) = days.get(index) else {
                        break;
                    };
                    let result = work(*day);
                    if result.is_err() {
                        stop.store(true, Ordering::Relaxed);
                    }
                    results
                        .lock()
                        .unwrap_or_else(PoisonError::into_inner)
                        .push((index, result));
                }
            });
        }
    });
    let mut results = results.into_inner().unwrap_or_else(PoisonError::into_inner);
    results.sort_by_key(|(index, _)| *index);
    results.into_iter().map(|(_, result)| result).collect()
}
