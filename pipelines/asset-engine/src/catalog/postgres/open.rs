//! Opening a catalog in PostgreSQL.

use super::PostgresStore;
use super::connection::{Connection, Way};
use super::schema::{self, Found, SCHEMA_VERSION};
use crate::catalog::{CatalogError, Durability, Failpoint};

impl PostgresStore {
    /// Opens a catalog to write, making or migrating its tables.
    ///
    /// # Errors
    /// A URL that cannot be read, a server that cannot be reached, no right to the tables, or tables of a newer
    /// version.
    pub fn open(url: &str, durability: Durability) -> Result<Self, CatalogError> {
        Self::found(url, durability, schema::prepare)
    }

    /// Opens a catalog to read: nothing is made, and nothing migrated.
    ///
    /// # Errors
    /// The same, and [`CatalogError::Absent`] where there is none.
    pub fn open_to_read(url: &str) -> Result<Self, CatalogError> {
        Self::found(url, Durability::PowerLoss, schema::found)
    }

    fn found(
        url: &str,
        durability: Durability,
        find: impl FnOnce(&mut postgres::Client) -> Result<Found, postgres::Error>,
    ) -> Result<Self, CatalogError> {
        let way = Way::new(url, durability)?;
        let mut client = way.connect()?;
        let found = find(&mut client).map_err(way.failed("prepare the tables"))?;
        let path = way.place.clone();
        match found {
            Found::Ready => Ok(Self {
                connection: Connection::new(way, client),
                failpoint: Failpoint::default(),
            }),
            Found::Other(found) => Err(CatalogError::FutureVersion {
                path,
                found,
                expected: SCHEMA_VERSION,
            }),
            Found::Elsewhere { asked, current } => Err(CatalogError::Url {
                reason: format!(
                    "search_path: expected a schema that is there first, found {asked:?}, behind which {current:?} is"
                ),
            }),
            Found::Nothing => Err(CatalogError::Absent { path }),
        }
    }
}
