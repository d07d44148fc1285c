//! Sensors: runs when something outside has changed.

use std::time::Duration;

use super::{Automation, AutomationError, Evaluation, EvaluationContext};

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
