//! The guidance under test: its rows, and the sentences that measurements decide.
//!
//! A claim is a TOML file under `claims/`, embedded in the binary; its name is the file's.
//! It names a row of the when-to-use table, the two sides' measurements and the rule that
//! decides between them. Sentences are filled from the data alone.

mod decide;
mod definition;
mod guidance;
mod rule;
mod select;
mod sentence;

pub use decide::{Results, decide};
pub use definition::{Better, Claim, ClaimError, Rule, SideOf, all};
pub use guidance::{GUIDANCE, RULE_OF_THUMB, Row};

/// The decision on a sentence that no experiment of the folder has measured.
pub const NOT_MEASURED: &str = "not measured";
/// The decision where the interval leaves both sides possible.
pub const UNDECIDED: &str = "undecided";
/// The decision where both sides are the same within the margin.
pub const EQUIVALENT: &str = "equivalent";
