//! Has the crate built anew when a scenario or profile comes or goes, as they are embedded by
//! folder, and tells it which commit it is built from.
//!
//! The commit is looked at again when it changes, or what the binary is made of: then the crate is
//! built anew anyway.

use std::path::Path;
use std::process::Command;

/// What the binary is made of, below this folder; whatever else differs from the commit is not in
/// it.
const MADE_OF: [&str; 19] = [
    "../Cargo.lock",
    "../Cargo.toml",
    "../pipelines/asset-engine/src",
    "../pipelines/assets/src",
    "../pipelines/dagster/requirements.lock",
    "../pipelines/dagster/src",
    "../pipelines/dbt",
    "../pipelines/etl/data",
    "../pipelines/etl/sources.toml",
    "../pipelines/etl/src",
    "../pipelines/journal/src",
    "../pipelines/temporal/src",
    "evidence/claims",
    "evidence/src",
    "lab/src",
    "profiles",
    "scenarios",
    "src",
    "start/src",
];

fn main() {
    MADE_OF.iter().for_each(|path| watch(path));
    let commit = commit().unwrap_or_else(|| "unknown".to_owned());
    println!("cargo:rustc-env=ORCHBENCH_COMMIT={commit}");
}

/// The commit, with `-dirty` where what the binary is made of differs from it; `None` without git,
/// and where this file is not of the repository around it.
fn commit() -> Option<String> {
    git(&["cat-file", "-e", "HEAD:./build.rs"])?;
    let commit = git(&["rev-parse", "HEAD"])?;
    // The log of HEAD changes with every commit and checkout; where there is none, the others do.
    let branch = git(&["symbolic-ref", "--quiet", "HEAD"]);
    let names = ["HEAD", "logs/HEAD", "packed-refs"].into_iter();
    for name in names.chain(branch.as_deref()) {
        watch(&git(&["rev-parse", "--git-path", name])?);
    }
    let mut status = vec!["status", "--porcelain", "--"];
    status.extend(MADE_OF);
    Some(match git(&status)?.as_str() {
        "" => commit,
        _ => format!("{commit}-dirty"),
    })
}

/// Cargo takes a path that is not there for one that always changes.
fn watch(path: &str) {
    if Path::new(path).exists() {
        println!("cargo:rerun-if-changed={path}");
    }
}

fn git(words: &[&str]) -> Option<String> {
    let output = Command::new("git")
        .args(words)
        // A build that a hook starts is still of the checkout that it lies in.
        .env_remove("GIT_DIR")
        .env_remove("GIT_INDEX_FILE")
        .env_remove("GIT_WORK_TREE")
        .output()
        .ok()?;
    let said = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| said.trim().to_owned())
}
