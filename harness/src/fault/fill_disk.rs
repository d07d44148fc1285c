//! A disk without space left: the file system of the artifact store, a small one of its own, is
//! filled, and emptied later. Journal and warehouse are elsewhere.

use std::fs::File;
use std::io::{ErrorKind, Write as _};
use std::path::PathBuf;

use super::{Fault, Needs, Scene};
use crate::engine::{Target, TrialError};
use orchbench_lab::process::SmallDisk;

pub(super) const FAULT: Fault = Fault {
    name: "fill-disk",
    what: "no space left on the artifact store's file system (a small tmpfs) for a while",
    strikes: Target::Disk,
    available: SmallDisk::possible,
    needs: Needs::Nothing,
    strike,
    heal,
};

/// Bytes written at a time, until not even one page fits.
const PAGE: [u8; 4096] = [0; 4096];

fn strike(scene: &Scene<'_>) -> Result<Vec<u32>, TrialError> {
    let path = ballast(scene)?;
    let failed = |source| TrialError::Io {
        what: path.display().to_string(),
        source,
    };
    let mut file = File::create(&path).map_err(failed)?;
    loop {
        match file.write_all(&PAGE) {
            Ok(()) => {}
            Err(error) if error.kind() == ErrorKind::StorageFull => return Ok(Vec::new()),
            Err(error) => return Err(failed(error)),
        }
    }
}

fn heal(scene: &Scene<'_>, _struck: &[u32]) -> Result<(), TrialError> {
    let path = ballast(scene)?;
    std::fs::remove_file(&path).map_err(|source| TrialError::Io {
        what: path.display().to_string(),
        source,
    })
}

fn ballast(scene: &Scene<'_>) -> Result<PathBuf, TrialError> {
    Ok(scene.trial.dir("work")?.join("ballast"))
}
