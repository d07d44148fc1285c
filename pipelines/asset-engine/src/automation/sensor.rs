//! Sensors: runs when something outside has changed.

use std::time::Duration;

use super::{Automation, AutomationError, Evaluation, EvaluationContext, Order};
use crate::catalog::{CatalogError, EndedRun};
use crate::event::RunStatus;

/// What looks outside.
type Look = Box<dyn Fn(&EvaluationContext<'_>) -> Result<Evaluation, String> + Send>;

/// Runs when a look at something outside says so. Its cursor says what it has seen already; the
/// catalog keeps it.
pub struct Sensor {
    name: String,
    min_interval: Duration,
    look: Look,
}

impl Sensor {
    /// A sensor whose look is a function of the cursor.
    pub fn new(
        name: impl Into<String>,
        look: impl Fn(&EvaluationContext<'_>) -> Result<Evaluation, String> + Send + 'static,
    ) -> Self {
        Self {
            name: name.into(),
            min_interval: Duration::ZERO,
            look: Box::new(look),
        }
    }

    /// A sensor that is told of each run that fails after its first look (Dagster's
    /// `run_failure_sensor`), see [`Sensor::on_end`].
    pub fn on_failure(
        name: impl Into<String>,
        told: impl Fn(&EvaluationContext<'_>, &EndedRun) -> Result<Vec<Order>, String> + Send + 'static,
    ) -> Self {
        Self::on_end(name, RunStatus::Failure, told)
    }

    /// A sensor that is told of each run that ends in a state after its first look, once for each end
    /// (Dagster's `run_status_sensor`), and may ask for runs. Of those it is not told, or what it asks for when
    /// runs succeed would have it ask for ever. After an error, all of that look are told again.
    /// [`RunStatus::Started`] is no end, and each look says so.
    pub fn on_end(
        name: impl Into<String>,
        status: RunStatus,
        told: impl Fn(&EvaluationContext<'_>, &EndedRun) -> Result<Vec<Order>, String> + Send + 'static,
    ) -> Self {
        let wrong = |error: CatalogError| error.to_string();
        let name = name.into();
        let own = format!("{name}/");
        Self::new(name, move |cx| {
            if status == RunStatus::Started {
                return Err("expected a status in which runs end, found started".to_owned());
            }
            let Some(cursor) = cx.cursor else {
                let newest = cx.catalog.head().map_err(wrong)?.seq;
                return Ok(Evaluation::default().cursor(newest.to_string()));
            };
            let after = cursor.parse::<u64>();
            let after = after.map_err(|_| format!("cursor {cursor:?}: expected a number"))?;
            let mut evaluation = Evaluation::default();
            for ended in cx.catalog.ended(status, after).map_err(wrong)? {
                if !ended.run.starts_with(&own) {
                    evaluation.orders.extend(told(cx, &ended)?);
                }
                evaluation = evaluation.cursor(ended.seq.to_string());
            }
            Ok(evaluation)
        })
    }

    /// Sets how long it is left alone after a look.
    #[must_use]
    pub fn min_interval(mut self, interval: Duration) -> Self {
        self.min_interval = interval;
        self
    }
}

impl Automation for Sensor {
    fn name(&self) -> &str {
        &self.name
    }

    fn min_interval(&self) -> Duration {
        self.min_interval
    }

    fn evaluate(&self, cx: &EvaluationContext<'_>) -> Result<Evaluation, AutomationError> {
        (self.look)(cx).map_err(AutomationError::Failed)
    }
}
