//! A results folder from anywhere: whatever its bytes, reading it ends, and ends in an answer or in
//! an error, never in a panic; and what was sealed and then changed is no pass.
//!
//! PROPTEST_CASES sets the number of cases of each.

#[expect(dead_code, reason = "the unit tests use the rest of the builder")]
#[path = "fixtures/results.rs"]
mod results;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use orchbench_evidence as harness;
use orchbench_evidence::analysis::derive;
use orchbench_evidence::record::{Packing, ResultsFolder};
use orchbench_evidence::report;
use orchbench_evidence::results::Conclusion;
use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::Value;

/// Far above what any case takes; one that does not end would.
const LIMIT: Duration = Duration::from_secs(60);

type Files = BTreeMap<String, Vec<u8>>;

/// A sound folder, its trials open or packed, by name.
fn files(packed: bool) -> &'static Files {
    static FILES: [OnceLock<Files>; 2] = [OnceLock::new(), OnceLock::new()];
    FILES[usize::from(packed)].get_or_init(|| sound(packed).expect("a sound folder"))
}

fn sound(packed: bool) -> Result<Files> {
    let place = tempfile::tempdir()?;
    let folder = results::small_results(place.path())?;
    let mut plan = folder.plan()?;
    plan.trials.retain(|trial| trial.id != "never-begun");
    folder.write_json("plan.json", &plan)?;
    if packed {
        folder.pack(&plan, Packing::RunOver)?;
    }
    folder.seal()?;
    ensure!(derive(&folder)?.conclusion() == Conclusion::Sound);
    let mut files = Files::new();
    read(place.path(), "", &mut files)?;
    Ok(files)
}

fn read(dir: &Path, prefix: &str, files: &mut Files) -> Result<()> {
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
        if entry.file_type()?.is_dir() {
            read(&entry.path(), &format!("{name}/"), files)?;
        } else {
            files.insert(name, fs::read(entry.path())?);
        }
    }
    Ok(())
}

fn write(root: &Path, files: &Files) -> Result<()> {
    for (name, content) in files {
        let path = root.join(name);
        fs::create_dir_all(path.parent().unwrap_or(root))?;
        fs::write(path, content)?;
    }
    Ok(())
}

/// Reads, derives and reports; what cannot be read is an error.
fn concluded(root: &Path) -> Result<Conclusion> {
    let analysis = derive(&ResultsFolder::open(root)?)?;
    report::files(&analysis)?;
    Ok(analysis.conclusion())
}

fn ends(root: &Path) -> Result<Conclusion> {
    let begun = Instant::now();
    let concluded = concluded(root);
    assert!(begun.elapsed() < LIMIT, "it took {:?}", begun.elapsed());
    concluded
}

/// What is done to a file's bytes.
#[derive(Debug, Clone)]
enum Damage {
    Flip(Index, u8),
    Cut(Index),
    Insert(Index, Vec<u8>),
    Twice,
    Gone,
}

fn damage() -> impl Strategy<Value = Damage> {
    prop_oneof![
        4 => (any::<Index>(), 1..=255_u8).prop_map(|(at, mask)| Damage::Flip(at, mask)),
        2 => any::<Index>().prop_map(Damage::Cut),
        2 => (any::<Index>(), prop::collection::vec(any::<u8>(), 1..40))
            .prop_map(|(at, bytes)| Damage::Insert(at, bytes)),
        1 => Just(Damage::Twice),
        1 => Just(Damage::Gone),
    ]
}

fn damaged(files: &mut Files, which: Index, damage: &Damage) {
    let names: Vec<String> = files.keys().cloned().collect();
    let name = which.get(&names);
    let Some(bytes) = files.get_mut(name) else {
        return;
    };
    let at = |index: &Index, bytes: &[u8]| index.index(bytes.len().max(1));
    match damage {
        Damage::Flip(index, mask) => {
            let at = at(index, bytes);
            if let Some(byte) = bytes.get_mut(at) {
                *byte ^= mask;
            }
        }
        Damage::Cut(index) => bytes.truncate(at(index, bytes)),
        Damage::Insert(index, more) => {
            let at = at(index, bytes).min(bytes.len());
            bytes.splice(at..at, more.iter().copied());
        }
        Damage::Twice => bytes.extend_from_within(..),
        Damage::Gone => drop(files.remove(name)),
    }
}

/// Values that a field of a file from elsewhere may have.
fn foreign() -> impl Strategy<Value = Value> {
    prop_oneof![
        prop::sample::select(vec![
            0.0,
            -1.0,
            1e-320,
            0.5,
            1e17,
            1e18,
            1e300,
            f64::MAX,
            4_294_967_295.0
        ])
        .prop_map(Value::from),
        prop::sample::select(vec![0, 1, u64::from(u32::MAX), u64::MAX - 1, u64::MAX])
            .prop_map(Value::from),
        prop::sample::select(vec![
            "",
            "../../x",
            "a\nb",
            "a|b",
            "]('x'",
            "<script>",
            "\u{0}",
            "\u{202e}",
            "é",
            "-1",
            "1e999",
            "18446744073709551615",
        ])
        .prop_map(Value::from),
        Just(Value::Null),
        Just(Value::Array(Vec::new())),
        Just(Value::Bool(true)),
        Just(Value::from("long".repeat(5_000))),
    ]
}

/// The leaves of a value, by pointer.
fn leaves(value: &Value, path: &str, found: &mut Vec<String>) {
    match value {
        Value::Object(fields) if !fields.is_empty() => {
            for (name, each) in fields {
                let name = name.replace('~', "~0").replace('/', "~1");
                leaves(each, &format!("{path}/{name}"), found);
            }
        }
        Value::Array(items) if !items.is_empty() => {
            for (index, each) in items.iter().enumerate() {
                leaves(each, &format!("{path}/{index}"), found);
            }
        }
        _ => found.push(path.to_owned()),
    }
}

