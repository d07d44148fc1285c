//! What the steps of the pipeline are made of, and what goes before those of an order.

use orchbench_journal::StepName;

/// Whether a child has the same partition as the parent, or needs all of its partitions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reach {
    Same,
    WholeRun,
    EveryDay,
}

/// The parents of a step.
pub(crate) fn parents(step: StepName) -> &'static [(StepName, Reach)] {
    use StepName::{
        Announce, Book, Charge, Check, ExtractAirlines, ExtractAirports, ExtractFlights,
        ExtractPlanes, ExtractWeather, Load, Publish, Reserve, Transform,
    };
    match step {
        Transform => &[
            (ExtractFlights, Reach::Same),
            (ExtractWeather, Reach::Same),
            (ExtractPlanes, Reach::WholeRun),
            (ExtractAirports, Reach::WholeRun),
            (ExtractAirlines, Reach::WholeRun),
        ],
        Check => &[(Transform, Reach::Same)],
        Load => &[(Check, Reach::Same), (Transform, Reach::Same)],
        Publish => &[(Load, Reach::EveryDay)],
        Announce => &[(Publish, Reach::WholeRun)],
        Charge => &[(Reserve, Reach::WholeRun)],
        Book => &[(Charge, Reach::WholeRun)],
        _ => &[],
    }
}
