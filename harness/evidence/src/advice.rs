//! Advice: for which option a workload's needs speak, by what a results folder has of each.
//!
//! The order is stated, and nothing is weighed against anything else: fewest needs that an option
//! lacks, then fewest of which it was not measured, then fewest that take code around the engine, then the
//! least time that it adds to a run. What is not measured is an argument for nobody.

mod adr;
mod examples;
mod field;
mod flip;
mod need;
mod price;
mod print;
mod rehearsed;
mod weigh;
mod workload;

pub use adr::adr;
pub(crate) use adr::{confirmation, day};
pub(crate) use examples::on_examples;
pub use field::{FIELDS, Field, Holds};
pub use flip::Flip;
pub use price::Price;
pub(crate) use print::reason;
pub use print::{rehearsal_text, text};
pub use rehearsed::{Rehearsal, Rehearsed, rehearsed};
pub use weigh::{Added, Choice, Stance, Standing};
pub use workload::{Workload, WorkloadError};

use serde::Serialize;

use crate::results::Analysis;
use need::NeedsError;

/// What a results folder says to a workload.
#[derive(Debug, Clone, Serialize)]
pub struct Advice {
    /// The workload.
    pub workload: Workload,
    /// The options, the recommended one first.
    pub choices: Vec<Choice>,
    /// What would change the recommendation, one change at a time.
    pub flips: Vec<Flip>,
    /// Trials of the results that count.
    pub trials: usize,
    /// What the results come to: `sound`, `broken`, `unreachable` or `inconclusive`.
    pub conclusion: &'static str,
    /// Whether each of the two first orchestrators has by itself what the other has not.
    pub both: bool,
}

impl Advice {
    /// Weighs the options.
    ///
    /// # Errors
    /// None that the embedded list of needs could cause.
    pub fn of(workload: &Workload, analysis: &Analysis) -> Result<Self, NeedsError> {
        let needs = need::all()?;
        let options = weigh::Options::of(&needs, analysis);
        Ok(Self::weighed(workload, &options, analysis))
    }

    fn weighed(workload: &Workload, options: &weigh::Options<'_>, analysis: &Analysis) -> Self {
        let choices = options.choices(workload);
        let flips = flip::flips(workload, options);
        Self {
            workload: workload.clone(),
            trials: analysis.counted.len(),
            conclusion: analysis.conclusion().as_str(),
            both: weigh::complement(&choices),
            choices,
            flips,
        }
    }

    /// The recommended option; `None` where the folder has no engine.
    pub fn recommended(&self) -> Option<&Choice> {
        self.choices.first()
    }
}

#[cfg(test)]
mod tests;
