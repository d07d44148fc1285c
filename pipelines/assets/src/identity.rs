//! What runs of a source are asked on, so that none is carried on on something else.

use std::path::{Path, PathBuf};

use asset_engine::INPUT;
use orchbench_etl::dataset::Dataset;
use orchbench_etl::{Etl, Source, StepError};

use crate::{GraphOptions, ORDER};

/// The first characters of a digest, which tell inputs apart as well as all of them.
const DIGEST: usize = 16;

/// What a source's graph is of: `source`, `days`, `origins`, `gate`, `warehouse` (without what opens
/// it) and each `input` by its digest. For [`asset_engine::AssetGraph::identified_by`].
///
/// # Errors
/// `Dataset`, when an input cannot be read.
pub fn identity(
    etl: &Etl,
    source: &Source,
    options: &GraphOptions,
) -> Result<Vec<(String, String)>, StepError> {
    let origins = match source.origins.as_slice() {
        [] => "all".to_owned(),
        origins => origins.join(","),
    };
    let gate = if options.gated { "approval" } else { "none" };
    let mut parts = vec![
        ("source".to_owned(), source.name.clone()),
        ("days".to_owned(), source.days.to_string()),
        ("origins".to_owned(), origins),
        ("gate".to_owned(), gate.to_owned()),
        ("warehouse".to_owned(), warehouse(etl)),
    ];
    for dataset in Dataset::ALL {
        let mut version = etl.input_version(dataset)?;
        version.truncate(DIGEST);
        parts.push((format!("{INPUT}{}", dataset.name()), version));
    }
    Ok(parts)
}

/// What the graph of the example `order` is of.
#[must_use]
pub fn order_identity() -> Vec<(String, String)> {
    vec![("source".to_owned(), ORDER.to_owned())]
}

/// Where loads end: a file by its place, seen from the work folder when it lies in there, as that
/// may be moved; a server without user and password.
fn warehouse(etl: &Etl) -> String {
    let config = etl.config();
    let Some(file) = config.warehouse.strip_prefix("sqlite:") else {
        let place = config.warehouse.split('?').next().unwrap_or_default();
        let place = place.rsplit_once('@').map_or(place, |(_, place)| place);
        return place.to_owned();
    };
    let absolute =
        |path: &Path| -> PathBuf { path.canonicalize().unwrap_or_else(|_| path.to_owned()) };
    let (file, folder) = (absolute(Path::new(file)), absolute(&config.work_dir));
    let place = file.strip_prefix(&folder).unwrap_or(&file);
    format!("sqlite:{}", place.display())
}
