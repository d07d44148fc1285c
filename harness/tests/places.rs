//! Where an experiment and an engine are named: the lists of CONTRIBUTING.md are exact. And that the modules of
//! each crate hang together without a circle.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Result, ensure};

/// Rust sources below a folder.
fn sources(dir: &Path, found: &mut Vec<PathBuf>) -> Result<()> {
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        if path.is_dir() {
            sources(&path, found)?;
        } else if path.extension().is_some_and(|ending| ending == "rs")
            && !path.ends_with("tests.rs")
        {
            found.push(path);
        }
    }
    Ok(())
}

/// The code of a file, without its tests and without lines of comment.
fn code(path: &Path) -> Result<String> {
    let text = fs::read_to_string(path)?;
    let code = text.split("#[cfg(test)]").next().unwrap_or_default();
    Ok(code
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"))
        .fold(String::new(), |code, line| code + line + "\n"))
}

/// Where a text that is an experiment's name is another thing's.
const ANOTHER_NAME: [(&str, &str); 1] = [("evidence/src/check/saga.rs", "an invariant's")];

#[test]
fn an_experiment_is_named_in_its_two_files_and_nowhere_else() -> Result<()> {
    let harness = Path::new(env!("CARGO_MANIFEST_DIR"));
    let halves = ["src/experiment", "evidence/src/experiment"].map(|half| harness.join(half));
    let mut files = Vec::new();
    sources(&harness.join("src"), &mut files)?;
    sources(&harness.join("evidence/src"), &mut files)?;
    for experiment in orchbench::experiment::all() {
        let file = experiment.name.replace('-', "_");
        let own = |path: &Path| {
            halves.iter().any(|half| {
                path == half.join(format!("{file}.rs")) || path.starts_with(half.join(&file))
            })
        };
        for half in &halves {
            ensure!(
                half.join(format!("{file}.rs")).is_file(),
                "no {file}.rs in {}",
                half.display()
            );
        }
        let name = format!("\"{}\"", experiment.name);
        let another = |path: &Path| {
            let mut places = ANOTHER_NAME.iter();
            places.any(|(file, _)| path == harness.join(file))
        };
        for path in files.iter().filter(|path| !own(path) && !another(path)) {
            ensure!(
                !code(path)?.contains(&name),
                "{} names {name}",
                path.display()
            );
        }
        // Each half has its line in the registry: the module, and the entry.
        for half in &halves {
            let registry = code(&half.with_extension("rs"))?;
            let places = registry.matches(&format!("{file}::EXPERIMENT")).count();
            ensure!(
                places == 1,
                "{}: {places} entries of {file}",
                half.display()
            );
        }
    }
    Ok(())
}

/// Where a text that is an engine's name is another thing's.
const ANOTHER_THING: [(&str, &str); 4] = [
    (
        "evidence/src/claim/guidance.rs",
        "the sides of the user's table",
    ),
    (
        "lab/src/server/docker/postgres.rs",
        "a user of the database",
    ),
    ("lab/src/server/provision.rs", "a program"),
    ("start/src/program.rs", "a program"),
];

#[test]
fn an_engine_is_named_in_its_own_file_and_nowhere_else() -> Result<()> {
    let harness = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    for src in ["src", "evidence/src", "lab/src", "start/src"] {
        sources(&harness.join(src), &mut files)?;
    }
    let mut another = BTreeSet::new();
    for engine in orchbench::engine::all() {
        let own = format!("src/engine/{}", engine.name.replace('-', "_"));
        let mut at_home = 0;
        for path in &files {
            let place = path.strip_prefix(harness)?.to_string_lossy().into_owned();
            let found = code(path)?.matches(&format!("{:?}", engine.name)).count();
            if place.starts_with(&own) {
                at_home += found;
            } else if ANOTHER_THING.iter().any(|(file, _)| *file == place) {
                another.extend((found > 0).then_some(place));
            } else {
                ensure!(found == 0, "{place} names {}", engine.name);
            }
        }
        ensure!(at_home == 1, "{own} names {} {at_home} times", engine.name);
    }
    let gone = |(file, _): &&(&str, &str)| !another.contains(*file);
    ensure!(!ANOTHER_THING.iter().any(|each| gone(&each)), "{another:?}");
    Ok(())
}

/// Which modules of a crate use which, by their paths from the crate's root.
fn uses(src: &Path) -> Result<BTreeMap<String, BTreeSet<String>>> {
    let mut files = Vec::new();
    sources(src, &mut files)?;
    let mut uses: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for path in files {
        let below = path.strip_prefix(src)?.to_string_lossy().into_owned();
        let module = below
            .split('/')
            .next()
            .unwrap_or_default()
            .replace(".rs", "");
        if ["lib", "main"].contains(&module.as_str()) {
            continue;
        }
        let text = code(&path)?;
        let named = text.split("crate::").skip(1).map(|rest| {
            let end = rest.find(|each: char| !each.is_alphanumeric() && each != '_');
            rest[..end.unwrap_or(rest.len())].to_owned()
        });
        let used = uses.entry(module.clone()).or_default();
        used.extend(named.filter(|name| *name != module));
    }
    Ok(uses)
}

#[test]
fn no_module_of_the_harness_or_of_the_evidence_uses_itself_through_another() -> Result<()> {
    for src in ["src", "evidence/src", "lab/src", "start/src"] {
        let mut uses = uses(&Path::new(env!("CARGO_MANIFEST_DIR")).join(src))?;
        // What uses no other module is taken away until nothing is left, or a circle is.
        while !uses.is_empty() {
            let modules: BTreeSet<String> = uses.keys().cloned().collect();
            let done: Vec<String> = uses
                .iter()
                .filter(|(_, used)| used.is_disjoint(&modules))
                .map(|(module, _)| module.clone())
                .collect();
            ensure!(!done.is_empty(), "{src}: a circle among {uses:?}");
            uses.retain(|module, _| !done.contains(module));
        }
    }
    Ok(())
}
