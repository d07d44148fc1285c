//! What hosts share is killed under load, one after the other, and comes back.

use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use orchbench_etl::journal::Kind;
use serde_json::Value;

use super::place::{Place, Shared, ended};
use crate::folder::Folder;
use crate::host::Host;
use crate::until::until;

/// How long each is away.
const AWAY: Duration = Duration::from_secs(3);

/// What is killed.
#[derive(Clone, Copy, Debug)]
enum Service {
    Temporal,
    Postgres,
    Store,
}

impl Service {
    fn kill(self, place: &mut Place, shared: &mut Shared) -> Result<()> {
        match self {
            Self::Temporal => place.server.local()?.kill()?,
            Self::Postgres => shared.postgres.kill()?,
            Self::Store => shared.s3.kill(),
        }
        Ok(())
    }

    fn restart(self, place: &mut Place, shared: &mut Shared) -> Result<()> {
        match self {
            Self::Temporal => drop(place.server.local()?.restart()?),
            Self::Postgres => shared.postgres.restart()?,
            Self::Store => shared.s3.restart()?,
        }
        Ok(())
    }
}

/// A run in which a service is killed while steps are at work; false when none was.
fn struck(
    service: Service,
    run: &str,
    (place, shared): (&mut Place, &mut Shared),
    (hosts, asks, alone): (&[Host], &Folder, &Value),
) -> Result<bool> {
    let mut command = shared.materialize(place, asks, run, &[]);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let asked = command.spawn()?;
    until("some steps have ended", || {
        let ended = place.journal(Kind::Ok)?;
        let own = ended.iter();
        let own = own.filter(|record| record.run.as_deref() == Some(run));
        Ok(own.count() >= 5)
    })?;
    service.kill(place, shared)?;
    let mut hit = false;
    for host in hosts {
        hit |= place.in_flight(host.0.id(), run)?;
    }
    std::thread::sleep(AWAY);
    service.restart(place, shared)?;
    let (code, told, said) = ended(asked)?;
    ensure!(code == Some(0), "{run}: {said}");
    shared.all_made_once(place, asks, run, [&told, alone])?;
    Ok(hit)
}

#[test]
fn each_service_is_killed_under_load_and_the_run_ends_right() -> Result<()> {
    let Some(mut shared) = Shared::start()? else {
        return Ok(());
    };
    let mut place = Place::new()?;
    let journal = place.journal_dir();
    let journal = journal.to_str().context("a name")?;
    let words_of_host = ["--step-delay-ms", "60", "--journal-dir", journal];
    let disks = [Folder::new()?, Folder::new()?];
    let hosts = shared.hosts(&place, &disks, &words_of_host)?;
    let asks = Folder::new()?;
    let alone = Folder::new()?.json(0, &["materialize", "my-source"])?;
    // The store first, as what is there already is not put again.
    for service in [Service::Store, Service::Postgres, Service::Temporal] {
        let mut void = 0;
        while !struck(
            service,
            &format!("{service:?}-{void}"),
            (&mut place, &mut shared),
            (&hosts, &asks, &alone),
        )? {
            void += 1;
            ensure!(void < 5, "{service:?}: five times nothing was at work");
        }
    }
    shared.is_sound(&place, &asks)
}
