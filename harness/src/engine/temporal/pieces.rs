//! What a user writes to see data in Temporal's histories: activities as pieces of data, by what the
//! arguments and results of the user's own activities mean.

use serde_json::Value;

use super::activity::Activity;

// user code: made-from, parent-versions, made-when, lineage, unpublished, bad-partition
/// A piece of data, as an activity made it.
pub(super) struct Piece {
    /// `load/2013-01-01`, or `publish`.
    pub name: String,
    /// The step that makes it.
    pub step: String,
    /// The source that it is of.
    pub source: String,
    /// The version of its data.
    pub version: String,
    /// When it was made, in nanoseconds since 1970.
    pub made_ns: u64,
    /// What it was made of: names and versions.
    pub read: Vec<(String, String)>,
}

/// The pieces that activities have made; a check makes none.
pub(super) fn pieces(activities: &[Activity]) -> Vec<Piece> {
    let made = activities.iter().filter(|each| each.name != "check");
    made.filter_map(|activity| {
        let (result, made_ns) = activity.result.as_ref()?;
        Some(Piece {
            name: activity.step(),
            step: activity.name.clone(),
            source: activity.input["source"].as_str()?.to_owned(),
            version: version(result)?.to_owned(),
            made_ns: *made_ns,
            read: arguments(activity),
        })
    })
    .collect()
}
// end of user code

// user code: made-from, parent-versions, made-when, lineage, unpublished, bad-partition
/// The version in a step's output, or in a reference to it.
fn version(output: &Value) -> Option<&str> {
    let own = ["digest", "version"]
        .iter()
        .find_map(|key| output[key].as_str());
    own.or_else(|| output["artifact"]["digest"].as_str())
}

/// What an activity was given: the names under which the pipeline calls it, and its versions.
pub(super) fn arguments(activity: &Activity) -> Vec<(String, String)> {
    let (inputs, day) = (
        &activity.input["inputs"],
        activity.input["partition"].as_str(),
    );
    let daily = |step: &str| format!("{step}/{}", day.unwrap_or_default());
    let given: Vec<(String, &Value)> = match activity.name.as_str() {
        "transform" => vec![
            (daily("extract_flights"), &inputs["flights"]),
            (daily("extract_weather"), &inputs["weather"]),
            ("extract_planes".to_owned(), &inputs["planes"]),
            ("extract_airports".to_owned(), &inputs["airports"]),
            ("extract_airlines".to_owned(), &inputs["airlines"]),
        ],
        "load" => vec![(daily("transform"), &inputs["transformed"])],
        "publish" => {
            let loaded = inputs["loaded"].as_array().into_iter().flatten();
            loaded
                .filter_map(|one| Some((format!("load/{}", one["partition"].as_str()?), one)))
                .collect()
        }
        "announce" => vec![("publish".to_owned(), &inputs["published"])],
        _ => Vec::new(),
    };
    let versions = given.into_iter();
    versions
        .filter_map(|(name, given)| Some((name, version(given)?.to_owned())))
        .collect()
}
// end of user code

// user code: made-from, lineage
/// What a piece was made of.
pub(super) fn read_by<'a>(pieces: &'a [Piece], name: &str) -> impl Iterator<Item = &'a Piece> {
    let read = pieces.iter().find(|each| each.name == name);
    let read = read.map(|each| each.read.clone()).unwrap_or_default();
    let is_read = move |each: &&Piece| read.iter().any(|(name, _)| *name == each.name);
    pieces.iter().filter(is_read)
}
// end of user code

// user code: lineage, bad-partition
/// What is made of a piece, and of what is made of it.
pub(super) fn downstream<'a>(pieces: &'a [Piece], name: &str) -> Vec<&'a Piece> {
    let mut reached: Vec<&Piece> = Vec::new();
    loop {
        let is_reached = |read: &str| read == name || reached.iter().any(|each| each.name == read);
        let next = pieces.iter().find(|each| {
            let is_new = reached.iter().all(|known| known.name != each.name);
            is_new && each.read.iter().any(|(read, _)| is_reached(read))
        });
        match next {
            Some(next) => reached.push(next),
            None => return reached,
        }
    }
}
// end of user code
