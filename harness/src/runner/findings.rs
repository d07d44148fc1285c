//! What the trials have decided so far, said while the others are still made.

use std::collections::BTreeSet;

use orchbench_evidence::analysis;
use orchbench_evidence::record::{ClaimRecord, ClaimVerdict, ResultsFolder};

use crate::output::Progress;

/// The claims that were told already, with what became of them.
#[derive(Default)]
pub(super) struct Findings {
    told: BTreeSet<(String, String)>,
}

impl Findings {
    /// Tells the claims that are measured now, and again those that have become decided.
    /// Between two scenarios, so that no trial is disturbed; the report decides over all trials.
    pub(super) fn tell(
        &mut self,
        folder: &ResultsFolder,
        progress: &Progress,
    ) -> anyhow::Result<()> {
        for claim in analysis::derive(folder)?.claims.claims {
            let verdict = claim.verdict.to_string();
            if is_finding(&claim) && self.told.insert((claim.claim, verdict.clone())) {
                let sentence = claim.sentence;
                progress.say(&format!("so far: {}: {verdict}. {sentence}", claim.phrase));
            }
        }
        Ok(())
    }
}

/// Whether a claim says something of the guidance; an ablation does not.
fn is_finding(claim: &ClaimRecord) -> bool {
    claim.verdict != ClaimVerdict::NotMeasured && !claim.apart
}
