//! From a call to the step's own function: validation, then dispatch.

use orchbench_journal::{Day, ErrorType, Per, check_id};

use crate::announce::Service;
use crate::check::check;
use crate::dataset::Dataset;
use crate::error::StepError;
use crate::etl::Etl;
use crate::frame::Rows;
use crate::outcome::{ArtifactRef, Checked, Loaded, Published, Transformed};
use crate::schema::TRANSFORMED;
use crate::source::Source;
use crate::step::{StepCall, StepInputs, StepOutput};
use crate::transform::{TransformInputs, transform};
use crate::warehouse::{LoadRequest, PartitionRows, PublishRequest, WarehouseRow, Writer};

fn bad_input(message: String) -> StepError {
    StepError::new(ErrorType::BadInput, message)
}

impl Etl {
    /// The source of a call.
    ///
    /// # Errors
    /// `UnknownSource`, which lists the known ones.
    pub fn source(&self, name: &str) -> Result<&Source, StepError> {
        self.sources
            .get(name)
            .map_err(|error| StepError::new(ErrorType::UnknownSource, error.to_string()))
    }

    pub(crate) fn execute(
        &self,
        call: &StepCall,
        progress: &dyn Fn(u64),
    ) -> Result<StepOutput, StepError> {
        // The id goes into a header, a table and a file name further on; whoever was not asked
        // before (a workflow's id is anybody's) hears of it before the first effect.
        check_id("run", &call.run).map_err(|error| bad_input(error.to_string()))?;
        // An order is of no source.
        if call.step().is_of_order() {
            return self.order(call);
        }
        let source = self.source(&call.source)?;
        let day = partition(call, source)?;
        let extract = |dataset: Dataset| {
            let day = if dataset.is_daily() {
                call.partition
            } else {
                None
            };
            self.inputs
                .extract(dataset, source, day, &self.store, progress)
                .map(StepOutput::Extracted)
        };
        match (&call.inputs, day) {
            (StepInputs::ExtractAirlines, _) => extract(Dataset::Airlines),
            (StepInputs::ExtractAirports, _) => extract(Dataset::Airports),
            (StepInputs::ExtractPlanes, _) => extract(Dataset::Planes),
            (StepInputs::ExtractFlights, _) => extract(Dataset::Flights),
            (StepInputs::ExtractWeather, _) => extract(Dataset::Weather),
            (
                StepInputs::Transform {
                    flights,
                    weather,
                    planes,
                    airports,
                    airlines,
                },
                _,
            ) => {
                let inputs = TransformInputs {
                    flights,
                    weather,
                    planes,
                    airports,
                    airlines,
                };
                transform(&inputs, &self.dimensions, &self.store, progress)
                    .map(StepOutput::Transformed)
            }
            (
                StepInputs::Check {
                    flights,
                    transformed,
                },
                Some(day),
            ) => check(flights, transformed, source, day, &self.store, progress)
                .map(StepOutput::Checked),
            (
                StepInputs::Load {
                    transformed,
                    checked,
                },
                Some(day),
            ) => self
                .load(call, day, transformed, checked, progress)
                .map(StepOutput::Loaded),
            (StepInputs::Check { .. } | StepInputs::Load { .. }, None) => Err(bad_input(format!(
                "step {}: expected a partition, found none",
                call.step()
            ))),
            (StepInputs::Publish { loaded }, _) => self
                .publish(call, source, loaded)
                .map(StepOutput::Published),
            (StepInputs::Announce { published }, _) => self
                .service()
                .announce(call, published)
                .map(StepOutput::Announced),
            (StepInputs::Escalate { reason }, _) => self
                .service()
                .escalate(call, reason)
                .map(StepOutput::Escalated),
            (StepInputs::UndoAnnounce | StepInputs::UndoPublish | StepInputs::UndoLoad, _) => {
                self.undo(call, day, progress).map(StepOutput::Undone)
            }
            (
                StepInputs::Reserve
                | StepInputs::Charge
                | StepInputs::Book
                | StepInputs::UndoBook
                | StepInputs::UndoCharge
                | StepInputs::UndoReserve,
                _,
            ) => self.order(call),
        }
    }

