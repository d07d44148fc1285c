//! The committed JSON Schemas are those of the types. ORCHBENCH_WRITE_SCHEMAS=1 writes them.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use orchbench_evidence::record::schemas;

#[test]
fn the_committed_schemas_are_the_generated_ones() -> anyhow::Result<()> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas");
    let write = std::env::var_os("ORCHBENCH_WRITE_SCHEMAS").is_some();
    fs::create_dir_all(&dir)?;
    let mut names = BTreeSet::new();
    for (name, schema) in schemas() {
        let path = dir.join(format!("{name}.json"));
        let text = serde_json::to_string_pretty(&schema)? + "\n";
        if write {
            fs::write(&path, &text)?;
        }
        anyhow::ensure!(
            fs::read_to_string(&path).is_ok_and(|committed| committed == text),
            "{}: not the schema of today's types; write it again: ORCHBENCH_WRITE_SCHEMAS=1 cargo test -p orchbench-evidence --test schemas",
            path.display()
        );
        names.insert(format!("{name}.json"));
    }
    for entry in fs::read_dir(&dir)? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        anyhow::ensure!(names.contains(&name), "{name}: no type has this schema");
    }
    Ok(())
}
