//! The example workloads of `docs/workloads`, embedded, and what a results folder says to them.

use include_dir::{Dir, include_dir};

use super::weigh::Options;
use super::{Advice, Workload, need};
use crate::results::Analysis;

static FILES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../../docs/workloads");

/// The advice on each example, by the name of its file without ending, in the order of these.
///
/// # Errors
/// None that the embedded files could cause.
pub(crate) fn on_examples(analysis: &Analysis) -> anyhow::Result<Vec<(String, Advice)>> {
    let needs = need::all()?;
    let options = Options::of(&needs, analysis);
    let mut advices = Vec::new();
    for file in FILES.files() {
        let path = file.path();
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        let text = file.contents_utf8().unwrap_or_default();
        let workload = Workload::parse(&path.display().to_string(), text)?;
        let advice = Advice::weighed(&workload, &options, analysis);
        advices.push((name.into_owned(), advice));
    }
    advices.sort_by(|(a, _), (b, _)| a.cmp(b));
    Ok(advices)
}
