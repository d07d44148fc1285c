//! A connection to a catalog in PostgreSQL: how its session is set, and that another one takes its place when it is
//! gone.

use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::str::FromStr as _;
use std::sync::Arc;
use std::time::Duration;

use postgres::config::Host;
use postgres::{Client, Config};
use rustls::{ClientConfig, RootCertStore};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::schema::SCHEMA;
use crate::catalog::{CatalogError, Durability};

/// How long a connection may take to come about.
const CONNECT_WITHIN: Duration = Duration::from_secs(10);

/// How long the other side may be silent, either way, before it is asked whether it is there; how often it is asked,
/// and how often in vain. A host that lost its power is given up within a minute, and so is its lock.
const SILENCE: Duration = Duration::from_secs(20);
const ASK_EVERY: Duration = Duration::from_secs(10);
const IN_VAIN: u32 = 3;

/// How long a session may be silent in the middle of a commit, which others wait for. A host that is frozen there, and so
/// keeps its connection, is given up after that; when it wakes, it begins the commit anew, on its terms.
const FROZEN: Duration = Duration::from_secs(5);

/// What a session must not have from the server, the role or the URL: each ends a commit that waits its turn, or a
/// session that owns a catalog and waits for work. (Those that a server does not know are left out.)
const WITHOUT_LIMITS: &str = "SELECT set_config(name, '0', false) FROM pg_settings
    WHERE name IN ('lock_timeout', 'statement_timeout', 'transaction_timeout',
                   'idle_session_timeout')";

/// Where a catalog is and how a session of it is set.
#[derive(Clone)]
pub(super) struct Way {
    config: Config,
    tls: MakeRustlsConnect,
    durability: Durability,
    /// Host, port and database, for messages: no user and no password. In the place of a file's path.
    pub place: PathBuf,
}

impl Way {
    /// The way that a URL says.
    pub fn new(url: &str, durability: Durability) -> Result<Self, CatalogError> {
        let refused = |reason: String| CatalogError::Url { reason };
        let mut config = Config::from_str(url).map_err(|error| refused(error.to_string()))?;
        let place = place(&config);
        if place.contains('@') {
            // What is behind the first @ is taken for the host, and would be in messages.
            let reason = "an @ in a user or a password is written as %40".to_owned();
            return Err(refused(reason));
        }
        config
            .connect_timeout(CONNECT_WITHIN)
            .keepalives_idle(SILENCE)
            .keepalives_interval(ASK_EVERY)
            .keepalives_retries(IN_VAIN)
            .tcp_user_timeout(SILENCE + ASK_EVERY * IN_VAIN);
        Ok(Self {
            tls: tls().map_err(refused)?,
            config,
            durability,
            place: PathBuf::from(place),
        })
    }

    /// A new session.
    pub fn connect(&self) -> Result<Client, CatalogError> {
        let connected = self.config.connect(self.tls.clone());
        let mut client = connected.map_err(self.failed("connect"))?;
        let set = self.set(&mut client);
        set.map_err(self.failed("set up a session"))?;
        Ok(client)
    }

    fn set(&self, client: &mut Client) -> Result<(), postgres::Error> {
        client.query_typed(WITHOUT_LIMITS, &[])?;
        let mut settings = format!(
            "SET default_transaction_isolation = 'read committed';
             SET idle_in_transaction_session_timeout = {};
             SET tcp_keepalives_idle = {};
             SET tcp_keepalives_interval = {};
             SET tcp_keepalives_count = {IN_VAIN};",
            FROZEN.as_millis(),
            SILENCE.as_secs(),
            ASK_EVERY.as_secs(),
        );
        if self.durability == Durability::ProcessCrash {
            settings += "SET synchronous_commit = off;";
        } else {
            // What is stricter than this, with standbys, stays.
            settings += "SELECT set_config(name, 'on', false) FROM pg_settings
                         WHERE name = 'synchronous_commit' AND setting = 'off';";
        }
        let options = self.config.get_options().unwrap_or_default();
        if !options.contains("search_path") {
            settings += &format!("SET search_path = {SCHEMA};");
        }
        client.batch_execute(&settings)
    }

    pub fn failed(&self, doing: &'static str) -> impl FnOnce(postgres::Error) -> CatalogError {
        let place = self.place.display().to_string();
        move |error| CatalogError::Postgres {
            place,
            doing,
            error: Box::new(error),
        }
    }
}

/// A session that is opened anew when it is gone, as after a restart of the server.
pub(super) struct Connection {
    way: Way,
    client: RefCell<Option<Client>>,
}

/// What was done on a session, or whether it may be done again on another one.
pub(super) enum Again {
    /// No: it has had an effect, or may have had.
    No(CatalogError),
    /// Yes, if the session was gone.
    IfGone(CatalogError),
}

/// Whether a session is gone after an error: the server may have said so, and not yet have hung up.
pub(super) fn is_gone(client: &Client, error: &CatalogError) -> bool {
    client.is_closed() || error.is_unreachable()
}

impl Connection {
    pub fn new(way: Way, client: Client) -> Self {
        Self {
            way,
            client: RefCell::new(Some(client)),
        }
    }

    pub fn place(&self) -> &Path {
        &self.way.place
    }

    pub fn failed(&self, doing: &'static str) -> impl FnOnce(postgres::Error) -> CatalogError {
        self.way.failed(doing)
    }

    /// Does something on the session; where that turns out to be gone, once more on another one.
    pub fn attempt<T>(
        &self,
        mut work: impl FnMut(&mut Client) -> Result<T, Again>,
    ) -> Result<T, CatalogError> {
        let mut held = self.client.borrow_mut();
        if let Some(client) = held.as_mut() {
            match work(client) {
                Ok(done) => return Ok(done),
                Err(Again::No(error)) => return Err(error),
                Err(Again::IfGone(error)) if !is_gone(client, &error) => return Err(error),
                Err(Again::IfGone(_)) => {}
            }
            *held = None;
        }
        let client = held.insert(self.way.connect()?);
        work(client).map_err(|(Again::No(error) | Again::IfGone(error))| error)
    }
}

/// Where a catalog is, for messages: no user and no password.
fn place(config: &Config) -> String {
    let host = match config.get_hosts().first() {
        Some(Host::Tcp(host)) => host.clone(),
        Some(Host::Unix(path)) => path.display().to_string(),
        None => "localhost".to_owned(),
    };
    let port = config.get_ports().first().copied().unwrap_or(5432);
    let database = config.get_dbname().unwrap_or_default();
    format!("postgres://{host}:{port}/{database}")
}

/// TLS by the system's certificates, for servers that have it.
fn tls() -> Result<MakeRustlsConnect, String> {
    let mut roots = RootCertStore::empty();
    // One that cannot be read keeps nobody from the others.
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(MakeRustlsConnect::new(config))
}
