//! What this machine is, and what each store survives: captured with every run.

use std::collections::BTreeMap;
use std::fs;
use std::time::Duration;

use crate::engine;
use crate::runner::machine_watch::foreign_share;
use orchbench_evidence::record::{
    Durability, Environment, FORMAT_VERSION, ImageRecord, ServerRecord,
};
use orchbench_lab::process::TempFolder;
use orchbench_lab::server::{Image, Provisioned, Server, ServerSpec};

/// How long to look at what others do on the machine, before the first trial.
const LOOK: Duration = Duration::from_secs(1);

/// Captures the environment at the start of a run.
pub fn capture(
    settings: &[String],
    server: Option<&Provisioned>,
    versions: BTreeMap<String, String>,
    unreachable: BTreeMap<String, String>,
) -> Environment {
    Environment {
        format_version: FORMAT_VERSION,
        started_at: jiff::Timestamp::now().to_string(),
        orchbench_version: env!("CARGO_PKG_VERSION").to_owned(),
        commit: Some(env!("ORCHBENCH_COMMIT").to_owned()),
        build: if cfg!(debug_assertions) {
            "debug"
        } else {
            "release"
        }
        .to_owned(),
        cpu: field("/proc/cpuinfo", "model name").unwrap_or_else(|| "unknown".to_owned()),
        cpus: std::thread::available_parallelism().map_or(0, usize::from),
        memory_bytes: field("/proc/meminfo", "MemTotal")
            .and_then(|text| text.split(' ').next()?.parse::<u64>().ok())
            .map_or(0, |kib| kib * 1024),
        kernel: read("/proc/sys/kernel/osrelease"),
        os: os_name(),
        load_1m: read("/proc/loadavg")
            .split(' ')
            .next()
            .and_then(|text| text.parse().ok())
            .unwrap_or(0.0),
        foreign_share: Some(foreign_share(LOOK)),
        server: server.map(server_record),
        versions,
        durability: durability(server),
        settings: settings
            .iter()
            .filter_map(|name| engine::settings(name))
            .map(|settings| (settings.name.to_owned(), settings.describe()))
            .collect(),
        unreachable,
    }
}

fn server_record(provisioned: &Provisioned) -> ServerRecord {
    let (version, store) = match provisioned {
        Provisioned::Address(named) => (named.address.clone(), "unknown"),
        Provisioned::Docker(images) => (images.server.name.clone(), "PostgreSQL"),
        Provisioned::DockerDev(image) => (image.name.clone(), "SQLite file of the dev server"),
        Provisioned::DevServer { version, .. } => {
            (version.clone(), "SQLite file of the dev server")
        }
        Provisioned::Program(program) => (program.version.clone(), "SQLite file"),
    };
    let images: Vec<ImageRecord> = match provisioned {
        Provisioned::Docker(images) => images.all().map(image_record).into(),
        Provisioned::DockerDev(image) => vec![image_record(image)],
        _ => Vec::new(),
    };
    ServerRecord {
        way: provisioned.way().to_string(),
        version,
        api_version: api_version(provisioned),
        sdk_version: Some(orchbench_temporal::SDK_VERSION.to_owned()),
        store: store.to_owned(),
        local_image_build: images.iter().any(|image| image.local_build),
        images,
    }
}

/// The server's own word for its version: one that takes a moment to start is started for it.
fn api_version(provisioned: &Provisioned) -> Option<String> {
    if matches!(provisioned, Provisioned::Docker(_)) {
        return None;
    }
    let folder = TempFolder::create("version").ok()?;
    let server = Server::start(provisioned, &ServerSpec::new(folder.path())).ok()?;
    Some(server.versions().server.clone())
}

fn image_record(image: &Image) -> ImageRecord {
    ImageRecord {
        name: image.name.clone(),
        id: image.id.clone(),
        local_build: image.local_build,
    }
}

fn durability(server: Option<&Provisioned>) -> Vec<Durability> {
    let row = |store: &str, survives: &str, setting: &str| Durability {
        store: store.to_owned(),
        survives: survives.to_owned(),
        setting: setting.to_owned(),
    };
    let postgres = "fsync=on, synchronous_commit=on, its own volume";
    let warehouse = match server {
        Some(Provisioned::Docker(_)) => row("warehouse (PostgreSQL)", "power loss", postgres),
        _ => row(
            "warehouse (SQLite)",
            "power loss",
            "journal_mode=WAL, synchronous=FULL",
        ),
    };
    let mut rows = vec![
        warehouse,
        row(
            "effect journal",
            "process crash",
            "O_APPEND, one write(2) a record, no fsync",
        ),
        row(
            "artifacts (Parquet)",
            "process crash",
            "temporary file and rename, no fsync",
        ),
    ];
    for engine in engine::all() {
        rows.extend((engine.durability)(server));
    }
    rows
}

fn os_name() -> String {
    read("/etc/os-release")
        .lines()
        .find_map(|line| line.strip_prefix("PRETTY_NAME="))
        .map_or_else(
            || "unknown".to_owned(),
            |name| name.trim_matches('"').to_owned(),
        )
}

fn read(path: &str) -> String {
    fs::read_to_string(path)
        .unwrap_or_default()
        .trim()
        .to_owned()
}

fn field(path: &str, name: &str) -> Option<String> {
    read(path)
        .lines()
        .find(|line| line.starts_with(name))
        .and_then(|line| line.split_once(':'))
        .map(|(_, value)| value.trim().to_owned())
}
