//! Filling the cache by the vendor's prebuilt release, checked against its SHA-256.
//!
//! The release's list of digests is fetched first: it is small, so a network that does not
//! answer costs [`REACH_LIMIT`] and no more.

use std::fs::File;
use std::io::{Read, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use flate2::read::GzDecoder;
use sha2::{Digest as _, Sha256};
use tempfile::TempDir;
use ureq::Agent;

use super::program::checked;
use super::{Program, Progress, SERVER_VERSION, Way, cache};

/// Where the vendor publishes releases; the version follows as `/v…`.
const RELEASES: &str = "https://github.com/temporalio/temporal/releases/download";
/// How long an answer may take from a network that may not be there.
const REACH_LIMIT: Duration = Duration::from_secs(3);
/// How long the archive (about 100 MB) may take.
const ARCHIVE_LIMIT: Duration = Duration::from_secs(20 * 60);
/// The list of digests is a few lines; more is none.
const LIST_BYTES: u64 = 64 << 10;
/// No archive is larger.
const ARCHIVE_BYTES: u64 = 1 << 30;

/// Downloads the pinned server into the cache.
pub(crate) fn prebuilt(progress: &Progress) -> Result<Program, String> {
    let target = cache::server()?;
    let base = format!("{RELEASES}/v{SERVER_VERSION}");
    fetch(&base, &archive_name()?, &cache::fresh()?, &target, progress)?;
    checked(Way::Download, target)
}

/// The archive's name for this machine, as the vendor builds it.
fn archive_name() -> Result<String, String> {
    let architecture = match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => return Err(format!("no release for {other}")),
    };
    let system = std::env::consts::OS;
    Ok(format!(
        "temporal_{SERVER_VERSION}_{system}_{architecture}.tar.gz"
    ))
}

/// Makes `target` of an archive, by way of a fresh folder on the same file system.
fn fetch(
    base: &str,
    archive: &str,
    fresh: &TempDir,
    target: &Path,
    progress: &Progress,
) -> Result<(), String> {
    let list = format!("{base}/checksums.txt");
    let digests = get(&list, REACH_LIMIT, LIST_BYTES)?
        .read_to_string()
        .map_err(|e| format!("{list}: {e}"))?;
    let expected = digest_of(&digests, archive).ok_or(format!("{list}: no line for {archive}"))?;

    let packed = fresh.path().join("archive");
    let url = format!("{base}/{archive}");
    let found = save(&url, &packed, progress)?;
    if found != expected {
        return Err(format!("{url}: expected SHA-256 {expected}, found {found}"));
    }
    let program = unpack(&packed, fresh.path())?;
    std::fs::rename(&program, target).map_err(|e| format!("cannot make {}: {e}", target.display()))
}

/// The digest of `file` in lines of `DIGEST  FILE`.
fn digest_of<'a>(list: &'a str, file: &str) -> Option<&'a str> {
    list.lines()
        .filter_map(|line| line.split_once(char::is_whitespace))
        .find(|(_, name)| name.trim_start_matches([' ', '*']) == file)
        .map(|(digest, _)| digest)
}

fn get(url: &str, limit: Duration, bytes: u64) -> Result<ureq::BodyWithConfig<'static>, String> {
    let agent: Agent = Agent::config_builder()
        .timeout_global(Some(limit))
        .timeout_resolve(Some(REACH_LIMIT))
        .timeout_connect(Some(REACH_LIMIT))
        .build()
        .into();
    let answer = agent.get(url).call().map_err(|e| format!("{url}: {e}"))?;
    Ok(answer.into_body().into_with_config().limit(bytes))
}

/// Keeps what a URL serves in a file; its SHA-256 in hexadecimal.
fn save(url: &str, path: &Path, progress: &Progress) -> Result<String, String> {
    let failed = |e: std::io::Error| format!("{url}: {e}");
    let start = Instant::now();
    let mut body = get(url, ARCHIVE_LIMIT, ARCHIVE_BYTES)?.reader();
    let mut file = File::create_new(path).map_err(failed)?;
    let mut digest = Sha256::new();
    let mut buffer = vec![0; 1 << 16];
    loop {
        let read = body.read(&mut buffer).map_err(failed)?;
        if read == 0 {
            break;
        }
        digest.update(&buffer[..read]);
        file.write_all(&buffer[..read]).map_err(failed)?;
        progress(&format!("downloading {url}"), start.elapsed());
    }
    file.sync_all().map_err(failed)?;
    let digest = digest.finalize();
    Ok(digest.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// Takes `temporal-server` out of the archive, executable.
fn unpack(packed: &Path, folder: &Path) -> Result<PathBuf, String> {
    let failed = |e: std::io::Error| format!("{}: {e}", packed.display());
    let mut archive = tar::Archive::new(GzDecoder::new(File::open(packed).map_err(failed)?));
    for entry in archive.entries().map_err(failed)? {
        let mut entry = entry.map_err(failed)?;
        if entry.path().map_err(failed)?.file_name() != Some("temporal-server".as_ref()) {
            continue;
        }
        let program = folder.join("temporal-server");
        let mut file = File::options()
            .write(true)
            .create_new(true)
            .mode(0o755)
            .open(&program)
            .map_err(failed)?;
        std::io::copy(&mut entry, &mut file).map_err(failed)?;
        file.sync_all().map_err(failed)?;
        return Ok(program);
    }
    Err("no temporal-server in the archive".to_owned())
}

#[cfg(test)]
mod tests;
