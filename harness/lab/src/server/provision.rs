//! From a choice to a server, or to what each way lacked.

use std::time::Duration;

use orchbench_start::{Program, Progress, Tried, Way};

use super::named::NamedAddress;
use super::{Choice, Provisioned, Unavailable, await_ready, docker};

/// How long a named address may take to answer.
const ADDRESS_LIMIT: Duration = Duration::from_secs(5);

/// Finds or makes a server by the ways that `choice` allows. `progress` is told what takes
/// its time, and for how long it has, about once a second.
///
/// # Errors
/// [`Unavailable`], with each way tried and what it lacked.
pub fn provision(choice: &Choice, progress: &Progress) -> Result<Provisioned, Unavailable> {
    by(choice, || orchbench_start::provision(progress))
}

/// Finds what is here already: nothing is built or fetched.
///
/// # Errors
/// [`Unavailable`], with each way tried and what it lacked.
pub fn find(choice: &Choice) -> Result<Provisioned, Unavailable> {
    by(choice, || {
        orchbench_start::cached().map_err(|lacking| vec![lacking])
    })
}

/// The one way that the choice means; `own` gets the harness's own server.
fn by(
    choice: &Choice,
    own: impl FnOnce() -> Result<Program, Vec<Tried>>,
) -> Result<Provisioned, Unavailable> {
    let (way, got) = match choice {
        Choice::Address(address) => (
            Way::Address,
            NamedAddress::from_flag(address)
                .map_err(|e| e.to_string())
                .and_then(reached),
        ),
        Choice::Docker => (Way::Docker, docker::stack_available()),
        Choice::DockerDev => (Way::DockerDev, docker::dev_available()),
        Choice::Path => (Way::Path, dev_server_on_path()),
        Choice::Auto => match NamedAddress::from_environment() {
            // A named address is the user's wish; no other server can stand in for it.
            Ok(Some(named)) => (Way::Address, reached(named)),
            Err(error) => (Way::Address, Err(error.to_string())),
            Ok(None) => return by(&Choice::Cache, own),
        },
        Choice::Cache => {
            return own()
                .map(Provisioned::Program)
                .map_err(|tried| Unavailable { tried });
        }
    };
    got.map_err(|why| Unavailable {
        tried: vec![Tried { way, why }],
    })
}

fn dev_server_on_path() -> Result<Provisioned, String> {
    let path = orchbench_start::find("temporal").ok_or("no program named temporal")?;
    let version = orchbench_start::output_of(&path, &["--version"])?;
    Ok(Provisioned::DevServer { path, version })
}

fn reached(named: NamedAddress) -> Result<Provisioned, String> {
    let options = named.connection_options().map_err(|e| e.to_string())?;
    await_ready(&options, &named.namespace, ADDRESS_LIMIT, || Ok(())).map_err(|e| e.to_string())?;
    Ok(Provisioned::Address(named))
}