    pub(crate) fn service(&self) -> Service<'_> {
        Service {
            agent: &self.agent,
            url: self.config.catalogue_url.as_deref(),
        }
    }

    pub(crate) fn writer<'a>(&self, call: &'a StepCall, key: &'a str) -> Writer<'a> {
        Writer {
            key,
            run: &call.run,
            source: &call.source,
            step: call.step(),
            partition: call.partition,
            attempt: call.attempt,
            token: call.token,
            sink: self.config.sink,
        }
    }

    fn load(
        &self,
        call: &StepCall,
        day: Day,
        transformed: &Transformed,
        checked: &Checked,
        progress: &dyn Fn(u64),
    ) -> Result<Loaded, StepError> {
        let artifact = &transformed.artifact;
        if checked.digest != artifact.digest || checked.rows != artifact.rows {
            return Err(bad_input(format!(
                "load of {day}: expected a check of {} ({} rows), found one of {} ({} rows)",
                artifact.digest, artifact.rows, checked.digest, checked.rows
            )));
        }
        let rows = self.verified_rows(artifact)?;
        let key = call.idempotency_key();
        let request = LoadRequest {
            writer: self.writer(call, &key),
            day,
            rows: PartitionRows::new(&call.source, day, &rows),
            digest: &artifact.digest,
        };
        Ok(self.warehouse.load(&request, progress)?)
    }

    /// The rows of a transformed artifact, after checking that they are what its digest says.
    pub(crate) fn verified_rows(&self, artifact: &ArtifactRef) -> Result<Rows, StepError> {
        let failed = |message: String| {
            StepError::new(
                ErrorType::Artifact,
                format!("artifact {}: {message}", artifact.path),
            )
        };
        let batch = self.store.read(artifact, TRANSFORMED)?;
        Rows::new(&batch, TRANSFORMED).map_err(|error| failed(error.to_string()))
    }

    /// The rows that the warehouse should have for a transformed day, sorted by key: what a
    /// checker compares [`crate::Warehouse::rows`] with.
    ///
    /// # Errors
    /// `Artifact`, when the artifact cannot be read or is not what its digest says.
    pub fn expected_rows(
        &self,
        day: Day,
        transformed: &Transformed,
    ) -> Result<Vec<WarehouseRow>, StepError> {
        let rows = self.verified_rows(&transformed.artifact)?;
        let mut buffer = Vec::new();
        let mut expected: Vec<WarehouseRow> = (0..rows.height())
            .map(|row| {
                rows.encode_row(row, &mut buffer);
                WarehouseRow {
                    day,
                    key: crate::warehouse::flight_key(|column| rows.value(row, column)),
                    digest: crate::canonical::row_digest(&buffer),
                    copies: 1,
                }
            })
            .collect();
        expected.sort();
        Ok(expected)
    }

    fn publish(
        &self,
        call: &StepCall,
        source: &Source,
        loaded: &[Loaded],
    ) -> Result<Published, StepError> {
        let mut loaded = loaded.to_vec();
        loaded.sort_by_key(|loaded| loaded.partition);
        let expected = source.partitions();
        let found: Vec<Day> = loaded.iter().map(|loaded| loaded.partition).collect();
        if expected != found {
            let missing = expected.iter().find(|day| !found.contains(day));
            let what = missing.map_or_else(
                || format!("{} entries", found.len()),
                |day| format!("none of {day} among {}", found.len()),
            );
            return Err(bad_input(format!(
                "publish of {}: expected one load of each of its {} days, found {what}",
                source.name,
                expected.len()
            )));
        }
        let key = call.idempotency_key();
        let request = PublishRequest {
            writer: self.writer(call, &key),
            loaded: &loaded,
        };
        Ok(self.warehouse.publish(&request)?)
    }
}

/// The day of a call, when its step has one.
fn partition(call: &StepCall, source: &Source) -> Result<Option<Day>, StepError> {
    if call.attempt == 0 {
        return Err(bad_input(format!(
            "step {}: expected an attempt from 1, found 0",
            call.step()
        )));
    }
    match (call.step().per(), call.partition) {
        (Per::Run, None) => Ok(None),
        (Per::Run, Some(day)) => Err(bad_input(format!(
            "step {}: expected no partition, found {day}",
            call.step()
        ))),
        (Per::Day, None) => Err(bad_input(format!(
            "step {}: expected a partition, found none",
            call.step()
        ))),
        (Per::Day, Some(day)) if source.days.contains(day) => Ok(Some(day)),
        (Per::Day, Some(day)) => Err(bad_input(format!(
            "step {}: expected a day of {} ({} to {}), found {day}",
            call.step(),
            source.name,
            source.days.first,
            source.days.last
        ))),
    }
}
