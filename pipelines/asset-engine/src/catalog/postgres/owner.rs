//! The one executor of a catalog in PostgreSQL: a session that holds an advisory lock, and in which it records the
//! attempts that begin.
//!
//! The server releases the lock when the session ends, and it ends a session within a minute whose host is gone; one on
//! another host that waits for the lock goes on then. A session that the server has ended, as at its restart, is
//! opened anew and takes the lock again, unless another executor has it by then: that one's epoch fences this
//! one off. What is recorded of a start is not flushed (`synchronous_commit=off`): it outlives the process and its
//! host, and a server that is killed may lose the last of it.

use std::sync::Arc;
use std::time::Duration;

use postgres::types::Type;
use postgres::{Client, Row};

use super::connection::{Way, is_gone};
use super::{Parameter, number, text};
use crate::catalog::{CatalogError, Durability, Owner, Start, Starts};
use crate::event::Attempt;
use crate::key::AssetKey;
use crate::lock::Lock;

/// So many starts may be there before they are deleted.
const EMPTY_ABOVE: u64 = 1_000;

/// How often one that waits looks whether the lock is free. Waiting in the server would hold a snapshot, and with it
/// every dead row of the database.
const LOOK: Duration = Duration::from_millis(500);

/// The session of an executor.
pub(crate) struct PostgresOwner {
    way: Way,
    client: Client,
    /// How many starts are in the table.
    starts: u64,
}

impl PostgresOwner {
    /// Takes the lock of a catalog whose tables are there, and gives what a dead executor had begun.
    pub fn take(url: &str, lock: Lock) -> Result<(Self, Vec<Start>), CatalogError> {
        let way = Way::new(url, Durability::ProcessCrash)?;
        let mut owner = Self {
            client: way.connect()?,
            way,
            starts: 0,
        };
        while !owner.lock()? {
            match lock {
                Lock::Fail => return Err(owner.locked()),
                Lock::Wait => std::thread::sleep(LOOK),
            }
        }
        let left = owner.left()?;
        owner.starts = left.len() as u64;
        Ok((owner, left))
    }

    /// Whether it has the lock now.
    fn lock(&mut self) -> Result<bool, CatalogError> {
        let sql = "SELECT pg_try_advisory_lock(1098072929,
                   (SELECT oid::int4 FROM pg_namespace WHERE nspname = current_schema()))";
        let row = self.client.query_one(sql, &[]);
        let locked = row.and_then(|row| row.try_get(0));
        locked.map_err(self.way.failed("lock the catalog"))
    }

    fn locked(&self) -> CatalogError {
        CatalogError::Locked {
            path: self.way.place.clone(),
            owner: Owner { pid: None },
        }
    }

    /// Does something that may be done twice; where the session turns out to be gone, on another one that has the
    /// lock.
    fn on_session<T>(
        &mut self,
        doing: &'static str,
        work: impl Fn(&mut Client) -> Result<T, postgres::Error>,
    ) -> Result<T, CatalogError> {
        let done = work(&mut self.client).map_err(self.way.failed(doing));
        match &done {
            Err(error) if is_gone(&self.client, error) => {}
            _ => return done,
        }
        self.client = self.way.connect()?;
        if !self.lock()? {
            return Err(self.locked());
        }
        work(&mut self.client).map_err(self.way.failed(doing))
    }

    fn left(&mut self) -> Result<Vec<Start>, CatalogError> {
        let sql = "SELECT t_ns, at_ms, run, asset, partition, attempt FROM starts";
        let rows = self.client.query(sql, &[]);
        let rows = rows.map_err(self.way.failed("read the starts"))?;
        rows.iter().map(|row| self.start(row)).collect()
    }

    fn start(&self, row: &Row) -> Result<Start, CatalogError> {
        let unreadable = |reason: String| CatalogError::Corrupt {
            path: self.way.place.clone(),
            place: "table starts".to_owned(),
            reason,
        };
        let asset: &str = row.get(3);
        let attempt = u32::try_from(row.get::<_, i64>(5));
        Ok(Start {
            t_ns: row.get::<_, i64>(0).cast_unsigned(),
            at_ms: row.get::<_, i64>(1).cast_unsigned(),
            attempt: Attempt {
                run: Arc::from(row.get::<_, &str>(2)),
                asset: AssetKey::new(asset).map_err(|error| unreadable(error.to_string()))?,
                partition: row.get::<_, Option<&str>>(4).map(Arc::from),
                attempt: attempt.map_err(|error| unreadable(error.to_string()))?,
            },
        })
    }
}

impl Starts for PostgresOwner {
    fn append(&mut self, start: &Start) -> Result<(), CatalogError> {
        let (t_ns, at_ms) = (start.t_ns.cast_signed(), start.at_ms.cast_signed());
        let attempt = &start.attempt;
        let (run, asset) = (attempt.run.as_ref(), attempt.asset.as_str());
        let (partition, which) = (attempt.partition.as_deref(), i64::from(attempt.attempt));
        let partition: Parameter<'_> = (&partition, Type::TEXT);
        let values = [
            number(&t_ns),
            number(&at_ms),
            text(&run),
            text(&asset),
            partition,
            number(&which),
        ];
        let sql = "INSERT INTO starts (t_ns, at_ms, run, asset, partition, attempt)
                   VALUES ($1, $2, $3, $4, $5, $6)";
        let insert = |client: &mut Client| client.query_typed(sql, &values).map(drop);
        self.on_session("record that an attempt begins", insert)?;
        self.starts += 1;
        Ok(())
    }

    fn empty_when_large(&mut self) -> Result<(), CatalogError> {
        match self.starts > EMPTY_ABOVE {
            true => self.empty(),
            false => Ok(()),
        }
    }

    fn empty(&mut self) -> Result<(), CatalogError> {
        if self.starts == 0 {
            return Ok(());
        }
        let delete = |client: &mut Client| client.execute("DELETE FROM starts", &[]);
        self.on_session("delete the starts", delete)?;
        self.starts = 0;
        Ok(())
    }
}
