//! The log, event by event.

use super::{Catalog, CatalogError};
use crate::event::EventRecord;

/// Events that are read at once.
const PAGE: u32 = 1_000;

/// The events of a catalog in their order, a page of them in memory at a time, see [`Catalog::log`].
#[derive(Debug)]
pub struct Log<'a> {
    catalog: &'a Catalog,
    /// The event behind which the next page begins; `None` = there is no further one.
    after: Option<u64>,
    page: std::vec::IntoIter<EventRecord>,
}

impl Catalog {
    /// The log behind an event, 0 = from the beginning, up to what is there when it has come so far.
    /// It ends with the first error. Whoever follows a catalog asks again behind the last event seen
    /// ([`EventRecord::seq`]).
    #[must_use]
    pub fn log(&self, after: u64) -> Log<'_> {
        Log {
            catalog: self,
            after: Some(after),
            page: Vec::new().into_iter(),
        }
    }

    /// The whole log at once.
    ///
    /// # Errors
    /// The catalog cannot be read.
    pub fn all_events(&self) -> Result<Vec<EventRecord>, CatalogError> {
        self.log(0).collect()
    }
}

impl Iterator for Log<'_> {
    type Item = Result<EventRecord, CatalogError>;

    fn next(&mut self) -> Option<Self::Item> {
        if let Some(record) = self.page.next() {
            return Some(Ok(record));
        }
        let after = self.after.take()?;
        match self.catalog.with(|store| store.events_after(after, PAGE)) {
            Ok(page) => {
                let last = page.last().map(|record| record.seq);
                self.after = last.filter(|_| page.len() == PAGE as usize);
                self.page = page.into_iter();
                self.page.next().map(Ok)
            }
            Err(error) => Some(Err(error)),
        }
    }
}
