//! Folders that lead out of themselves, that unpack to more than there is, and files half written.

use std::io::Write as _;
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;

use super::*;
use crate::record::folder::{aside, bounded};

#[test]
fn a_link_in_the_folder_is_refused_before_anything_is_written_through_it() {
    for name in ["open", "evidence", "rows", "charts", "plan.json", "rows/x"] {
        let (place, folder) = folder();
        let outside = place.path().join("outside");
        fs::create_dir(&outside).unwrap();
        let link = folder.root().join(name);
        fs::create_dir_all(link.parent().unwrap()).unwrap();
        symlink(&outside, &link).unwrap();
        let words = format!("{name}: expected a file or folder, found a symbolic link");
        let refused = ResultsFolder::create(folder.root()).map(drop);
        assert!(refused.is_err_and(|error| error.to_string().contains(&words)));
        for file in ["plan.json", "environment.json"] {
            let path = folder.root().join(file);
            if path.symlink_metadata().is_err() {
                fs::write(path, "{}").unwrap();
            }
        }
        let refused = ResultsFolder::open(folder.root()).map(drop);
        assert!(refused.is_err_and(|error| error.to_string().contains(&words)));
        assert_eq!(fs::read_dir(&outside).unwrap().count(), 0);
    }
}

#[test]
fn what_is_neither_a_file_nor_a_folder_is_refused_and_not_waited_for() {
    let (_place, folder) = folder();
    let _socket = UnixListener::bind(folder.root().join("plan.json")).unwrap();
    let refused = ResultsFolder::create(folder.root()).map(drop);
    let words = "plan.json: expected a file or folder, found neither";
    assert!(refused.is_err_and(|error| error.to_string().contains(words)));
}

#[test]
fn a_link_in_the_place_of_the_file_is_replaced_and_not_followed() {
    let (place, folder) = folder();
    let outside = place.path().join("outside");
    fs::write(&outside, "theirs").unwrap();
    symlink(&outside, folder.root().join("report.md")).unwrap();
    folder.write_text("report.md", "ours").unwrap();
    assert_eq!(fs::read_to_string(&outside).unwrap(), "theirs");
    let written = folder.root().join("report.md");
    assert!(!written.symlink_metadata().unwrap().is_symlink());
    assert_eq!(fs::read_to_string(written).unwrap(), "ours");
}

#[test]
fn names_in_the_making_cannot_be_foreseen() {
    let (_place, folder) = folder();
    let names = || -> Vec<String> {
        let mut found = Vec::new();
        aside::write_with(&folder.root().join("x"), |_| {
            let names = fs::read_dir(folder.root()).unwrap().flatten();
            found = names
                .map(|entry| entry.file_name().to_string_lossy().into_owned())
                .filter(|name| name.ends_with(".partial"))
                .collect();
            Ok(())
        })
        .unwrap();
        found
    };
    let (first, second) = (names(), names());
    assert!(first.len() == 1 && second.len() == 1 && first != second);
    assert!(
        !first[0].contains(&std::process::id().to_string()),
        "{first:?}"
    );
}

#[test]
fn a_write_that_fails_leaves_what_was_there_and_nothing_beside_it() {
    let (_place, folder) = folder();
    folder.write_text("report.md", "whole").unwrap();
    let failed = aside::write_with(&folder.root().join("report.md"), |file| {
        file.write_all(b"half")?;
        Err(std::io::ErrorKind::StorageFull.into())
    });
    assert!(failed.is_err());
    let report = folder.root().join("report.md");
    assert_eq!(fs::read_to_string(report).unwrap(), "whole");
    assert_eq!(fs::read_dir(folder.root()).unwrap().count(), 1);
}

#[test]
fn a_row_set_that_is_half_there_is_kept_anew() {
    let (_place, folder) = folder();
    let row = WarehouseRow {
        day: "2013-01-01".parse().unwrap(),
        key: "k".into(),
        digest: "d".repeat(64),
    };
    let digest = folder.keep_rows(std::slice::from_ref(&row)).unwrap();
    let path = folder.row_set_path(&digest).unwrap();
    let whole = fs::read(&path).unwrap();
    fs::write(&path, &whole[..whole.len() / 2]).unwrap();
    assert!(folder.rows(&digest).is_err());
    assert_eq!(
        folder.keep_rows(std::slice::from_ref(&row)).unwrap(),
        digest
    );
    assert_eq!(folder.rows(&digest).unwrap(), [row]);
}

#[test]
fn a_few_bytes_that_unpack_to_more_than_the_bound_are_refused() {
    let (_place, folder) = folder();
    let digest = "0".repeat(64);
    let path = folder.row_set_path(&digest).unwrap();
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let mut gzip = GzEncoder::new(File::create(&path).unwrap(), Compression::fast());
    let zeros = vec![0; 1 << 20];
    for _ in 0..=bounded::MAX_BYTES >> 20 {
        gzip.write_all(&zeros).unwrap();
    }
    gzip.finish().unwrap();
    assert!(path.metadata().unwrap().len() < 8 << 20);
    let refused = folder.rows(&digest).map(drop);
    let words = "expected at most 536870912 bytes, found more";
    assert!(refused.is_err_and(|error| error.to_string().contains(words)));
}

#[test]
fn a_plan_lists_each_trial_once_and_names_no_source_outside() {
    let (_place, folder) = folder();
    let twice = [trial("t", "s"), trial("u", "s"), trial("t", "s")];
    let mut foreign = trial("t", "s");
    foreign.sources = vec!["../../x".into()];
    for (plan, words) in [
        (
            plan(&twice),
            "plan.json: expected each trial once, found trial \"t\" twice",
        ),
        (
            plan(&[foreign]),
            "source \"../../x\": expected a plain file name",
        ),
    ] {
        folder.write_json("plan.json", &plan).unwrap();
        let refused = folder.plan().map(drop).map_err(|error| error.to_string());
        assert!(
            refused.as_ref().is_err_and(|error| error.contains(words)),
            "{refused:?}"
        );
    }
}

#[test]
fn one_run_at_a_time_claims_a_folder() {
    let (_place, folder) = folder();
    let claim = folder.claim().unwrap();
    let again = ResultsFolder::create(folder.root()).unwrap();
    let refused = again.claim().map(drop).map_err(|error| error.to_string());
    assert!(refused.is_err_and(|error| error.contains("found a run that goes on in it")));
    drop(claim);
    again.claim().unwrap();
}
