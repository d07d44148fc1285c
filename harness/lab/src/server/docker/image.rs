//! The images: their names and pinned tags, and whether the Docker engine has them.

use std::fmt;

use crate::process::{ProcessError, docker_version, local_image};
use crate::server::Provisioned;

/// The image of the Temporal CLI at the pinned version.
const DEV: &str = "temporalio/temporal:1.5.1";
/// The images of Temporal on PostgreSQL: those of docker-compose.yml.
const POSTGRES: &str = "postgres:15";
const ADMIN_TOOLS: &str = "temporalio/admin-tools:1.32.2";
const SERVER: &str = "temporalio/server:1.32.2";

/// An image that the Docker engine has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Image {
    /// Its name with its tag.
    pub name: String,
    /// Its id (`sha256:…`).
    pub id: String,
    /// Whether it was built here, under the vendor's name, not pulled.
    pub local_build: bool,
}

impl Image {
    /// The one of this name that the Docker engine has.
    pub(super) fn local(name: &str) -> Result<Option<Self>, ProcessError> {
        Ok(local_image(name)?.map(|found| Self {
            name: name.to_owned(),
            id: found.id,
            local_build: !found.from_registry,
        }))
    }

    /// Name and tag apart, as testcontainers asks for them.
    pub(super) fn name_and_tag(&self) -> (&str, &str) {
        self.name.rsplit_once(':').unwrap_or((&self.name, "latest"))
    }
}

impl fmt::Display for Image {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let local = if self.local_build {
            " (local build)"
        } else {
            ""
        };
        write!(f, "{}{local}", self.name)
    }
}

/// The images of Temporal on PostgreSQL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StackImages {
    /// PostgreSQL.
    pub postgres: Image,
    /// The schema tool.
    pub admin_tools: Image,
    /// Temporal's server.
    pub server: Image,
}

impl StackImages {
    /// All of them.
    pub fn all(&self) -> [&Image; 3] {
        [&self.server, &self.admin_tools, &self.postgres]
    }
}

/// The dev server's image: `ORCHBENCH_TEMPORAL_IMAGE`, else the pinned one.
pub fn dev_image() -> String {
    std::env::var("ORCHBENCH_TEMPORAL_IMAGE")
        .ok()
        .filter(|name| !name.is_empty())
        .unwrap_or_else(|| DEV.to_owned())
}

/// The dev server in a container: the engine answers and has the image.
pub(in crate::server) fn dev_available() -> Result<Provisioned, String> {
    let found = find(&dev_image(), "docker/build-temporal-image.sh")?;
    Ok(Provisioned::DockerDev(found))
}

/// Temporal on PostgreSQL in containers: the engine answers and has the images.
pub(in crate::server) fn stack_available() -> Result<Provisioned, String> {
    let found = |name| find(name, "docker/build-images.sh");
    Ok(Provisioned::Docker(StackImages {
        postgres: found(POSTGRES)?,
        admin_tools: found(ADMIN_TOOLS)?,
        server: found(SERVER)?,
    }))
}

/// An image of the engine's; else what is missing, and the script that builds it.
fn find(name: &str, script: &str) -> Result<Image, String> {
    let engine = docker_version().map_err(|e| e.to_string())?;
    match Image::local(name).map_err(|e| e.to_string())? {
        Some(found) => Ok(found),
        None => Err(format!(
            "engine {} answers, but the image {name} is not there (docker pull, or {script})",
            engine.version
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::SERVER_VERSION;

    const COMPOSE: &str = include_str!("../../../../../docker-compose.yml");
    const SCRIPT: &str = include_str!("../../../../../docker/build-images.sh");

    /// The tag of an image that the compose file names, everywhere the same.
    fn composed(name: &str) -> &'static str {
        let prefix = format!("image: {name}:");
        let mut tags = COMPOSE
            .lines()
            .filter_map(|line| line.trim().strip_prefix(&prefix));
        let tag = tags.next().unwrap_or("none");
        assert!(tags.all(|other| other == tag), "several tags of {name}");
        tag
    }

    /// What a script sets a variable to.
    fn set_in(script: &'static str, variable: &str) -> &'static str {
        let prefix = format!("{variable}=");
        let mut values = script.lines().filter_map(|line| line.strip_prefix(&prefix));
        values.next().unwrap_or("none")
    }

    #[test]
    fn each_version_is_the_same_wherever_it_is_named() {
        assert_eq!(SERVER, format!("temporalio/server:{SERVER_VERSION}"));
        // The schema tool brings the schema of its own version.
        assert_eq!(
            ADMIN_TOOLS,
            format!("temporalio/admin-tools:{SERVER_VERSION}")
        );
        assert_eq!(composed("temporalio/server"), SERVER_VERSION);
        assert_eq!(composed("temporalio/admin-tools"), SERVER_VERSION);
        assert_eq!(set_in(SCRIPT, "temporal"), SERVER_VERSION);

        assert_eq!(composed("temporalio/ui"), set_in(SCRIPT, "ui"));
        let postgres = composed("postgres");
        assert_eq!(POSTGRES, format!("postgres:{postgres}"));
        assert_eq!(postgres, set_in(SCRIPT, "postgres"));

        let cli = set_in(SCRIPT, "cli");
        assert_eq!(DEV, format!("temporalio/temporal:{cli}"));
        let install = include_str!("../../../../../docker/install-temporal.sh");
        assert_eq!(cli, set_in(install, "version"));
        let dev = include_str!("../../../../../docker/build-temporal-image.sh");
        assert!(dev.contains(&format!("ORCHBENCH_TEMPORAL_IMAGE:-{DEV}}}")));
        assert_eq!(set_in(include_str!("../../../../../.ci/run"), "image"), DEV);
    }
}
