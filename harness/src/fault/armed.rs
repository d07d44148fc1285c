//! A fault plan in force: rules for the processes, a listener a rendezvous, a thread a fault.

use std::io::{BufRead as _, BufReader, ErrorKind};
use std::os::unix::net::{UnixListener, UnixStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use orchbench_etl::{CrashAction, CrashPlan, CrashRule, Rendezvous};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use super::{At, Database, Fault, Planned, Scene, in_flight};
use crate::engine::{Session, Target, Trial, TrialError};
use orchbench_evidence::record::TrialStatus;
use orchbench_lab::process::TempFolder;

/// How often a thread looks whether somebody came, or the trial is over.
const LOOK: Duration = Duration::from_millis(2);

/// A plan in force for one trial.
pub struct Armed {
    planned: Vec<Planned>,
    crash: CrashPlan,
    listeners: Vec<Option<UnixListener>>,
    database: Option<Database>,
    // A path in it is short, as that of a unix socket must be.
    _sockets: TempFolder,
}

impl Armed {
    /// Arms a plan and records that.
    ///
    /// # Errors
    /// When a socket or folder cannot be made.
    pub fn arm(trial: &Trial<'_>, planned: Vec<Planned>) -> Result<Self, TrialError> {
        let hits_database = planned.iter().any(|each| each.strikes(Target::Database));
        let sockets =
            TempFolder::create("faults").map_err(|error| TrialError::Plan(error.to_string()))?;
        let steps_apart = (trial.engine.steps_apart)(trial.execution()?);
        let mut rules = Vec::new();
        let mut listeners = Vec::new();
        for (index, each) in planned.iter().enumerate() {
            trial.armed(&each.fault, &each.target())?;
            let socket = sockets.path().join(index.to_string());
            let mut listener = None;
            if let At::Point(at) = &each.at {
                let action = if each.is_own_kill(steps_apart) {
                    CrashAction::KillSelf
                } else {
                    listener = Some(listen(&socket)?);
                    CrashAction::Rendezvous { socket }
                };
                rules.push(CrashRule {
                    id: rule_id(index),
                    step: at.step,
                    partition: None,
                    attempt: Some(at.attempt),
                    point: at.point,
                    action,
                });
            }
            listeners.push(listener);
        }
        Ok(Self {
            planned,
            crash: CrashPlan {
                rules,
                dir: trial.dir("crash")?,
            },
            listeners,
            database: if hits_database {
                Database::start(trial)?
            } else {
                None
            },
            _sockets: sockets,
        })
    }

    /// What the worker processes are told.
    pub fn crash(&self) -> CrashPlan {
        self.crash.clone()
    }

    /// Where the warehouse is to be, when a fault is to hit its server.
    pub fn warehouse(&self) -> Option<String> {
        self.database.as_ref()?.url().map(str::to_owned)
    }

    /// Does the work while the faults strike. A trial in which one of them did not is void.
    ///
    /// # Errors
    /// The work's own, else the first fault's that the harness could not make.
    pub fn during(
        &self,
        trial: &Trial<'_>,
        session: &dyn Session,
        work: impl FnOnce() -> Result<(), TrialError>,
    ) -> Result<TrialStatus, TrialError> {
        let over = AtomicBool::new(false);
        let (worked, struck) = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..self.planned.len())
                .map(|index| {
                    let over = &over;
                    scope.spawn(move || self.one(index, trial, session, over))
                })
                .collect();
            let worked = work();
            over.store(true, Ordering::Relaxed);
            let struck: Vec<Result<bool, TrialError>> = threads
                .into_iter()
                .map(|thread| {
                    thread
                        .join()
                        .unwrap_or_else(|_| Err(TrialError::Plan("a fault's thread died".into())))
                })
                .collect();
            (worked, struck)
        });
        worked?;
        let struck: Vec<bool> = struck.into_iter().collect::<Result<_, _>>()?;
        Ok(match struck.into_iter().all(|hit| hit) {
            true => TrialStatus::Completed,
            false => TrialStatus::Void,
        })
    }

    /// One fault from its trigger to its healing; false when its moment never came.
    fn one(
        &self,
        index: usize,
        trial: &Trial<'_>,
        session: &dyn Session,
        over: &AtomicBool,
    ) -> Result<bool, TrialError> {
        let planned = &self.planned[index];
        let is_over = || over.load(Ordering::Relaxed) || trial.interrupted();
        if matches!(planned.at, At::Point(_)) && self.listeners[index].is_none() {
            while !is_over() {
                std::thread::sleep(LOOK);
            }
            return self.own_kill(index, trial);
        }
        let (pid, target, stream) = match &self.listeners[index] {
            Some(listener) => match accept(listener, &is_over)? {
                Some((met, stream)) => (Some(met.pid), planned.target(), Some(stream)),
                None => return Ok(false),
            },
            None => match self.instant(index, trial, &is_over)? {
                Some((key, pid)) => (pid, key, None),
                None => return Ok(false),
            },
        };
        let of_session = Database::of_session(trial);
        let scene = Scene {
            trial,
            session,
            database: self.database.as_ref().or(of_session.as_ref()),
            pid,
        };
        let fault = Fault::of(&planned.fault)?;
        let struck = (fault.strike)(&scene)?;
        trial.fired(&planned.fault, &target, struck.first().copied())?;
        // The end of the connection lets the step go on, where it still lives.
        drop(stream);
        // The fault's own duration, as long on every engine; no state is waited for.
        std::thread::sleep(Duration::from_millis(planned.hold_ms));
        (fault.heal)(&scene, &struck)?;
        Ok(true)
    }

    /// What the marker says of the process that killed itself.
    fn own_kill(&self, index: usize, trial: &Trial<'_>) -> Result<bool, TrialError> {
        let marker = self.crash.dir.join(rule_id(index));
        let Ok(text) = std::fs::read_to_string(marker) else {
            return Ok(false);
        };
        let pid = text.split_whitespace().last();
        let planned = &self.planned[index];
        trial.fired(
            &planned.fault,
            &planned.target(),
            pid.and_then(|pid| pid.parse().ok()),
        )?;
        Ok(true)
    }

    /// Waits for the drawn instant, then for a step in flight.
    fn instant(
        &self,
        index: usize,
        trial: &Trial<'_>,
        over: &dyn Fn() -> bool,
    ) -> Result<Option<(String, Option<u32>)>, TrialError> {
        let At::Instant(at) = &self.planned[index].at else {
            return Ok(None);
        };
        let wait = draw(trial.seed(), &trial.plan.id, index, at.within_ms);
        let begun = std::time::Instant::now();
        while begun.elapsed() < wait && !over() {
            std::thread::sleep(LOOK);
        }
        in_flight::await_step(trial, over)
    }
}

