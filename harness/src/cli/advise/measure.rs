//! `--measure`: a workload's synthetic twin, made as a run of a profile of its own.

use std::fs;
use std::path::Path;

use anyhow::Context as _;

use super::super::{run, server};
use crate::output;
use crate::runner::RunEnd;
use orchbench_evidence::advice::{Rehearsal, Workload};
use orchbench_evidence::results::Analysis;
use orchbench_evidence::{analysis, report};
use orchbench_lab::process::TempFolder;

/// Makes the rehearsal, with a report of its own in the folder, and gives what it came to; `None` where the user
/// interrupted it. What could not be made stands there.
pub(super) fn rehearse(
    workload: &Workload,
    folder: &Path,
    server: &server::Which,
) -> anyhow::Result<Option<Analysis>> {
    let rehearsal = Rehearsal::of(workload);
    let Rehearsal { steps, step_ms, .. } = rehearsal;
    output::note(&format!(
        "rehearsed with {steps} steps of {step_ms} ms, at most a minute's work"
    ));
    let scratch = TempFolder::create("advise")?;
    let profile = scratch.path().join("rehearsal.toml");
    fs::write(&profile, profile_of(&rehearsal))
        .with_context(|| format!("cannot write {}", profile.display()))?;
    let made = run::make(&run::Args::of_file(&profile, folder, server.clone()))?;
    let analysis = analysis::analyze(&made.folder)?;
    report::write(&made.folder, &analysis)?;
    Ok((made.end == RunEnd::Complete).then_some(analysis))
}

fn profile_of(rehearsal: &Rehearsal) -> String {
    let Rehearsal {
        steps,
        step_ms,
        failed_share,
    } = rehearsal;
    format!(
        "description = \"a workload rehearsed\"\nseed = 20130101\n[[scenario]]\nname = \"rehearsal\"\nblocks = 1\n\
         parameters = {{ steps = {steps}, step_ms = {step_ms}, failed_share = {failed_share:?} }}\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn its_profile_is_one_of_two_trials_an_arm() -> anyhow::Result<()> {
        let text =
            "title = \"t\"\nsteps = 7\nstep_seconds = 2\nruns_a_day = 1\nfailed_attempts = 0.25";
        let scratch = TempFolder::create("profile")?;
        let file = scratch.path().join("rehearsal.toml");
        let rehearsal = Rehearsal::of(&Workload::parse("w.toml", text)?);
        fs::write(&file, profile_of(&rehearsal))?;
        let profile = crate::profile::find(&file.display().to_string())?;
        let resolved = profile.resolve()?;
        let (scenario, blocks) = &resolved[0];
        assert_eq!((resolved.len(), *blocks), (1, 1));
        let parameters = &scenario.parameters;
        assert_eq!(parameters["steps"].as_integer(), Some(7));
        assert_eq!(parameters["step_ms"].as_integer(), Some(2_000));
        assert_eq!(parameters["failed_share"].as_float(), Some(0.25));
        Ok(())
    }
}
