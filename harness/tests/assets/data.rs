//! A folder of inputs of one's own: the embedded ones, to be changed.

use std::io::{Read as _, Write as _};
use std::path::PathBuf;

use anyhow::{Context, Result};
use serde_json::Value;

use crate::folder::Folder;

const EMBEDDED: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../pipelines/etl/data/nycflights13"
);

/// The inputs, and the commands on them.
pub struct Data<'a> {
    folder: &'a Folder,
    dir: PathBuf,
}

impl<'a> Data<'a> {
    pub fn new(folder: &'a Folder) -> Result<Self> {
        let dir = folder.path("data");
        std::fs::create_dir(&dir)?;
        for name in ["airlines", "airports", "flights", "planes", "weather"] {
            let name = format!("{name}.csv.zip");
            std::fs::copy(format!("{EMBEDDED}/{name}"), dir.join(name))?;
        }
        Ok(Self { folder, dir })
    }

    pub fn archive(&self, dataset: &str) -> PathBuf {
        self.dir.join(format!("{dataset}.csv.zip"))
    }

    /// Replaces a table by what is made of it.
    pub fn edit(&self, dataset: &str, edit: impl FnOnce(String) -> String) -> Result<()> {
        let (path, name) = (self.archive(dataset), format!("{dataset}.csv"));
        let mut text = String::new();
        zip::ZipArchive::new(std::fs::File::open(&path)?)?
            .by_name(&name)?
            .read_to_string(&mut text)?;
        let mut zip = zip::ZipWriter::new(std::fs::File::create(&path)?);
        let fastest = zip::write::SimpleFileOptions::default().compression_level(Some(1));
        zip.start_file(name, fastest)?;
        zip.write_all(edit(text).as_bytes())?;
        zip.finish()?;
        Ok(())
    }

    /// Replaces the one place where `from` stands in a table.
    pub fn replace(&self, dataset: &str, from: &str, to: &str) -> Result<()> {
        self.edit(dataset, |text| {
            assert_eq!(text.matches(from).count(), 1, "{from:?} in {dataset}");
            text.replacen(from, to, 1)
        })
    }

    /// What a command on these inputs says as JSON, and on standard error.
    pub fn json(&self, words: &[&str]) -> Result<(Value, String)> {
        let dir = self.dir.display().to_string();
        let words = [words, &["--data-dir", &dir, "--json"]].concat();
        let output = self.folder.run(&words)?;
        let said = String::from_utf8(output.stderr)?;
        anyhow::ensure!(output.status.success(), "{words:?}: {said}");
        let value = serde_json::from_slice(&output.stdout);
        Ok((value.with_context(|| format!("{words:?}"))?, said))
    }
}
