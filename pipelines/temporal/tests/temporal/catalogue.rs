//! The catalogue service that the steps post to, with its receipts in a folder of its own.

use std::collections::HashMap;
use std::ops::Deref;

use orchbench_etl::catalogue::CatalogueService;
use tempfile::TempDir;

/// A catalogue service in a thread; it stops when it is dropped.
pub struct Catalogue {
    service: CatalogueService,
    _folder: TempDir,
}

impl Catalogue {
    pub fn start() -> Self {
        let folder = TempDir::new().unwrap();
        let service = CatalogueService::start(&folder.path().join("receipts.jsonl")).unwrap();
        Self {
            service,
            _folder: folder,
        }
    }

    /// How often each idempotency key was posted.
    pub fn posts(&self) -> HashMap<String, u64> {
        let mut posts = HashMap::new();
        for delivery in self.service.deliveries() {
            *posts.entry(delivery.key).or_default() += 1;
        }
        posts
    }
}

impl Deref for Catalogue {
    type Target = CatalogueService;

    fn deref(&self) -> &CatalogueService {
        &self.service
    }
}
