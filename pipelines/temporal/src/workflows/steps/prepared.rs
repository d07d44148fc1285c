//! What lies between the check and the load.

use orchbench_etl::{Checked, Day, DayResult, Extracted, Loaded, StepInputs, Transformed};

/// A day that is ready to be loaded.
#[derive(Clone, Debug)]
pub struct Prepared {
    /// The extract of the day's flights.
    pub flights: Extracted,
    /// The extract of the day's weather.
    pub weather: Extracted,
    /// Both, joined with what was extracted once a run.
    pub transformed: Transformed,
    /// The check of that.
    pub checked: Checked,
}

impl Prepared {
    /// What the day's load takes.
    #[must_use]
    pub fn load(&self) -> StepInputs {
        StepInputs::Load {
            transformed: self.transformed.clone(),
            checked: self.checked.clone(),
        }
    }

    /// The day's result after its load.
    #[must_use]
    pub fn loaded(self, day: Day, loaded: Loaded) -> DayResult {
        DayResult {
            day,
            flights: self.flights,
            weather: self.weather,
            transformed: self.transformed,
            loaded,
        }
    }
}
