//! The PostgreSQL server of the tests, and a schema of it for each.

use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use postgres::{Client, NoTls};
use rustix::process::{Pid, Signal, geteuid, kill_process};
use tempfile::TempDir;

use crate::Durability;
use crate::catalog::PostgresStore;

/// A server, gone with the last test that uses it. It dies with the thread that started it, which is none of the
/// tests'.
struct Server {
    url: String,
    end: Option<Sender<()>>,
    keeper: Option<JoinHandle<()>>,
}

impl Server {
    /// The one that other tests use now, or a new one; `None`, and a word about it, without PostgreSQL's programs.
    fn shared() -> Option<Arc<Self>> {
        static SHARED: Mutex<Weak<Server>> = Mutex::new(Weak::new());
        let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(server) = shared.upgrade() {
            return Some(server);
        }
        let Some(bin) = programs() else {
            println!("not run: PostgreSQL binaries not found");
            return None;
        };
        let server = Arc::new(Self::start(bin));
        *shared = Arc::downgrade(&server);
        Some(server)
    }

    fn start(bin: PathBuf) -> Self {
        let (started, url) = channel();
        let (end, ended) = channel::<()>();
        let keeper = std::thread::spawn(move || {
            let process = Process::start(&bin);
            started.send(process.url()).unwrap();
            // Until its other side is dropped.
            let _ = ended.recv();
        });
        Self {
            url: url.recv().unwrap(),
            end: Some(end),
            keeper: Some(keeper),
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.end.take());
        if let Some(keeper) = self.keeper.take() {
            let _ = keeper.join();
        }
    }
}

/// The process of a server, and its folder.
struct Process {
    child: Child,
    port: u16,
    _folder: TempDir,
}

impl Process {
    fn start(bin: &Path) -> Self {
        let folder = tempfile::tempdir().unwrap();
        if geteuid().is_root() {
            // PostgreSQL does not run as root.
            let mut chown = Command::new("chown");
            assert!(
                chown
                    .arg("postgres")
                    .arg(folder.path())
                    .status()
                    .unwrap()
                    .success()
            );
        }
        let data = folder.path().join("data");
        let mut initdb = command(&bin.join("initdb"));
        initdb.args(["--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync"]);
        initdb.args(["--username=postgres", "-D"]).arg(&data);
        let made = initdb.current_dir(folder.path()).output().unwrap();
        assert!(
            made.status.success(),
            "{}",
            String::from_utf8_lossy(&made.stderr)
        );
        let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = free.local_addr().unwrap().port();
        drop(free);
        let mut server = command(&bin.join("postgres"));
        server.arg("-D").arg(&data).args(["-p", &port.to_string()]);
        server
            .args(["-c", "listen_addresses=127.0.0.1", "-k"])
            .arg(folder.path());
        let child = server.current_dir(folder.path()).spawn().unwrap();
        let mut process = Self {
            child,
            port,
            _folder: folder,
        };
        process.wait_until_ready();
        process
    }

    fn url(&self) -> String {
        format!("postgres://postgres@127.0.0.1:{}/postgres", self.port)
    }

    fn wait_until_ready(&mut self) {
        let deadline = Instant::now() + Duration::from_secs(60);
        while let Err(error) = Client::connect(&self.url(), NoTls) {
            assert_eq!(self.child.try_wait().unwrap(), None, "{error}");
            assert!(Instant::now() < deadline, "{error}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Its immediate shutdown, which takes its children along.
        let _ = kill_process(Pid::from_child(&self.child), Signal::QUIT);
        let _ = self.child.wait();
    }
}

/// A command that dies with this thread, as another user where this one is root.
fn command(program: &Path) -> Command {
    let mut command = Command::new("setpriv");
    if geteuid().is_root() {
        command.args([
            "--reuid",
            "postgres",
            "--regid",
            "postgres",
            "--init-groups",
        ]);
    }
    // Behind the change of user, which would clear it.
    command.args(["--pdeathsig", "KILL"]).arg(program);
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command
}

/// Where PostgreSQL's programs are: Debian's folder of the newest version, or one on PATH.
fn programs() -> Option<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql");
    let versions = versions.into_iter().flatten().flatten();
    let number = |path: &PathBuf| path.file_name()?.to_str()?.parse::<u32>().ok();
    let newest = versions.map(|entry| entry.path()).max_by_key(number);
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = newest.map(|version| version.join("bin"));
    folders
        .into_iter()
        .chain(std::env::split_paths(&path))
        .find(|folder| {
            ["initdb", "postgres"]
                .iter()
                .all(|name| folder.join(name).is_file())
        })
}

/// A schema of a test's own, gone with it.
pub struct Schema {
    server: Arc<Server>,
    name: String,
}

impl Schema {
    /// `None`, and a word about it, where there is no PostgreSQL.
    pub fn new() -> Option<Self> {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let server = Server::shared()?;
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let schema = Self {
            server,
            name: format!("test_{number}"),
        };
        schema.execute(&format!("CREATE SCHEMA {}", schema.name));
        Some(schema)
    }

    pub fn url(&self) -> String {
        let (server, name) = (&self.server.url, &self.name);
        format!("{server}?application_name={name}&options=-csearch_path%3D{name}")
    }

    pub fn open(&self) -> PostgresStore {
        PostgresStore::open(&self.url(), Durability::ProcessCrash).unwrap()
    }

    pub fn client(&self) -> Client {
        Client::connect(&self.server.url, NoTls).unwrap()
    }

    fn execute(&self, sql: &str) {
        self.client().batch_execute(sql).unwrap();
    }

    /// Ends every session of the catalog, as a restart of the server does.
    pub fn end_sessions(&self) {
        let sql = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                   WHERE application_name = $1";
        let ended = self.client().query(sql, &[&self.name]).unwrap();
        assert!(!ended.is_empty());
    }

    /// Whether somebody holds the rows of a table for a change.
    pub fn is_locked(&self, table: &str) -> bool {
        let sql = format!("SELECT 1 FROM {}.{table} FOR UPDATE SKIP LOCKED", self.name);
        self.client().query(&sql, &[]).unwrap().is_empty()
    }

    /// How many rows a table has; 0 while there is none.
    pub fn count(&self, table: &str) -> i64 {
        let sql = format!("SELECT count(*) FROM {}.{table}", self.name);
        let count = self.client().query_one(&sql, &[]);
        count.map_or(0, |row| row.get(0))
    }

    /// Whether a session of the catalog has just looked in vain whether the lock is free.
    pub fn looked_for_lock(&self) -> bool {
        let sql = "SELECT count(*) FROM pg_stat_activity
                   WHERE application_name = $1 AND state = 'idle' AND query LIKE '%pg_try_advisory_lock%'";
        let looked = self.client().query_one(sql, &[&self.name]).unwrap();
        looked.get::<_, i64>(0) > 0
    }

    /// Executes statements in the schema.
    pub fn within(&self, sql: &str) {
        self.execute(&format!("SET search_path = {}; {sql}", self.name));
    }
}

impl Drop for Schema {
    fn drop(&mut self) {
        // A test that failed as the server is gone has said so already.
        if let Ok(mut client) = Client::connect(&self.server.url, NoTls) {
            let _ = client.batch_execute(&format!("DROP SCHEMA {} CASCADE", self.name));
        }
    }
}