fn rule_id(index: usize) -> String {
    format!("fault-{index}")
}

/// The instant of a fault: the same for the same seed, trial and place in the plan.
fn draw(seed: u64, trial: &str, index: usize, within_ms: u64) -> Duration {
    let mut mixed = seed ^ index as u64;
    for byte in trial.bytes() {
        // FNV-1a: any spread will do, as long as it stays the same from run to run.
        mixed = (mixed ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
    }
    let within = within_ms.max(1);
    Duration::from_millis(StdRng::seed_from_u64(mixed).random_range(0..within))
}

/// Listens at a rendezvous.
///
/// # Errors
/// When the socket cannot be made.
pub(crate) fn listen(socket: &std::path::Path) -> Result<UnixListener, TrialError> {
    UnixListener::bind(socket)
        .and_then(|listener| listener.set_nonblocking(true).map(|()| listener))
        .map_err(|source| TrialError::Io {
            what: socket.display().to_string(),
            source,
        })
}

/// Waits until a step has come to the rendezvous and said who it is; it goes on when the stream is
/// dropped. `None` when it is over first.
///
/// # Errors
/// When the socket cannot be read.
pub(crate) fn accept(
    listener: &UnixListener,
    over: &dyn Fn() -> bool,
) -> Result<Option<(Rendezvous, UnixStream)>, TrialError> {
    let failed = |source: std::io::Error| TrialError::Io {
        what: "rendezvous".into(),
        source,
    };
    while !over() {
        match listener.accept() {
            Ok((stream, _)) => {
                stream.set_nonblocking(false).map_err(failed)?;
                let mut line = String::new();
                BufReader::new(&stream)
                    .read_line(&mut line)
                    .map_err(failed)?;
                let met = serde_json::from_str(&line).map_err(|error| failed(error.into()))?;
                return Ok(Some((met, stream)));
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => std::thread::sleep(LOOK),
            Err(error) => return Err(failed(error)),
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_is_repeatable_and_differs_between_trials() {
        let instants = |trial: &str| [0, 1, 2].map(|index| draw(7, trial, index, 10_000));
        assert_eq!(instants("a.0"), instants("a.0"));
        assert_ne!(instants("a.0"), instants("a.1"));
        assert!(instants("a.0").iter().all(|each| each.as_millis() < 10_000));
    }
}
