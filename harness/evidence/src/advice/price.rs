//! What a month costs where somebody else operates the engine and is paid by the piece.

use serde::Serialize;

use super::need::Priced;
use super::weigh::steps_of;
use super::workload::Workload;
use crate::document::{Text, figure, path, text};
use crate::record::{EngineRecord, Measurement};
use crate::results::Analysis;

const DAYS_A_MONTH: f64 = 30.0;

/// What a month of runs of which nothing fails costs.
#[derive(Debug, Clone, Serialize)]
pub struct Price {
    /// In the price's own currency.
    pub a_month: f64,
    /// The same, with its place.
    pub said: Text,
    /// From what it follows.
    pub seen: Text,
}

/// By the pieces of the longest run that was measured, a step of the workload as many as a step of that;
/// `None` where the workload has no price of what the engine makes.
pub(super) fn price(
    workload: &Workload,
    prices: &[Priced],
    engine: &EngineRecord,
    analysis: &Analysis,
) -> Option<Price> {
    let asked = |priced: &&Priced| workload.asks(&priced.field);
    prices.iter().filter(asked).find_map(|priced| {
        let is_of = |each: &Measurement| {
            each.settings == priced.settings && each.has("shape", workload.shape())
        };
        let found = analysis.as_deployed(&engine.name, &priced.experiment, &priced.metric, is_of);
        let sized = found
            .into_iter()
            .filter_map(|each| Some((steps_of(each)?, each)));
        let (steps, longest) = sized.max_by_key(|(steps, _)| *steps)?;
        let runs = f64::from(workload.steps) / f64::from(steps) * workload.runs_a_day;
        let times = runs * DAYS_A_MONTH * workload.number(&priced.field);
        let a_month = longest.estimate.value * times;
        Some(Price {
            a_month,
            said: Text::from(figure::value(a_month, path::times(longest, times))),
            seen: text![
                figure::estimate(longest),
                format!(" {} of a run of ", priced.are),
                figure::quoted(steps.to_string(), path::statistic(longest, "steps")),
                " steps, in proportion, thirty days a month, no attempt that fails"
            ],
        })
    })
}
