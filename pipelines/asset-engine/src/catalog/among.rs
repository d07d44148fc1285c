//! Which of the events of a run are asked for.

use crate::event::Event;
use crate::key::AssetKey;

/// Which of the events of a run.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Among<'a> {
    All,
    /// Those about one piece, and those of the run's own course.
    Piece(&'a AssetKey, Option<&'a str>),
    /// Those that tell what was not made, and those of the run's own course.
    Unmade,
}

impl Among<'_> {
    /// The same on the columns of events `e`, with the names of the parameters for asset and partition.
    pub fn condition(self, [asset, partition]: [&str; 2]) -> String {
        match self {
            Self::All => String::new(),
            Self::Piece(..) => format!(
                "AND (e.kind IN ('run_submitted', 'run_resumed', 'run_ended') OR (e.asset = {asset} AND coalesce(e.partition, '') = {partition}))"
            ),
            Self::Unmade => {
                "AND e.kind IN ('run_submitted', 'run_resumed', 'run_ended', 'attempt_failed', 'skipped', 'checked')"
                    .to_owned()
            }
        }
    }

    /// Whether an event is one of them.
    pub fn takes(self, event: &Event) -> bool {
        match self {
            Self::All => true,
            Self::Piece(asset, partition) => match event.piece() {
                Some((own, key)) => own == asset && key.as_deref() == partition,
                None => is_of_course(event),
            },
            Self::Unmade => {
                is_of_course(event)
                    || matches!(
                        event,
                        Event::AttemptFailed { .. } | Event::Skipped { .. } | Event::Checked(_)
                    )
            }
        }
    }
}

/// Whether it is of a run's own course, rather than of its steps'.
fn is_of_course(event: &Event) -> bool {
    matches!(
        event,
        Event::RunSubmitted(_) | Event::RunResumed { .. } | Event::RunEnded { .. }
    )
}
