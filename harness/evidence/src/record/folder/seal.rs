//! The seal of a run: `manifest.json`, written when its last trial is packed, removed when it is
//! taken up again; and what of the raw files is not as it was sealed.

use std::collections::BTreeMap;
use std::fs;
use std::io;

use orchbench_journal::hex;
use sha2::{Digest as _, Sha256};

use super::trial_files::{self, Members};
use super::{BENCHMARKS, DERIVED, DERIVED_FOLDERS, OPEN, ResultsFolder, bounded, export};
use crate::record::{Damage, DamageKind, FolderError, Manifest, Plan};

const MANIFEST: &str = "manifest.json";

type Digests = BTreeMap<String, String>;

impl ResultsFolder {
    /// Seals the raw files as they are now. Sealing the same files again gives the same bytes.
    ///
    /// # Errors
    /// When a raw file cannot be read, or the manifest cannot be written.
    pub fn seal(&self) -> Result<(), FolderError> {
        let (manifest, damages) = self.raw(&self.plan()?)?;
        if let Some(Damage { file, kind }) = damages.into_iter().next() {
            let expected = "a raw file of the run";
            return Err(FolderError::unexpected(file, expected, kind.to_string()));
        }
        self.write_json(MANIFEST, &manifest)
    }

    /// Removes the seal, before anything raw is written again.
    ///
    /// # Errors
    /// When it cannot be removed.
    pub fn unseal(&self) -> Result<(), FolderError> {
        match fs::remove_file(self.root().join(MANIFEST)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(FolderError::io(MANIFEST)(error))
            }
            _ => Ok(()),
        }
    }

    /// SHA-256 of the manifest, hex; `None` while the run is not sealed.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn seal_digest(&self) -> Result<Option<String>, FolderError> {
        match bounded::read(&self.root().join(MANIFEST)) {
            Ok(bytes) => Ok(Some(hex(&Sha256::digest(bytes)))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(FolderError::io(MANIFEST)(error)),
        }
    }

    /// Every raw file that is not as it was sealed: changed, missing, added, unreadable. A folder
    /// without a seal has one damage, that of the manifest, and those that show without it.
    ///
    /// # Errors
    /// When the plan or the manifest cannot be read, or the folder cannot be listed.
    pub fn damages(&self) -> Result<Vec<Damage>, FolderError> {
        let (found, mut damages) = self.raw(&self.plan()?)?;
        if self.seal_digest()?.is_none() {
            damages.insert(0, damage(MANIFEST, DamageKind::NotSealed));
            return Ok(damages);
        }
        let sealed: Manifest = self.read_json(MANIFEST)?;
        damages.extend(differences("", &sealed.files, &found.files));
        for (trial, digests) in &sealed.trials {
            match found.trials.get(trial) {
                Some(found) => damages.extend(differences(&format!("{trial}/"), digests, found)),
                None => damages.push(damage(trial, DamageKind::Missing)),
            }
        }
        let added = found.trials.keys();
        let added = added.filter(|trial| !sealed.trials.contains_key(*trial));
        damages.extend(added.map(|trial| damage(trial, DamageKind::Surplus)));
        Ok(damages)
    }

    /// The raw files as they are, and those that have no place in a folder of this plan.
    fn raw(&self, plan: &Plan) -> Result<(Manifest, Vec<Damage>), FolderError> {
        let scenarios: BTreeMap<&str, &str> = plan
            .trials
            .iter()
            .map(|trial| (trial.id.as_str(), trial.scenario.as_str()))
            .collect();
        let mut manifest = Manifest::default();
        let mut damages = Vec::new();
        let mut open = BTreeMap::new();
        for (name, path) in export::files(self.root())? {
            match name.split_once('/') {
                None if DERIVED.contains(&name.as_str()) => {}
                None if [MANIFEST, BENCHMARKS].contains(&name.as_str()) => {}
                Some((folder, _)) if DERIVED_FOLDERS.contains(&folder) => {}
                Some((OPEN, below)) => {
                    let trial = below.split('/').next().unwrap_or_default();
                    open.insert(trial.to_owned(), self.root().join(OPEN).join(trial));
                }
                Some(("evidence", file)) if file.ends_with(".tar.gz") => {
                    let scenario = file.trim_end_matches(".tar.gz");
                    match self.pack_of(scenario) {
                        Err(error) => damages.push(unreadable(&name, &error)),
                        Ok(pack) => {
                            for (trial, members) in &*pack {
                                if scenarios.get(trial.as_str()) == Some(&scenario) {
                                    manifest.trials.insert(trial.clone(), digests(members));
                                } else {
                                    let file = format!("{name}/{trial}");
                                    damages.push(damage(&file, DamageKind::NotPlanned));
                                }
                            }
                        }
                    }
                }
                // Named by their content, whatever packed it.
                Some(("rows", file)) if file.ends_with(".jsonl.gz") => {
                    let digest = file.trim_end_matches(".jsonl.gz");
                    match self.row_text(digest) {
                        Ok(_) => drop(manifest.files.insert(name.clone(), digest.to_owned())),
                        Err(error) => damages.push(unreadable(&name, &error)),
                    }
                }
                _ => match bounded::read(&path) {
                    Ok(bytes) => drop(manifest.files.insert(name, hex(&Sha256::digest(bytes)))),
                    Err(error) => damages.push(unreadable(&name, &error)),
                },
            }
        }
        for (trial, dir) in open {
            match trial_files::read_open(&dir, &trial) {
                _ if !scenarios.contains_key(trial.as_str()) => {
                    damages.push(damage(&format!("{OPEN}/{trial}"), DamageKind::NotPlanned));
                }
                Ok(members) => {
                    let digests = digests(&members.unwrap_or_default());
                    manifest.trials.insert(trial, digests);
                }
                Err(error) => damages.push(unreadable(&format!("{OPEN}/{trial}"), &error)),
            }
        }
        Ok((manifest, damages))
    }
}

fn digests(members: &Members) -> Digests {
    members
        .iter()
        .map(|(name, content)| (name.clone(), hex(&Sha256::digest(content))))
        .collect()
}

fn differences(prefix: &str, sealed: &Digests, found: &Digests) -> Vec<Damage> {
    let mut damages = Vec::new();
    for (name, digest) in sealed {
        let kind = match found.get(name) {
            Some(found) if found == digest => continue,
            Some(found) => DamageKind::Changed {
                sealed: digest.clone(),
                found: found.clone(),
            },
            None => DamageKind::Missing,
        };
        damages.push(damage(&format!("{prefix}{name}"), kind));
    }
    let added = found.keys().filter(|name| !sealed.contains_key(*name));
    damages.extend(added.map(|name| damage(&format!("{prefix}{name}"), DamageKind::Surplus)));
    damages
}

fn damage(file: &str, kind: DamageKind) -> Damage {
    Damage {
        file: file.to_owned(),
        kind,
    }
}

fn unreadable(file: &str, error: &dyn std::error::Error) -> Damage {
    damage(file, DamageKind::Unreadable(error.to_string()))
}
