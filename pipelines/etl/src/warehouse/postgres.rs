//! PostgreSQL: a small pool of connections, COPY for the rows, advisory locks so that loads of one
//! partition come one after the other.

use std::error::Error as StdError;
use std::sync::{Mutex, PoisonError};

use ::postgres::binary_copy::BinaryCopyInWriter;
use ::postgres::fallible_iterator::FallibleIterator as _;
use ::postgres::types::private::BytesMut;
use ::postgres::types::{FromSql, IsNull, ToSql, Type, to_sql_checked};
use ::postgres::{Client, NoTls};
use sha2::{Digest as _, Sha256};

use super::load::PartitionRows;
use super::schema::{self, FlightsTable};
use super::{EachRow, Transaction, WarehouseError, Work};
use crate::canonical::Value;
use crate::schema::{ColumnKind, TRANSFORMED};

impl From<::postgres::Error> for WarehouseError {
    fn from(error: ::postgres::Error) -> Self {
        Self::Postgres { error }
    }
}

pub(super) struct Postgres {
    url: String,
    /// Connections that nobody uses now.
    idle: Mutex<Vec<Client>>,
}

impl std::fmt::Debug for Postgres {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The URL may hold a password.
        f.write_str("Postgres")
    }
}

impl Postgres {
    pub(super) fn open(url: &str) -> Result<Self, WarehouseError> {
        let database = Self {
            url: url.to_owned(),
            idle: Mutex::new(Vec::new()),
        };
        database.transaction(&mut |transaction| {
            // CREATE TABLE IF NOT EXISTS is not safe against itself.
            transaction.lock("schema")?;
            for statement in schema::statements(schema::POSTGRES) {
                transaction.execute(&statement, &[])?;
            }
            Ok(())
        })?;
        Ok(database)
    }

    pub(super) fn transaction<T>(&self, work: Work<'_, T>) -> Result<T, WarehouseError> {
        let idle = || self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let known = idle().pop().filter(|client| !client.is_closed());
        let mut client = match known {
            Some(client) => client,
            None => Client::connect(&self.url, NoTls)?,
        };
        let mut transaction = client.transaction()?;
        // On an error the transaction rolls back as it is dropped, and the connection with it: the
        // next attempt gets a fresh one.
        let value = work(&mut Open {
            transaction: &mut transaction,
        })?;
        transaction.commit()?;
        idle().push(client);
        Ok(value)
    }
}

struct Open<'a, 'c> {
    transaction: &'a mut ::postgres::Transaction<'c>,
}

impl ToSql for Value<'_> {
    fn to_sql(
        &self,
        data_type: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn StdError + Sync + Send>> {
        match self {
            Self::Null => Ok(IsNull::Yes),
            Self::Int(value) => value.to_sql(data_type, out),
            Self::Float(value) => value.to_sql(data_type, out),
            Self::Text(value) => value.to_sql(data_type, out),
        }
    }

    fn accepts(data_type: &Type) -> bool {
        matches!(*data_type, Type::INT8 | Type::FLOAT8 | Type::TEXT)
    }

    to_sql_checked!();
}

impl<'a> FromSql<'a> for Value<'a> {
    fn from_sql(data_type: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn StdError + Sync + Send>> {
        match *data_type {
            Type::INT8 => i64::from_sql(data_type, raw).map(Self::Int),
            Type::FLOAT8 => f64::from_sql(data_type, raw).map(Self::Float),
            _ => <&str>::from_sql(data_type, raw).map(Self::Text),
        }
    }

    fn from_sql_null(_: &Type) -> Result<Self, Box<dyn StdError + Sync + Send>> {
        Ok(Self::Null)
    }

    fn accepts(data_type: &Type) -> bool {
        matches!(*data_type, Type::INT8 | Type::FLOAT8 | Type::TEXT)
    }
}

/// Parameters as the client wants them.
fn references<'a>(parameters: &'a [Value<'a>]) -> Vec<&'a (dyn ToSql + Sync)> {
    parameters
        .iter()
        .map(|value| value as &(dyn ToSql + Sync))
        .collect()
}

impl Transaction for Open<'_, '_> {
    fn lock(&mut self, name: &str) -> Result<(), WarehouseError> {
        let mut head = [0; 8];
        head.copy_from_slice(&Sha256::digest(format!("orchbench/{name}").as_bytes())[..8]);
        let id = i64::from_be_bytes(head);
        self.transaction
            .execute("SELECT pg_advisory_xact_lock($1)", &[&id])?;
        Ok(())
    }

    fn execute(&mut self, sql: &str, parameters: &[Value<'_>]) -> Result<u64, WarehouseError> {
        Ok(self.transaction.execute(sql, &references(parameters))?)
    }

    fn query(
        &mut self,
        sql: &str,
        parameters: &[Value<'_>],
        each: EachRow<'_>,
    ) -> Result<(), WarehouseError> {
        let mut rows = self.transaction.query_raw(sql, references(parameters))?;
        while let Some(row) = rows.next()? {
            let values = (0..row.len())
                .map(|column| row.try_get::<_, Value<'_>>(column))
                .collect::<Result<Vec<_>, _>>()?;
            each(&values)?;
        }
        Ok(())
    }

    fn insert(
        &mut self,
        table: FlightsTable,
        rows: &PartitionRows<'_>,
        chosen: &[usize],
        progress: &dyn Fn(u64),
    ) -> Result<(), WarehouseError> {
        let types: Vec<Type> = [Type::TEXT, Type::TEXT]
            .into_iter()
            .chain(TRANSFORMED.iter().map(|column| match column.kind {
                ColumnKind::Int | ColumnKind::Time => Type::INT8,
                ColumnKind::Float => Type::FLOAT8,
                ColumnKind::Text => Type::TEXT,
            }))
            .collect();
        let sql = format!(
            "COPY {} (source, partition_day, {}) FROM STDIN (FORMAT binary)",
            table.name(),
            schema::flight_columns()
        );
        let mut writer = BinaryCopyInWriter::new(self.transaction.copy_in(&sql)?, &types);
        for (done, row) in chosen.iter().enumerate() {
            let mut values = vec![Value::Text(rows.source), Value::Text(&rows.day_text)];
            values.extend((0..TRANSFORMED.len()).map(|column| rows.value(*row, column)));
            writer.write(&references(&values))?;
            if done % 1_000 == 999 {
                progress(done as u64 + 1);
            }
        }
        writer.finish()?;
        Ok(())
    }
}
