//! Whether retries were spaced as was asked for: by the gaps in the journal, and not by what an engine says that
//! it can.

use orchbench_journal::RetrySpec;

use super::super::{NATIVE, UNSUPPORTED};
use crate::measure::{Executions, Run, TrialEvidence, ended_right, is_too_soon, retry_gaps};

/// A gap before a retry, milliseconds.
struct Gap {
    /// As it was, by the journal.
    found: f64,
    /// As the policy has it on this engine.
    asked: f64,
    /// As it would be there if the delay doubled, without end.
    doubled: f64,
}

/// The level of the pattern that a trial is of; `None` of other trials, and of those that were not alone on
/// the machine, where a retry comes late for other reasons.
///
/// Native: the run ended right, no retry came before its delay, and none that was not to be as late as if
/// delays doubled was so late. Else unsupported.
pub(super) fn level(
    trial: &TrialEvidence,
    executions: &Executions,
    runs: &[Run<'_>],
) -> Option<f64> {
    if !trial.factor("pattern").starts_with("retry-") || trial.plan.side_by_side > 1 {
        return None;
    }
    let right = runs.iter().all(|run| ended_right(trial, run));
    let shown = right && spaced(&gaps(trial, executions, runs));
    Some(if shown { NATIVE } else { UNSUPPORTED })
}

/// The first of them tells nothing: before it, no delay has grown.
fn spaced(gaps: &[Gap]) -> bool {
    let kept = |gap: &Gap| {
        let doubles = gap.doubled <= gap.asked;
        !is_too_soon(gap.found, gap.asked) && (doubles || gap.found < gap.doubled)
    };
    gaps.len() > 1 && gaps.iter().all(kept)
}

fn gaps(trial: &TrialEvidence, executions: &Executions, runs: &[Run<'_>]) -> Vec<Gap> {
    let mut gaps = Vec::new();
    for each in executions.by_key.values() {
        let Some(run) = runs.iter().find(|run| run.id == each[0].run) else {
            continue;
        };
        let doubling = RetrySpec {
            backoff_coefficient: 2.0,
            max_delay_ms: u64::MAX,
            ..run.retry.clone()
        };
        gaps.extend(retry_gaps(trial, each, run).filter_map(|gap| {
            Some(Gap {
                found: gap.gap_ms,
                asked: gap.delay_ms,
                doubled: trial.scheduled_delay_ms(&doubling, gap.failed)?,
            })
        }));
    }
    gaps
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::fixture::TrialBuilder;

    const DOUBLED: [f64; 3] = [2_000.0, 4_000.0, 8_000.0];

    fn holds(found: &[f64], asked: [f64; 3]) -> bool {
        let gaps = found.iter().zip(asked).zip(DOUBLED);
        let gaps: Vec<Gap> = gaps
            .map(|((&found, asked), doubled)| Gap {
                found,
                asked,
                doubled,
            })
            .collect();
        spaced(&gaps)
    }

    #[test]
    fn a_delay_that_is_not_to_grow_is_never_as_late_as_one_that_does() {
        let even = [2_000.0; 3];
        assert!(holds(&[2_010.0, 2_020.0, 2_100.0], even));
        assert!(!holds(&[2_010.0, 2_020.0, 8_010.0], even), "it grew");
        assert!(!holds(&[2_010.0, 1_990.0, 2_010.0], even), "too soon");
        assert!(!holds(&[2_010.0], even), "nothing was to grow yet");
    }

    #[test]
    fn a_delay_that_is_to_grow_does() {
        assert!(holds(&[2_010.0, 4_500.0, 9_900.0], DOUBLED));
        assert!(!holds(&[2_010.0, 2_010.0, 2_010.0], DOUBLED), "it did not");
    }

    #[test]
    fn a_trial_of_another_pattern_or_beside_others_shows_none() {
        let level_of = |pattern: &str, side_by_side| {
            let trial = TrialBuilder::retried("t").with_factor("pattern", pattern);
            let mut trial = trial.evidence();
            trial.plan.side_by_side = side_by_side;
            level(&trial, &Executions::of(&trial), &trial.runs())
        };
        assert_eq!(level_of("saga", 1), None);
        assert_eq!(level_of("retry-constant", 3), None);
        // It was retried once.
        assert_eq!(level_of("retry-constant", 1), Some(UNSUPPORTED));
    }
}
