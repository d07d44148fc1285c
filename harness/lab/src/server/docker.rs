//! Temporal in containers, started by testcontainers, killed and started again by the
//! engine's own client: on PostgreSQL with the vendor's server images, or the dev server
//! of the CLI's image.

mod container;
mod dev;
mod image;
mod network;
mod postgres;
mod prepared;
mod temporal;

pub(super) use container::Container;
pub(super) use dev::start as start_dev;
pub use image::{Image, StackImages, dev_image};
pub(super) use image::{dev_available, stack_available};
pub use postgres::Postgres;
pub(super) use temporal::start as start_on_postgres;
