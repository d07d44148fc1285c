//! Bounds of the numbers in profiles and scenarios. A plan is made of them before anything runs, so a
//! slip of the hand must end with its name, not with all of the memory.

use toml::Value;

use super::ConfigError;

/// The most blocks of a scenario.
const MAX_BLOCKS: u32 = 1_000;

/// The largest parameter: a count, or nearly three hours in milliseconds.
const MAX_PARAMETER: f64 = 10_000_000.0;

/// The most entries of a list.
const MAX_ENTRIES: usize = 1_000;

/// Refuses a number of blocks that nobody could wait for.
pub(crate) fn blocks(place: &str, blocks: u32) -> Result<(), ConfigError> {
    within(place, f64::from(blocks), f64::from(MAX_BLOCKS))
}

/// Refuses a parameter, at any depth, that is out of bounds.
pub(super) fn parameter(place: &str, value: &Value) -> Result<(), ConfigError> {
    match value {
        #[expect(clippy::cast_precision_loss, reason = "far above the bound")]
        Value::Integer(number) => within(place, *number as f64, MAX_PARAMETER),
        Value::Float(number) => within(place, *number, MAX_PARAMETER),
        Value::Array(values) => {
            #[expect(clippy::cast_precision_loss, reason = "far above the bound")]
            let entries = values.len() as f64;
            within(&format!("{place}: entries"), entries, MAX_ENTRIES as f64)?;
            values.iter().try_for_each(|each| parameter(place, each))
        }
        Value::Table(table) => table
            .iter()
            .try_for_each(|(name, each)| parameter(&format!("{place}.{name}"), each)),
        Value::Boolean(_) | Value::Datetime(_) | Value::String(_) => Ok(()),
    }
}

fn within(place: &str, value: f64, most: f64) -> Result<(), ConfigError> {
    if (0.0..=most).contains(&value) {
        return Ok(());
    }
    Err(ConfigError::Invalid {
        place: place.to_owned(),
        message: format!("expected 0 to {most}, found {value}"),
    })
}
