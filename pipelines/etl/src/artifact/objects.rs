//! An object store that holds artifacts (S3, Google Cloud Storage, Azure, a shared folder), so that hosts need no disk in
//! common. An object appears whole, and only where there is none: two writers of the same artifact write the same, and the
//! first one counts. That the store keeps this promise is tried before it is used.

use std::ffi::OsString;
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

/// The URL of a store, which has nothing secret in it.
///
/// # Errors
/// It is none, or has a user, a password or a query, which may be a signature.
pub fn store_url(text: &str) -> Result<Url, String> {
    // Whatever it is, it may have a password in it.
    let mut url = Url::parse(text).map_err(|error| {
        format!("expected a URL such as s3://bucket/prefix, found none: {error}")
    })?;
    if !url.username().is_empty() || url.password().is_some() || url.query().is_some() {
        return Err(
            "expected a URL without user, password and query: credentials are taken from the \
             environment"
                .to_owned(),
        );
    }
    let path = url.path().trim_end_matches('/').to_owned();
    url.set_path(&path);
    Ok(url)
}

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
        // A variable that is no text is none of theirs; one of another name might be taken for theirs.
        let text_of = |value: OsString| value.into_string().ok();
        let variables = std::env::vars_os();
        let variables =
            variables.filter_map(|(name, value)| Some((text_of(name)?, text_of(value)?)));
        let of_a_cloud = |(name, _): &(String, String)| {
            ["AWS_", "AZURE_", "GOOGLE_"]
                .iter()
                .any(|cloud| name.starts_with(cloud))
        };
        Self::open_with(text, variables.filter(of_a_cloud))
    }

    fn open_with(
        text: &str,
        environment: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, String> {
        // Whoever has chosen one before has chosen for all.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let url = store_url(text)?;
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
        let key = self.key(path);
        match self.block_on(self.create(&key, content)) {
            Ok(()) => Ok(()),
            // A store says the same when another request for the object is under way: it has to be there.
            Err(Error::AlreadyExists { .. } | Error::Precondition { .. }) => {
                let head = self.block_on(self.store.head(&key));
                head.map(drop).map_err(io::Error::other)
            }
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
        let head = self.block_on(self.store.head(&self.key(path)));
        // A store that does not answer does not say that it is gone.
        !matches!(head, Err(Error::NotFound { .. }))
    }

    fn put_aside(&self, path: &Path) {
        let (key, aside) = (self.key(path), self.key(&path.with_extension("damaged")));
        // Where it cannot be put aside, the next reader says the same.
        let _ = self.block_on(self.store.rename(&key, &aside));
    }
}

#[cfg(test)]
mod tests;
