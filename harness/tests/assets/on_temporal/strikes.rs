//! A random host is struck in each of some runs.

use std::process::Stdio;

use anyhow::{Context, Result, ensure};
use orchbench_etl::journal::Kind;
use rustix::process::Signal;

use super::place::{Place, Shared, ended, signal};
use crate::folder::Folder;
use crate::until::until;

/// Which host is struck in a run, when, and how; drawn by the run's number.
struct Strike {
    /// The first host that is looked at; the next one that is at work is struck.
    host: usize,
    /// When so many steps of the run have begun.
    steps: usize,
    freezes: bool,
}

impl Strike {
    fn of(run: u64) -> Self {
        let lot = run.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 16;
        let below = |lot: u64, bound: u64| usize::try_from(lot % bound).unwrap_or(0);
        Self {
            host: below(lot, 3),
            steps: 1 + below(lot / 3, 36),
            freezes: (lot / 128).is_multiple_of(2),
        }
    }

    fn signal(&self) -> Signal {
        match self.freezes {
            true => Signal::STOP,
            false => Signal::KILL,
        }
    }
}

/// In each run a random host is killed, or frozen until the run is over. `ORCHBENCH_STRIKES=100` makes a hundred runs.
#[test]
fn a_random_host_dies_in_each_run_and_nothing_is_lost_or_doubled() -> Result<()> {
    let Some(shared) = Shared::start()? else {
        return Ok(());
    };
    let runs: u64 = match std::env::var("ORCHBENCH_STRIKES") {
        Ok(runs) => runs.parse()?,
        Err(_) => 4,
    };
    let place = Place::new()?;
    let journal = place.journal_dir();
    let journal = journal.to_str().context("a name")?;
    let words_of_host = ["--step-delay-ms", "60", "--journal-dir", journal];
    let disks = [Folder::new()?, Folder::new()?, Folder::new()?];
    let mut hosts = shared.hosts(&place, &disks, &words_of_host)?;
    let asks = Folder::new()?;
    let alone = Folder::new()?.json(0, &["materialize", "my-source"])?;
    let (mut void, mut killed, mut frozen) = (0, 0, 0);
    let mut number = 0;
    while killed + frozen < runs {
        ensure!(void <= runs, "{void} strikes of {number} hit nothing");
        let strike = Strike::of(number);
        let id = format!("run-{number}");
        number += 1;
        let mut command = shared.materialize(&place, &asks, &id, &[]);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let run = command.spawn()?;
        let mut at = strike.host;
        until("the run has come so far", || {
            let begun = place.journal(Kind::Invoke)?;
            let own = begun
                .iter()
                .filter(|record| record.run.as_deref() == Some(&id));
            Ok(own.count() >= strike.steps)
        })?;
        for next in 0..3 {
            at = (strike.host + next) % 3;
            if place.in_flight(hosts[at].0.id(), &id)? {
                break;
            }
        }
        let host = &hosts[at];
        signal(host, strike.signal())?;
        let hit = place.in_flight(host.0.id(), &id)?;
        let (code, told, said) = ended(run)?;
        ensure!(code == Some(0), "{id}: {said}");
        if strike.freezes {
            signal(host, Signal::CONT)?;
        } else {
            hosts[at] = shared.host(&place, &disks[at], &words_of_host)?;
        }
        match (hit, strike.freezes) {
            (false, _) => void += 1,
            (true, true) => frozen += 1,
            (true, false) => killed += 1,
        }
        shared.all_made_once(&place, &asks, &id, [&told, &alone])?;
    }
    println!("{killed} killed and {frozen} frozen at work, {void} strikes hit nothing");
    shared.is_sound(&place, &asks)
}
