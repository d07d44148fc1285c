//! What a folder does with trials half written, packs and files from elsewhere.

#![expect(clippy::unwrap_used, reason = "tests stop at the first surprise")]

mod hostile;

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;

use super::*;
use crate::record::{Event, EventBody, FORMAT_VERSION, TrialPlan, TrialStatus, WarehouseRow};

fn trial(id: &str, scenario: &str) -> TrialPlan {
    TrialPlan {
        id: id.into(),
        scenario: scenario.into(),
        experiment: "overhead".into(),
        engine: "direct".into(),
        settings: "default".into(),
        block: 0,
        factors: BTreeMap::new(),
        parameters: serde_json::Value::Null,
        sources: Vec::new(),
        faults: Vec::new(),
        side_by_side: 1,
        twin: false,
    }
}

fn plan(trials: &[TrialPlan]) -> Plan {
    Plan {
        format_version: FORMAT_VERSION,
        profile: "test".into(),
        seed: 1,
        trials: trials.to_vec(),
        engines: crate::measure::fixture::engines(),
        left_out: Vec::new(),
    }
}

fn ended(t_ns: u64) -> Event {
    let body = EventBody::TrialEnded {
        events: None,
        status: TrialStatus::Completed,
        reason: None,
    };
    Event { t_ns, body }
}

fn killed(t_ns: u64) -> Event {
    let body = EventBody::ServerKilled { pid: None };
    Event { t_ns, body }
}

/// When the trial's last event was, as the folder has it.
fn last(folder: &ResultsFolder, plan: &TrialPlan) -> Option<u64> {
    let events = folder.trial(plan).unwrap()?.events().unwrap()?;
    events.last().map(|event| event.t_ns)
}

fn folder() -> (TempDir, ResultsFolder) {
    let place = tempfile::tempdir().unwrap();
    let folder = ResultsFolder::create(&place.path().join("results")).unwrap();
    (place, folder)
}

#[test]
fn only_ended_trials_are_packed_until_the_run_is_over() {
    let (_place, folder) = folder();
    let trials = [
        trial("done", "a"),
        trial("going", "a"),
        trial("other", "b"),
        trial("never", "b"),
    ];
    let plan = plan(&trials);
    for (id, event) in [
        ("done", ended(1)),
        ("going", killed(2)),
        ("other", ended(3)),
    ] {
        let open = folder.begin_trial(id).unwrap();
        open.write_events(&[event]).unwrap();
    }
    folder.pack(&plan, Packing::Ended).unwrap();
    let open = |id: &str| folder.open_trial(id).unwrap().dir().exists();
    assert_eq!(
        [open("done"), open("going"), open("other")],
        [false, true, false]
    );
    let found = trials.each_ref().map(|trial| last(&folder, trial));
    assert_eq!(found, [Some(1), Some(2), Some(3), None]);
    folder.pack(&plan, Packing::RunOver).unwrap();
    assert!(!folder.root().join("open").exists());
    let again = ResultsFolder::at(folder.root());
    assert_eq!(trials.each_ref().map(|trial| last(&again, trial)), found);
}

#[test]
fn packing_adds_to_what_the_pack_has_and_gives_the_same_bytes() {
    let bytes = [true, false].map(|at_once| {
        let (_place, folder) = folder();
        let plan = plan(&[trial("b", "s"), trial("a", "s")]);
        for id in ["b", "a"] {
            let open = folder.begin_trial(id).unwrap();
            fs::create_dir_all(open.journal_dir()).unwrap();
            fs::write(open.journal_dir().join("1-7.jsonl"), id).unwrap();
            open.write_events(&[ended(1)]).unwrap();
            if !at_once {
                // A harness that was started anew knows only what is on disk.
                let folder = ResultsFolder::at(folder.root());
                folder.pack(&plan, Packing::Ended).unwrap();
            }
        }
        folder.pack(&plan, Packing::RunOver).unwrap();
        fs::read(folder.root().join("evidence/s.tar.gz")).unwrap()
    });
    assert_eq!(bytes[0], bytes[1]);
}

#[test]
fn a_trial_that_is_open_and_packed_is_read_as_it_is_open() {
    let (_place, folder) = folder();
    let one = trial("t", "s");
    let plan = plan(std::slice::from_ref(&one));
    for t_ns in [1, 2] {
        let open = folder.begin_trial("t").unwrap();
        open.write_events(&[ended(t_ns)]).unwrap();
        assert_eq!(last(&folder, &one), Some(t_ns));
        folder.pack(&plan, Packing::Ended).unwrap();
        assert_eq!(last(&folder, &one), Some(t_ns));
    }
    // Killed while it removed the open folder: what is left of that is no trial.
    let gone = folder.root().join("open/.t.gone");
    fs::create_dir_all(&gone).unwrap();
    fs::write(gone.join("applied.jsonl"), "{").unwrap();
    assert_eq!(last(&folder, &one), Some(2));
    folder.pack(&plan, Packing::RunOver).unwrap();
    assert!(!gone.exists());
}

#[test]
fn a_row_set_is_kept_once() {
    let (_place, folder) = folder();
    for id in ["a", "b"] {
        folder
            .begin_trial(id)
            .unwrap()
            .write_rows("tiny", &[])
            .unwrap();
    }
    assert_eq!(fs::read_dir(folder.root().join("rows")).unwrap().count(), 1);
    let digest = folder
        .trial(&trial("a", "s"))
        .unwrap()
        .unwrap()
        .rows("tiny")
        .unwrap();
    assert_eq!(folder.rows(&digest.unwrap()).unwrap(), []);
}

