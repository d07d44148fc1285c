//! The guidance under test: its phrases, and the predictions that measurements decide.
//!
//! A claim is a TOML file under `claims/`, embedded in the binary; its name is the file's, and
//! dropping one in suffices. It quotes a phrase of the when-to-use table, predicts what must be
//! seen if the phrase is true, and names the rule that decides. Claims that could not be false,
//! or whose sides are not fair, are refused when they are read. Within a row of the table
//! decisions are corrected for their number. Sentences are filled from the data alone.

mod decide;
mod definition;
mod fairness;
mod guidance;
mod merge;
mod nearest;
mod read;
mod rule;
mod select;
mod sentence;

pub use decide::{Results, decide};
pub use definition::{Beside, Claim, ClaimText, Level, Predicted, Rule, SideOf};
pub use guidance::{ADVICE, Advice, Cell, GUIDANCE, Phrase, Row, phrases};
pub use merge::{count_phrases, of_phrase, of_phrases};
pub(crate) use nearest::hint;
pub use read::{ClaimError, all};
