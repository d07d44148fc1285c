//! A local PostgreSQL server dies with the thread that started it, so a thread that lives as
//! long as the trial keeps it and starts it again.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Mutex, PoisonError};

use orchbench_lab::postgres::{LocalPostgres, LocalPostgresError};

use super::{Order, failed};
use crate::engine::TrialError;

/// The server's process after the order was carried out.
type Answer = Result<u32, LocalPostgresError>;

/// Keeps a PostgreSQL server.
pub struct Keeper {
    url: String,
    pid: AtomicU32,
    line: Mutex<(Sender<Order>, Receiver<Answer>)>,
}

impl Keeper {
    /// Starts a server for a trial on `engine`.
    pub(super) fn start(engine: &str) -> Result<Self, TrialError> {
        let (send_order, orders) = channel::<Order>();
        let (send_answer, answers) = channel();
        let (send_start, started) = channel();
        let keep = move || {
            let mut server = match LocalPostgres::find_and_start() {
                Ok(Some(server)) => server,
                other => {
                    let _ = send_start.send(other.map(|_| None));
                    return;
                }
            };
            let at = Some((server.url().to_owned(), server.pid()));
            // Whoever asked is gone when nobody hears the answer; the loop ends then too.
            let _ = send_start.send(Ok(at));
            for order in orders {
                let _ = send_answer.send(carry_out(order, &mut server));
            }
        };
        std::thread::Builder::new()
            .name("database".into())
            .spawn(keep)
            .map_err(|source| TrialError::Io {
                what: "database".into(),
                source,
            })?;
        let (url, pid) = started
            .recv()
            .map_err(failed)?
            .map_err(failed)?
            .ok_or_else(|| TrialError::Unreachable {
                engine: engine.to_owned(),
                reason: "its warehouse: no PostgreSQL is installed here".into(),
            })?;
        Ok(Self {
            url,
            pid: AtomicU32::new(pid),
            line: Mutex::new((send_order, answers)),
        })
    }

    pub(super) fn url(&self) -> &str {
        &self.url
    }

    pub(super) fn pid(&self) -> u32 {
        self.pid.load(Ordering::Relaxed)
    }

    /// Has the thread do something to the server.
    pub(super) fn order(&self, order: Order) -> Result<(), TrialError> {
        let line = self.line.lock().unwrap_or_else(PoisonError::into_inner);
        line.0.send(order).map_err(failed)?;
        let pid = line.1.recv().map_err(failed)?.map_err(failed)?;
        self.pid.store(pid, Ordering::Relaxed);
        Ok(())
    }
}

fn carry_out(order: Order, server: &mut LocalPostgres) -> Answer {
    match order {
        Order::Kill => server.kill(),
        Order::Stop => server.stop(),
        Order::Pause => server.pause(),
        Order::Resume => server.resume(),
        Order::Restart => server.restart(),
    }?;
    Ok(server.pid())
}
