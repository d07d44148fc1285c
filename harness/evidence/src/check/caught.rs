//! A check that panics: its defect is no word on the engine, and no reason to lose what the other
//! checks say.

use std::any::Any;
use std::cell::Cell;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Once;

use super::{Finding, Invariant};
use crate::measure::TrialEvidence;

thread_local! {
    /// Whether this thread makes a check: a panic is then told in its finding, and not printed.
    static CHECKING: Cell<bool> = const { Cell::new(false) };
}

/// What an invariant's check finds; unknown, with the panic's words, where it panics.
pub(super) fn finding(invariant: &Invariant, trial: &TrialEvidence) -> Option<Finding> {
    quieten();
    let before = CHECKING.replace(true);
    // The evidence is only read, so that a panic leaves nothing half done.
    let found = panic::catch_unwind(AssertUnwindSafe(|| (invariant.check)(trial)));
    CHECKING.set(before);
    found.unwrap_or_else(|payload| {
        let words = words(&*payload);
        Some(Finding::unknown(format!("the check panicked: {words}")))
    })
}

/// Puts a hook before the process's own one, once: other threads' panics are printed as ever.
fn quieten() {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let printing = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if !CHECKING.get() {
                printing(info);
            }
        }));
    });
}

fn words(payload: &(dyn Any + Send)) -> &str {
    let literal = payload.downcast_ref::<&str>().copied();
    literal
        .or_else(|| payload.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("without a message")
}
