//! The PostgreSQL server of a trial's own warehouse, as something that faults can hit.
//!
//! A server dies with the thread that started it, so a thread that lives as long as the trial
//! keeps it and starts it again.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Mutex, PoisonError};

use orchbench_etl::postgres_server::{LocalPostgres, LocalPostgresError};

use crate::engine::TrialError;

/// What the thread is asked to do with its server.
type Order = Box<dyn FnOnce(&mut LocalPostgres) -> Result<(), LocalPostgresError> + Send>;
type Answer = Result<(), LocalPostgresError>;

/// A PostgreSQL server that lives as long as this.
pub struct Database {
    url: String,
    pid: Mutex<u32>,
    line: Mutex<(Sender<Order>, Receiver<Answer>)>,
}

impl Database {
    /// Starts a server for the warehouse of a trial on `engine`.
    ///
    /// # Errors
    /// [`TrialError::Unreachable`] when there is no PostgreSQL here: the fault is not possible.
    pub fn start(engine: &str) -> Result<Self, TrialError> {
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
                let _ = send_answer.send(order(&mut server));
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
            .map_err(|error| TrialError::Plan(format!("database: {error}")))?
            .map_err(|error| TrialError::Plan(error.to_string()))?
            .ok_or_else(|| TrialError::Unreachable {
                engine: engine.to_owned(),
                reason: "its warehouse: no PostgreSQL is installed here".into(),
            })?;
        Ok(Self {
            url,
            pid: Mutex::new(pid),
            line: Mutex::new((send_order, answers)),
        })
    }

    /// The URL of the warehouse.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The server's process.
    pub fn pid(&self) -> u32 {
        *self.pid.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Has the keeper do something with the server.
    pub(super) fn order(
        &self,
        order: fn(&mut LocalPostgres) -> Result<(), LocalPostgresError>,
    ) -> Result<(), TrialError> {
        let line = self.line.lock().unwrap_or_else(PoisonError::into_inner);
        line.0
            .send(Box::new(order))
            .map_err(|error| TrialError::Plan(format!("database: {error}")))?;
        line.1
            .recv()
            .map_err(|error| TrialError::Plan(format!("database: {error}")))?
            .map_err(|error| TrialError::Plan(error.to_string()))
    }
}