/// Puts a foreign value into a leaf of a line, or of a whole file.
fn replaced(text: &[u8], lines: bool, pick: (Index, Index), foreign: &Value) -> Vec<u8> {
    let text = String::from_utf8_lossy(text).into_owned();
    let mut documents: Vec<String> = match lines {
        true => text.lines().map(str::to_owned).collect(),
        false => vec![text],
    };
    if documents.is_empty() {
        return Vec::new();
    }
    let at = pick.0.index(documents.len());
    if let Ok(mut value) = serde_json::from_str::<Value>(&documents[at]) {
        let mut found = Vec::new();
        leaves(&value, "", &mut found);
        if let Some(leaf) = value.pointer_mut(&found[pick.1.index(found.len())]) {
            *leaf = foreign.clone();
        }
        documents[at] = value.to_string();
    }
    (documents.join("\n") + "\n").into_bytes()
}

/// The events of every trial begin with the plan that plan.json has of it.
fn planned_alike(files: &mut Files) {
    let plan: Option<Value> = files
        .get("plan.json")
        .and_then(|text| serde_json::from_slice(text).ok());
    let trials = plan.and_then(|plan| plan["trials"].as_array().cloned());
    for trial in trials.unwrap_or_default() {
        let name = format!("open/{}/events.jsonl", trial["id"].as_str().unwrap_or("?"));
        let Some(text) = files.get(&name) else {
            continue;
        };
        let text = String::from_utf8_lossy(text).into_owned();
        let Some((first, rest)) = text.split_once('\n') else {
            continue;
        };
        if let Ok(mut started) = serde_json::from_str::<Value>(first)
            && started.get("plan").is_some()
        {
            started["plan"] = trial;
            files.insert(name, format!("{started}\n{rest}").into_bytes());
        }
    }
}

/// The greatest numbers that fit, where the next one is counted or several are added.
#[test]
fn numbers_at_the_end_of_their_range_are_no_panic() -> Result<()> {
    let numbers = [
        "seq",
        "t_ns",
        "attempt",
        "accepted",
        "quarantined",
        "rows_changed",
    ];
    for name in numbers {
        let place = tempfile::tempdir()?;
        let mut changed = 0;
        let mut files = files(false).clone();
        for (file, content) in &mut files {
            if !file.starts_with("open/") {
                continue;
            }
            let text = String::from_utf8_lossy(content).into_owned();
            let most = if name == "attempt" {
                u64::from(u32::MAX)
            } else {
                u64::MAX
            };
            let greatest = at_most(&text, name, most);
            changed += usize::from(greatest != text);
            *content = greatest.into_bytes();
        }
        ensure!(changed > 0, "{name}: nowhere");
        write(place.path(), &files)?;
        let _ = concluded(place.path());
    }
    Ok(())
}

/// A text in which every number of this name is the greatest.
fn at_most(text: &str, name: &str, most: u64) -> String {
    let mark = format!("\"{name}\":");
    let mut parts = text.split(&mark);
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |whole, part| {
        let digits = part.bytes().take_while(u8::is_ascii_digit).count();
        let number = if digits > 0 {
            most.to_string()
        } else {
            String::new()
        };
        format!("{whole}{mark}{number}{}", &part[digits..])
    })
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: ProptestConfig::default().cases.min(if std::env::var_os("PROPTEST_CASES").is_some() {
            u32::MAX
        } else {
            40
        }),
        // A case that fails is printed, to be made a test of its own.
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn damaged_bytes_are_no_pass(
        packed in any::<bool>(),
        damages in prop::collection::vec((any::<Index>(), damage()), 1..4),
    ) {
        let mut changed = files(packed).clone();
        for (which, damage) in &damages {
            damaged(&mut changed, *which, damage);
        }
        let place = tempfile::tempdir()?;
        write(place.path(), &changed).map_err(|error| TestCaseError::fail(error.to_string()))?;
        let found = ends(place.path());
        let sound = matches!(found, Ok(Conclusion::Sound));
        // The bytes of an archive or of JSON may differ, and say the same.
        let same_words = changed.iter().all(|(name, content)| {
            files(packed).get(name) == Some(content)
                || name.ends_with(".gz")
                || name == "manifest.json"
        });
        prop_assert!(!sound || same_words, "{damages:?}");
    }

    #[test]
    fn foreign_values_end_in_an_answer_or_in_an_error(
        changes in prop::collection::vec((any::<Index>(), any::<(Index, Index)>(), foreign()), 1..4),
    ) {
        let mut changed = files(false).clone();
        for (which, pick, foreign) in &changes {
            let names: Vec<String> = changed.keys().filter(|name| !name.ends_with(".gz")).cloned().collect();
            // Half the changes go into plan and environment, which everything rests on.
            let name = match which.index(4) {
                0 => "plan.json",
                1 => "environment.json",
                _ => &names[which.index(names.len())],
            };
            let text = replaced(&changed[name], name.ends_with(".jsonl"), *pick, foreign);
            changed.insert(name.to_owned(), text);
        }
        planned_alike(&mut changed);
        let place = tempfile::tempdir()?;
        write(place.path(), &changed).map_err(|error| TestCaseError::fail(error.to_string()))?;
        // Sealed again where it can be, so that what is behind the seal is read.
        let _ = ResultsFolder::open(place.path()).map(|folder| folder.seal());
        let _ = ends(place.path());
    }
}
