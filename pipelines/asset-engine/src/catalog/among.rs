//! Which of the events of a run are asked for.

use crate::event::Event;
use crate::key::AssetKey;

/// Which of the events of a run.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Among<'a> {
    All,
    /// Those about one piece, and those of its ends.
    Piece(&'a AssetKey, Option<&'a str>),
    /// Those that tell what was not made, and those of its ends.
    Unmade,
}

impl Among<'_> {
    /// The same on the columns of events `e`, with the names of the parameters for asset and partition.
    pub fn condition(self, [asset, partition]: [&str; 2]) -> String {
        match self {
            Self::All => String::new(),
            Self::Piece(..) => format!(
                "AND (e.kind = 'run_ended' OR (e.asset = {asset} AND coalesce(e.partition, '') = {partition}))"
            ),
            Self::Unmade => {
                "AND e.kind IN ('run_ended', 'attempt_failed', 'skipped', 'checked')".to_owned()
            }
        }
    }

    /// Whether an event is one of them.
    pub fn takes(self, event: &Event) -> bool {
        match self {
            Self::All => true,
            Self::Piece(asset, partition) => match event.piece() {
                Some((own, key)) => own == asset && key.as_deref() == partition,
                None => matches!(event, Event::RunEnded { .. }),
            },
            Self::Unmade => matches!(
                event,
                Event::RunEnded { .. }
                    | Event::AttemptFailed { .. }
                    | Event::Skipped { .. }
                    | Event::Checked(_)
            ),
        }
    }
}
