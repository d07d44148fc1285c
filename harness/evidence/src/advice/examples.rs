//! The example workloads of `docs/workloads`, embedded.

use include_dir::{Dir, include_dir};

use super::Workload;

static FILES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../../docs/workloads");

/// The examples by the names of their files without ending, in the order of these.
///
/// # Errors
/// None that the embedded files could cause.
pub fn examples() -> anyhow::Result<Vec<(String, Workload)>> {
    let mut examples = Vec::new();
    for file in FILES.files() {
        let path = file.path();
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        let text = file.contents_utf8().unwrap_or_default();
        let workload = Workload::parse(&path.display().to_string(), text)?;
        examples.push((name.into_owned(), workload));
    }
    examples.sort_by(|(a, _), (b, _)| a.cmp(b));
    Ok(examples)
}
