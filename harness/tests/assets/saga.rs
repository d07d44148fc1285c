//! The emulated saga: an order that fails is undone, in reverse, once.

use std::os::unix::process::ExitStatusExt as _;
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use serde_json::json;

use crate::folder::{Folder, text};

const STEPS: [&str; 4] = ["materialize", "tag:saga=do", "--source", "order"];
const ONCE: [&str; 4] = ["assets", "daemon", "order", "--once"];

#[test]
fn a_failed_order_is_undone_in_reverse_and_once() -> Result<()> {
    let folder = Folder::new()?;
    folder.expect(0, &[&STEPS[..], &["--run", "good"]].concat())?;
    let fails = ["--run", "bad", "--config", r#"{"fails": "charge"}"#];
    let failed = folder.json(1, &[&STEPS[..], &fails].concat())?;
    ensure!(
        failed["failures"][0]["asset"] == "order/charged",
        "{failed}"
    );
    // Nothing undoes it before a daemon comes by: that is what the model lacks.
    let done = "do reserve good\ndo charge good\ndo ship good\ndo reserve bad\ndo charge bad\n";
    ensure!(ledger(&folder)? == done);

    let undone = folder.json(0, &ONCE)?;
    ensure!(undone["submitted"] == json!(["order-undo/bad"]), "{undone}");
    // The failed step's effect had happened, so it is undone as well; the third never began.
    let after = format!("{done}undo charge bad\nundo reserve bad\n");
    ensure!(ledger(&folder)? == after, "{}", ledger(&folder)?);

    let again = folder.json(0, &ONCE)?;
    ensure!(again["submitted"] == json!([]), "{again}");
    ensure!(ledger(&folder)? == after, "undone twice");
    Ok(())
}

/// SIGKILL to the process as soon as an effect is in the ledger, there and back; what it left is
/// gone on with, and each line is there once.
#[test]
fn an_order_killed_after_each_effect_is_undone_in_reverse_and_once() -> Result<()> {
    let run = ["--run", "bad", "--config", r#"{"fails": "charge"}"#];
    let act = [&STEPS[..], &run].concat();
    let lines = [
        "do reserve bad\n",
        "do charge bad\n",
        "undo charge bad\n",
        "undo reserve bad\n",
    ];
    let mut cut = 0;
    for effects in 1..=lines.len() {
        let folder = Folder::new()?;
        let there = effects.min(2);
        cut += u32::from(killed_after(&folder, &act, there)?);
        let ended = folder.run(&act)?;
        ensure!(ended.status.code() == Some(1), "{}", text(&ended));
        if effects > there {
            cut += u32::from(killed_after(&folder, &ONCE, effects)?);
        }
        folder.expect(0, &ONCE)?;
        folder.expect(0, &ONCE)?;
        ensure!(ledger(&folder)? == lines.concat(), "{}", ledger(&folder)?);
    }
    println!("{cut} processes were killed at work");
    ensure!(cut > 2, "the kills hit nothing");
    Ok(())
}

/// Runs a command and kills it when the ledger has this many lines; false when it was over.
fn killed_after(folder: &Folder, words: &[&str], lines: usize) -> Result<bool> {
    let mut child = folder
        .command(words)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()?;
    let deadline = Instant::now() + Duration::from_secs(60);
    // No pause between two looks: the next step is a few milliseconds away.
    while ledger(folder).unwrap_or_default().lines().count() < lines && child.try_wait()?.is_none()
    {
        ensure!(Instant::now() < deadline, "no {lines} effects");
    }
    child.kill()?;
    Ok(child.wait()?.signal() == Some(9))
}

fn ledger(folder: &Folder) -> Result<String> {
    Ok(std::fs::read_to_string(folder.path("work/orders.ledger"))?)
}
