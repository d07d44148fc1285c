//! `docs/field-cases.md` names a test for what it says: each of them is there.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, ensure};

/// The word before a test's name, and the folder that it stands for, from the root.
const FOLDERS: [(&str, &str); 10] = [
    ("assets", "harness/tests/assets"),
    ("engine", "pipelines/asset-engine/src"),
    ("etl", "pipelines/etl/tests/etl"),
    ("etl-src", "pipelines/etl/src"),
    ("evidence", "harness/evidence"),
    ("harness", "harness/tests"),
    ("run", "harness/tests/run"),
    ("server", "harness/tests/server"),
    ("temporal", "pipelines/temporal/tests/temporal"),
    ("workflow", "harness/tests/workflow"),
];

#[test]
fn each_test_that_is_named_is_there() -> Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .context("the root")?;
    let document = fs::read_to_string(root.join("docs/field-cases.md"))?;
    let code = document.split('`').skip(1).step_by(2);
    let mut looked_up = 0;
    for name in code.filter(|words| words.contains("::")) {
        let (place, test) = name.rsplit_once("::").context("a test")?;
        let (word, file) = place.split_once(':').unwrap_or(("workflow", place));
        let folder = FOLDERS.iter().find(|(known, _)| *known == word);
        let (_, folder) = folder.with_context(|| format!("{name}: {word:?} names no folder"))?;
        // Tests with a main function of their own are listed in it, by module and function.
        let (file, line) = match file.ends_with(".rs") {
            true => (file.to_owned(), format!("fn {test}(")),
            false => ("main.rs".to_owned(), format!("\"{file}::{test}\"")),
        };
        let path = root.join(folder).join(file);
        let text = fs::read_to_string(&path).with_context(|| format!("{name}: {path:?}"))?;
        ensure!(text.contains(&line), "{name}: no {line} in {path:?}");
        looked_up += 1;
    }
    ensure!(looked_up >= 100, "only {looked_up} tests are named");
    Ok(())
}
