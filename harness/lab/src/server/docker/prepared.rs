//! PostgreSQL with the databases that Temporal and the pipeline need, made once a machine: an image, of whose data each
//! server of a trial gets a copy. Making them anew takes about eight seconds, and is the same work each time.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use testcontainers::core::WaitFor;
use testcontainers::core::wait::ExitWaitStrategy;
use testcontainers::{GenericImage, ImageExt as _};

use crate::process::ProcessError;
use crate::server::ServerError;

use super::{Container, Image, Postgres, StackImages};

/// The repository of such images. They stay in the Docker engine, as programs stay in the cache.
const REPOSITORY: &str = "localhost/orchbench-postgres";
/// The job that docker-compose.yml runs, too.
const SCHEMA: &str = include_str!("../../../../../docker/schema.sh");
/// How long the schema job may take; it takes about six seconds.
const SCHEMA_LIMIT: Duration = Duration::from_secs(120);
/// Pause between two looks at the schema job.
const PAUSE: Duration = Duration::from_millis(50);

/// One maker at a time in this process; what two processes make is the same.
static MAKING: Mutex<()> = Mutex::new(());

/// The image for servers of these images, which is made where there is none.
pub(super) fn prepared(images: &StackImages) -> Result<Image, ServerError> {
    let _making = MAKING.lock().unwrap_or_else(PoisonError::into_inner);
    let tag = tag(images);
    let name = format!("{REPOSITORY}:{tag}");
    if let Some(image) = Image::local(&name)? {
        return Ok(image);
    }
    let postgres = Postgres::start_from(&images.postgres)?;
    make_schema(images, &postgres)?;
    // A clean end: a copy has nothing to recover.
    postgres.stop()?;
    postgres.commit(REPOSITORY, &tag)?;
    Image::local(&name)?.ok_or_else(|| {
        let reason = format!("expected the image {name} that was committed, found none");
        ServerError::Process(ProcessError::Docker {
            action: "commit container",
            reason,
        })
    })
}

/// Of what it is made of: other images or another schema job make another one.
fn tag(images: &StackImages) -> String {
    orchbench_start::tag(&[&images.postgres.id, &images.admin_tools.id, SCHEMA].join("\0"))
}

fn make_schema(images: &StackImages, postgres: &Postgres) -> Result<(), ServerError> {
    let (host, port, user) = postgres.inside()?;
    let done = ExitWaitStrategy::new()
        .with_exit_code(0)
        .with_poll_interval(PAUSE);
    let (name, tag) = images.admin_tools.name_and_tag();
    let job = GenericImage::new(name, tag)
        .with_entrypoint("/bin/sh")
        .with_wait_for(WaitFor::exit(done))
        .with_cmd(["-c", SCHEMA])
        .with_env_var("SQL_HOST", &host)
        .with_env_var("SQL_PORT", &port)
        .with_env_var("SQL_USER", user)
        .with_env_var("SQL_PASSWORD", user)
        .with_network(postgres.network())
        .with_startup_timeout(SCHEMA_LIMIT);
    drop(Container::start(
        job,
        &format!("schema-{}", postgres.port()),
        &[],
    )?);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_images_have_another_tag() {
        let image = |id: &str| Image {
            name: "name".to_owned(),
            id: id.to_owned(),
            local_build: false,
        };
        let images = |postgres, admin_tools| StackImages {
            postgres: image(postgres),
            admin_tools: image(admin_tools),
            server: image("c"),
        };
        let of = tag(&images("a", "b"));
        assert_eq!(of.len(), 12);
        assert_eq!(of, tag(&images("a", "b")));
        assert_ne!(of, tag(&images("a", "d")));
        assert_ne!(of, tag(&images("ab", "")));
    }
}
