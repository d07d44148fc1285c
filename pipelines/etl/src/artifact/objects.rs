//! An object store that holds artifacts (S3, Google Cloud Storage, Azure, a shared folder), so that hosts need no disk in
//! common. An object appears whole, and only where there is none: two writers of the same artifact write the same, and the
//! first one counts. That the store keeps this promise is tried before it is used.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use object_store::path::Path as Key;
use object_store::{Error, ObjectStore, ObjectStoreExt as _, PutMode, PutOptions, PutPayload};
use tokio::runtime::Runtime;
use tokio::time::timeout;
use url::Url;

use super::Place;

/// How long a store may take to answer for the first time. Later, the client tries again for three minutes.
const PROBE_PATIENCE: Duration = Duration::from_secs(15);

/// A prefix in a bucket.
#[derive(Debug)]
pub(super) struct Objects {
    store: Arc<dyn ObjectStore>,
    prefix: Key,
    /// The URL, which has no password in it.
    name: String,
    /// `None` only while it is dropped.
    runtime: Option<Runtime>,
}

impl Objects {
    /// A store by its URL, `s3://bucket/prefix`, `gs://…`, `az://…` or `file:///folder`. Whatever else it needs (region,
    /// endpoint, credentials) the environment says, in the names that each cloud has for it.
    ///
    /// # Errors
    /// A URL that names no store; a bucket that is not there, credentials that it does not take, or a store that does
    /// not refuse to write over what is there.
    pub fn open(text: &str) -> Result<Self, String> {
        Self::open_with(text, std::env::vars())
    }

    fn open_with(
        text: &str,
        environment: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, String> {
        // Whoever has chosen one before has chosen for all.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let url = Url::parse(text).map_err(|error| {
            format!("expected a URL such as s3://bucket/prefix, found none: {error}")
        })?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(
                "expected a URL without a user: credentials are taken from the environment"
                    .to_owned(),
            );
        }
        let (store, prefix) = object_store::parse_url_opts(&url, environment)
            .map_err(|error| format!("{url}: {error}"))?;
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .map_err(|error| format!("{url}: no runtime: {error}"))?;
        let objects = Self {
            store: store.into(),
            prefix,
            name: url.to_string(),
            runtime: Some(runtime),
        };
        objects
            .try_condition()
            .map_err(|reason| format!("{url}: {reason}"))?;
        Ok(objects)
    }

    /// Whether the store refuses a second object of a name.
    fn try_condition(&self) -> Result<(), String> {
        let lot = rand::random::<u64>();
        let probe = self.prefix.clone().join(format!(".probe-{lot:016x}"));
        match self.block_on(async {
            timeout(PROBE_PATIENCE, self.create(&probe, b"probe".to_vec())).await
        }) {
            Ok(first) => first.map_err(|error| error.to_string())?,
            Err(_) => return Err(format!("no answer within {PROBE_PATIENCE:?}")),
        }
        let second = self.block_on(self.create(&probe, b"probe".to_vec()));
        // A probe that is left is a few bytes.
        let _ = self.block_on(self.store.delete(&probe));
        match second {
            Err(Error::AlreadyExists { .. } | Error::Precondition { .. }) => Ok(()),
            Ok(()) => Err(
                "expected a store that refuses to write over what is there (a conditional put), \
                           found one that does"
                    .to_owned(),
            ),
            Err(error) => Err(error.to_string()),
        }
    }

    async fn create(&self, key: &Key, content: Vec<u8>) -> object_store::Result<()> {
        let options = PutOptions::from(PutMode::Create);
        let payload = PutPayload::from(content);
        self.store.put_opts(key, payload, options).await.map(drop)
    }

    fn key(&self, path: &Path) -> Key {
        let parts = path.iter().map(|part| part.to_string_lossy().into_owned());
        parts.fold(self.prefix.clone(), |key, part| key.join(part))
    }

    #[expect(clippy::expect_used, reason = "there is a runtime until the drop")]
    fn block_on<T>(&self, work: impl Future<Output = T>) -> T {
        self.runtime.as_ref().expect("a runtime").block_on(work)
    }
}

impl Drop for Objects {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            // Whoever drops it may be inside another one.
            runtime.shutdown_background();
        }
    }
}

impl Place for Objects {
    fn name(&self, path: &Path) -> String {
        format!("{}/{}", self.name.trim_end_matches('/'), path.display())
    }

    fn put(&self, path: &Path, content: Vec<u8>) -> io::Result<()> {
        match self.block_on(self.create(&self.key(path), content)) {
            Ok(()) | Err(Error::AlreadyExists { .. } | Error::Precondition { .. }) => Ok(()),
            Err(error) => Err(io::Error::other(error)),
        }
    }

    fn get(&self, path: &Path) -> io::Result<Bytes> {
        let key = self.key(path);
        let got = self.block_on(async { self.store.get(&key).await?.bytes().await });
        got.map_err(|error| match error {
            Error::NotFound { .. } => io::Error::new(io::ErrorKind::NotFound, error),
            error => io::Error::other(error),
        })
    }

    /// An object is there whole or not at all.
    fn has(&self, path: &Path) -> bool {
        self.block_on(self.store.head(&self.key(path))).is_ok()
    }

    fn put_aside(&self, path: &Path) {
        let (key, aside) = (self.key(path), self.key(&path.with_extension("damaged")));
        // Where it cannot be put aside, the next reader says the same.
        let _ = self.block_on(self.store.rename(&key, &aside));
    }
}

#[cfg(test)]
mod tests;
