//! The wall: the crate's own tree has no engine, no server and not the work itself.

use std::process::Command;

#[test]
fn neither_engines_nor_servers_are_in_the_tree() -> anyhow::Result<()> {
    let output = Command::new(env!("CARGO"))
        .args([
            "tree",
            "--offline",
            "--edges",
            "normal,build",
            "--prefix",
            "none",
        ])
        .args(["--package", env!("CARGO_PKG_NAME")])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()?;
    let tree = String::from_utf8(output.stdout)?;
    let said = String::from_utf8_lossy(&output.stderr);
    anyhow::ensure!(tree.contains("orchbench-journal"), "no tree: {tree}{said}");
    let beyond = [
        "asset-engine",
        "orchbench-assets",
        "orchbench-assets-on-temporal",
        "orchbench-etl",
        "orchbench-lab",
        "orchbench-temporal",
        "parquet",
        "polars",
        "postgres",
        "rusqlite",
        "temporalio",
        "testcontainers",
        "tokio",
    ];
    for name in beyond {
        let found = tree.lines().find(|line| line.starts_with(name));
        anyhow::ensure!(found.is_none(), "{found:?} is in the tree");
    }
    Ok(())
}