#[test]
fn trials_side_by_side_may_keep_the_same_rows() {
    let (_place, folder) = folder();
    let row = |key: u32| WarehouseRow {
        day: "2013-01-01".parse().unwrap(),
        key: key.to_string(),
        digest: "d".repeat(64),
    };
    let rows: Vec<WarehouseRow> = (0..2_000).map(row).collect();
    let digests = std::thread::scope(|scope| {
        let keep = || folder.keep_rows(&rows).unwrap();
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(keep)).collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .collect::<Vec<_>>()
    });
    assert!(
        digests
            .iter()
            .all(|digest| folder.rows(digest).unwrap() == rows)
    );
    assert_eq!(fs::read_dir(folder.root().join("rows")).unwrap().count(), 1);
}

#[test]
fn foreign_names_are_refused_by_name() {
    let (_place, folder) = folder();
    let message = |error: FolderError| error.to_string();
    let refused = folder.begin_trial("../../etc").map(drop).map_err(message);
    let words = "results folder: trial \"../../etc\": expected a plain file name";
    assert!(refused.is_err_and(|error| error.starts_with(words)));
    let open = folder.begin_trial("t").unwrap();
    assert!(open.write_rows("a/b", &[]).is_err());
    for (foreign, words) in [
        (trial("../t", "s"), "trial \"../t\""),
        (trial("t2", "../s"), "scenario \"../s\""),
    ] {
        folder.write_json("plan.json", &plan(&[foreign])).unwrap();
        let refused = folder.plan().map(drop).map_err(message);
        assert!(
            refused.as_ref().is_err_and(|error| error.contains(words)),
            "{refused:?}"
        );
    }
    fs::write(open.dir().join("notes.txt"), "").unwrap();
    let refused = folder.trial(&trial("t", "s")).map(drop).map_err(message);
    assert!(
        refused.is_err_and(|error| error.contains("t/notes.txt: expected a file that a trial has"))
    );
}

#[test]
fn a_link_in_place_of_a_file_is_refused() {
    let (place, folder) = folder();
    let open = folder.begin_trial("t").unwrap();
    std::os::unix::fs::symlink("/etc/hostname", open.events_path()).unwrap();
    assert!(folder.trial(&trial("t", "s")).is_err());
    assert!(export(&folder, &place.path().join("out.tar.gz")).is_err());
}

#[test]
fn an_export_into_the_folder_itself_is_refused() {
    let (_place, folder) = folder();
    let refused = export(&folder, &folder.root().join("out.tar.gz"));
    assert!(refused.is_err_and(|error| error.to_string().contains("outside the results folder")));
}

/// An archive of one member, whose name is written as it stands.
fn archive_of(path: &Path, name: &str, kind: tar::EntryType) {
    let mut header = tar::Header::new_gnu();
    header.as_mut_bytes()[..name.len()].copy_from_slice(name.as_bytes());
    header.set_entry_type(kind);
    header.set_size(0);
    if kind.is_symlink() {
        header.set_link_name("/etc/passwd").unwrap();
    }
    header.set_cksum();
    let gzip = GzEncoder::new(File::create(path).unwrap(), Compression::fast());
    let mut tar = tar::Builder::new(gzip);
    tar.append(&header, [].as_slice()).unwrap();
    tar.into_inner().unwrap().finish().unwrap();
}

#[test]
fn hostile_members_of_an_archive_are_refused_by_name() {
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("hostile.tar.gz");
    for (name, kind, words) in [
        ("../evil", tar::EntryType::Regular, "\"../evil\""),
        ("/etc/evil", tar::EntryType::Regular, "\"/etc/evil\""),
        ("a/../../evil", tar::EntryType::Regular, "\"a/../../evil\""),
        (
            "plan.json",
            tar::EntryType::Symlink,
            "expected a regular file, found Symlink",
        ),
        (
            "plan.json",
            tar::EntryType::Link,
            "expected a regular file, found Link",
        ),
    ] {
        archive_of(&file, name, kind);
        let refused = ResultsFolder::open(&file)
            .map(drop)
            .map_err(|error| error.to_string());
        assert!(
            refused.as_ref().is_err_and(|error| error.contains(words)),
            "{refused:?}"
        );
    }
    fs::write(&file, "no archive").unwrap();
    assert!(ResultsFolder::open(&file).is_err());
}

#[test]
fn a_damaged_pack_is_no_pack_without_the_trial() {
    let (_place, folder) = folder();
    let one = trial("t", "s");
    folder
        .begin_trial("t")
        .unwrap()
        .write_events(&[ended(1)])
        .unwrap();
    folder
        .pack(&plan(std::slice::from_ref(&one)), Packing::Ended)
        .unwrap();
    let path = folder.root().join("evidence/s.tar.gz");
    let whole = fs::read(&path).unwrap();
    let mut flipped = whole.clone();
    // The checksum of what gzip packed stands in the last eight bytes.
    let last = flipped.len() - 6;
    flipped[last] ^= 1;
    for damaged in [
        &whole[..whole.len() / 2],
        &whole[..whole.len() - 4],
        &flipped,
    ] {
        fs::write(&path, damaged).unwrap();
        assert!(ResultsFolder::at(folder.root()).trial(&one).is_err());
    }
}
