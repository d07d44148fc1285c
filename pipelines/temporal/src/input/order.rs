//! The argument of an order.

use orchbench_etl::ORDERS;
use serde::{Deserialize, Serialize};

use super::{PipelineInput, Validate};

/// The argument of `OrderWorkflow`: a pipeline's, with [`ORDERS`] in place of a source. Of it count the run,
/// the policy and the timeouts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct OrderInput(pub PipelineInput);

impl OrderInput {
    /// The defaults of [`PipelineInput::new`].
    #[must_use]
    pub fn new() -> Self {
        Self(PipelineInput::new(ORDERS))
    }
}

impl Default for OrderInput {
    fn default() -> Self {
        Self::new()
    }
}

impl Validate for OrderInput {
    fn validate(&self) -> Result<(), String> {
        self.0.validate()?;
        match self.0.source.as_str() {
            ORDERS => Ok(()),
            found => Err(format!("source: expected {ORDERS}, found {found}")),
        }
    }
}
