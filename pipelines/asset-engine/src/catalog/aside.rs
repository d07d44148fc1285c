//! Keeping what is damaged, before it is written over.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

/// Copies a file to `<file>.damaged`, or `<file>.damaged.1` and so on where there is one from
/// before; gives the copy's place.
pub(super) fn set_aside(file: &Path) -> io::Result<PathBuf> {
    let mut number = 0_u32;
    let (mut kept, place) = loop {
        let mut name = file.as_os_str().to_owned();
        name.push(".damaged");
        if number > 0 {
            name.push(format!(".{number}"));
        }
        match OpenOptions::new().write(true).create_new(true).open(&name) {
            Ok(kept) => break (kept, PathBuf::from(name)),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => number += 1,
            Err(error) => return Err(error),
        }
    };
    io::copy(&mut File::open(file)?, &mut kept)?;
    kept.sync_all()?;
    Ok(place)
}
