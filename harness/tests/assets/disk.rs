//! A disk without space left is named, with the file, and not called an I/O error.

use std::fs::{self, File};
use std::io::{ErrorKind, Write as _};
use std::path::Path;

use anyhow::{Result, ensure};
use orchbench_lab::process::SmallDisk;

use crate::folder::{Folder, text};

/// Takes what space is left.
fn fill(file: &Path) -> Result<()> {
    let mut file = File::create(file)?;
    loop {
        match file.write_all(&[0; 4096]) {
            Ok(()) => {}
            Err(error) if error.kind() == ErrorKind::StorageFull => return Ok(()),
            Err(error) => return Err(error.into()),
        }
    }
}

#[test]
fn a_disk_without_a_byte_left_is_named() -> Result<()> {
    if let Err(why) = SmallDisk::possible() {
        println!("not run: {why}");
        return Ok(());
    }
    let folder = Folder::new()?;
    let work = folder.path("work");
    fs::create_dir(&work)?;
    let _disk = SmallDisk::mount(&work, 256 << 20).map_err(anyhow::Error::msg)?;
    folder.expect(0, &["materialize", "one-day", "--run", "before"])?;
    fill(&work.join("ballast"))?;
    for (file, words) in [
        (
            "warehouse.sqlite",
            &["materialize", "one-day", "--run", "full"][..],
        ),
        ("catalog.sqlite", &["assets", "verify"]),
    ] {
        let output = folder.run(words)?;
        let said = text(&output);
        let file = work.join(file).display().to_string();
        ensure!(output.status.code() == Some(1), "{words:?}: {output:?}");
        ensure!(said.contains(&file), "{said}");
        ensure!(said.contains("no space is left on the disk"), "{said}");
    }
    fs::remove_file(work.join("ballast"))?;
    folder.expect(0, &["materialize", "one-day", "--run", "full"])?;
    Ok(())
}
