//! A network of ours, in which containers find each other by name.

use std::collections::HashMap;

use testcontainers::bollard::models::NetworkCreateRequest;

use crate::process::{
    OWNER_LABEL, ProcessError, block_on_background, docker, ensure_guard, owner_tag,
};

use super::container::{ContainersMark, full_name, refused};

/// A bridge network; removed on drop, by the guard, or by the next sweep.
#[derive(Debug)]
pub(super) struct Network {
    name: String,
    #[expect(dead_code, reason = "held so that the owner's record keeps the mark")]
    mark: ContainersMark,
}

impl Network {
    /// Makes one under a name that ends with `name`.
    pub(super) fn create(name: &str) -> Result<Network, ProcessError> {
        let mark = ContainersMark::set()?;
        ensure_guard()?;
        let name = full_name(name)?;
        let request = NetworkCreateRequest {
            name: name.clone(),
            labels: Some(HashMap::from([(OWNER_LABEL.to_owned(), owner_tag()?)])),
            ..Default::default()
        };
        block_on_background(async move {
            docker()
                .await?
                .create_network(request)
                .await
                .map_err(|e| refused("create network", e))
        })??;
        Ok(Network { name, mark })
    }

    /// Its full name.
    pub(super) fn name(&self) -> &str {
        &self.name
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        let name = std::mem::take(&mut self.name);
        // What fails here is removed by the guard or the next sweep.
        let _ = block_on_background(async move {
            docker()
                .await?
                .remove_network(&name)
                .await
                .map_err(|e| refused("remove network", e))
        });
    }
}
