//! Packs: the raw files of a scenario's ended trials in one archive, `evidence/<scenario>.tar.gz`.
//!
//! A trial that is both open and packed is read, and packed anew, as it is open: either the harness
//! was killed after it had packed the trial, and both are equal, or the trial was begun again.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError};

use super::trial_files::{self, Members, TrialFiles};
use super::{DERIVED_FOLDERS, ResultsFolder, archive, aside};
use crate::record::{EventBody, FolderError, Plan, TrialPlan, plain_name};

/// A scenario's packed trials by id.
pub(super) type Pack = BTreeMap<String, Arc<Members>>;

/// Which open trials are packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Packing {
    /// Those that have their end; the others may still be in the making.
    Ended,
    /// All, as nobody writes any longer.
    RunOver,
}

impl ResultsFolder {
    /// The raw files of a trial, `None` when there are none.
    ///
    /// # Errors
    /// When the trial's folder or its scenario's pack cannot be read, or holds what no trial has.
    pub fn trial(&self, plan: &TrialPlan) -> Result<Option<TrialFiles>, FolderError> {
        let dir = self.open_dir().join(plain_name("trial", &plan.id)?);
        let members = match trial_files::read_open(&dir, &plan.id)? {
            Some(open) => Some(Arc::new(open)),
            None => self.pack_of(&plan.scenario)?.get(&plan.id).cloned(),
        };
        Ok(members.map(|members| TrialFiles::new(&plan.id, members)))
    }

    /// Moves open trials of the plan into their scenarios' packs. Killed at any instant, it leaves
    /// every trial to be read.
    ///
    /// # Errors
    /// When the folder cannot be read or written; the trial concerned is then still open.
    pub fn pack(&self, plan: &Plan, packing: Packing) -> Result<(), FolderError> {
        let mut scenarios: BTreeMap<&str, Vec<&TrialPlan>> = BTreeMap::new();
        for trial in &plan.trials {
            if self.is_packable(trial, packing)? {
                scenarios.entry(&trial.scenario).or_default().push(trial);
            }
        }
        for (scenario, trials) in scenarios {
            let mut pack = Pack::clone(&*self.pack_of(scenario)?);
            for trial in &trials {
                let dir = self.open_trial(&trial.id)?.dir();
                let members = trial_files::read_open(&dir, &trial.id)?.unwrap_or_default();
                pack.insert(trial.id.clone(), Arc::new(members));
            }
            self.write_pack(scenario, pack)?;
            for trial in trials {
                let dir = self.open_trial(&trial.id)?.dir();
                aside::discard(&dir).map_err(FolderError::io(&trial.id))?;
            }
        }
        match packing {
            Packing::Ended => Ok(()),
            Packing::RunOver => self.sweep().map_err(FolderError::io("open")),
        }
    }

    fn is_packable(&self, trial: &TrialPlan, packing: Packing) -> Result<bool, FolderError> {
        let dir = self.open_trial(&trial.id)?.dir();
        let Some(members) = trial_files::read_open(&dir, &trial.id)? else {
            return Ok(false);
        };
        if packing == Packing::RunOver {
            return Ok(true);
        }
        // Events that cannot be read are evidence for the checker, and have no end.
        let events = TrialFiles::new(&trial.id, Arc::new(members)).events();
        let events = events.ok().flatten().unwrap_or_default();
        let last = events.last().map(|event| &event.body);
        Ok(matches!(last, Some(EventBody::TrialEnded { .. })))
    }

    /// A scenario's pack, empty when there is none; read once.
    pub(super) fn pack_of(&self, scenario: &str) -> Result<Arc<Pack>, FolderError> {
        if let Some(pack) = self.packs().get(scenario) {
            return Ok(Arc::clone(pack));
        }
        let pack = Arc::new(read(self.root(), &pack_path(scenario)?)?);
        let mut packs = self.packs();
        packs.insert(scenario.to_owned(), Arc::clone(&pack));
        Ok(pack)
    }

    fn write_pack(&self, scenario: &str, pack: Pack) -> Result<(), FolderError> {
        let path = pack_path(scenario)?;
        aside::write_with(&self.root().join(&path), |file| {
            let mut archive = archive::Writer::new(file);
            for (trial, members) in &pack {
                for (name, content) in &**members {
                    archive.add(&format!("{trial}/{name}"), content)?;
                }
            }
            archive.finish()
        })
        .map_err(FolderError::io(path))?;
        self.packs().insert(scenario.to_owned(), Arc::new(pack));
        Ok(())
    }

    fn packs(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, Arc<Pack>>> {
        self.packs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Removes what a killed harness left in the making, and the open folder when it is empty.
    fn sweep(&self) -> io::Result<()> {
        let open = self.open_dir();
        aside::sweep(&open)?;
        for part in ["", "evidence", "rows"].iter().chain(&DERIVED_FOLDERS) {
            aside::sweep(&self.root().join(part))?;
        }
        if open.exists() && fs::read_dir(&open)?.next().is_none() {
            fs::remove_dir(&open)?;
        }
        Ok(())
    }
}

fn pack_path(scenario: &str) -> Result<PathBuf, FolderError> {
    let scenario = plain_name("scenario", scenario)?;
    Ok(Path::new("evidence").join(format!("{scenario}.tar.gz")))
}

fn read(root: &Path, path: &Path) -> Result<Pack, FolderError> {
    let file = match File::open(root.join(path)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Pack::new()),
        other => other.map_err(FolderError::io(path))?,
    };
    let mut trials: BTreeMap<String, Members> = BTreeMap::new();
    archive::read(path, file, |name, content| {
        let Some((trial, member)) = name.split_once('/') else {
            return Err(FolderError::unexpected(
                path.join(name),
                "a file below a trial",
                "one beside the trials",
            ));
        };
        trial_files::known(&path.join(name), member)?;
        let mut bytes = Vec::new();
        content
            .read_to_end(&mut bytes)
            .map_err(FolderError::io(path.join(name)))?;
        let members = trials.entry(trial.to_owned()).or_default();
        members.insert(member.to_owned(), bytes);
        Ok(())
    })?;
    let shared = |(trial, members)| (trial, Arc::new(members));
    Ok(trials.into_iter().map(shared).collect())
}
