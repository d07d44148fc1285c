//! What a graph accepts and refuses.
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use super::*;
use crate::step::{Materialized, StepContext, StepFailure};

fn asset(name: &str) -> Asset {
    Asset::new(
        key(name),
        |_: &StepContext<'_>| -> Result<Materialized, StepFailure> {
            Err(StepFailure::fatal("Unused", "never executed"))
        },
    )
}

fn key(name: &str) -> AssetKey {
    AssetKey::new(name).unwrap()
}

#[test]
fn refuses_a_cycle_and_shows_it() {
    let error = AssetGraph::new(vec![
        asset("root"),
        asset("a").depends_on(key("root")).depends_on(key("c")),
        asset("b").depends_on(key("a")),
        asset("c").depends_on(key("b")),
    ])
    .unwrap_err();
    let text = error.to_string();
    assert!(text.starts_with("asset cycle: "), "{text}");
    let GraphError::Cycle(path) = error else {
        panic!("{text}");
    };
    assert_eq!(path.len(), 3, "{text}");
    let own = AssetGraph::new(vec![asset("a").depends_on(key("a"))]).unwrap_err();
    assert_eq!(own.to_string(), "asset cycle: a -> a");
}

#[test]
fn refuses_missing_and_duplicate_names() {
    let missing = AssetGraph::new(vec![asset("a").depends_on(key("b"))]).unwrap_err();
    assert_eq!(
        missing.to_string(),
        "asset a: dependency b is not in the graph"
    );
    let twice = AssetGraph::new(vec![asset("a"), asset("a")]).unwrap_err();
    assert_eq!(twice.to_string(), "asset a is defined twice");
    let dep = AssetGraph::new(vec![
        asset("a"),
        asset("b").depends_on(key("a")).depends_on_all(key("a")),
    ])
    .unwrap_err();
    assert_eq!(dep.to_string(), "asset b: dependency a is listed twice");
}

#[test]
fn links_partitions_by_key() {
    let month = Partitions::daily("2013-01-01", "2013-01-31").unwrap();
    let week = Partitions::daily("2013-01-03", "2013-01-09").unwrap();
    let graph = AssetGraph::new(vec![
        asset("config"),
        asset("month").partitions(month.clone()),
        asset("week")
            .partitions(week.clone())
            .depends_on(key("month"))
            .depends_on(key("config")),
        asset("total").depends_on(key("week")),
    ])
    .unwrap();
    let links: Vec<&Link> = graph.edges.iter().map(|edge| &edge.link).collect();
    let Link::Remap {
        to_upstream,
        to_downstream,
    } = links[0]
    else {
        panic!("{links:?}");
    };
    assert_eq!(to_upstream[0], 2);
    assert_eq!(to_downstream[2], 0);
    assert_eq!(to_downstream[0], NO_POSITION);
    assert!(matches!(links[1], Link::Broadcast));
    assert!(matches!(links[2], Link::Gather));

    let mismatch = AssetGraph::new(vec![
        asset("week").partitions(week),
        asset("month").partitions(month).depends_on(key("week")),
    ])
    .unwrap_err();
    assert_eq!(
        mismatch.to_string(),
        "asset month, partition 2013-01-01: dependency week has no such partition"
    );
}

#[test]
fn selects_up_and_down() {
    let graph = AssetGraph::new(vec![
        asset("a"),
        asset("b").depends_on(key("a")),
        asset("c").depends_on(key("b")),
        asset("d").depends_on(key("b")),
    ])
    .unwrap();
    let selected = |text: &str| {
        let marks = crate::Selection::parse(text).unwrap().resolve(&graph);
        marks
            .unwrap()
            .iter()
            .zip(graph.assets())
            .filter(|(mark, _)| **mark)
            .map(|(_, asset)| asset.key.to_string())
            .collect::<String>()
    };
    assert_eq!(selected("b"), "b");
    assert_eq!(selected("+b"), "ab");
    assert_eq!(selected("b+"), "bcd");
    assert_eq!(selected("+c, d"), "abcd");
    assert_eq!(selected("*"), "abcd");
    assert_eq!(selected("a,c"), "ac");
    let wrong = crate::Selection::parse("a, +b&").unwrap_err();
    assert!(
        wrong.to_string().contains("column 5: asset key \"b&\""),
        "{wrong}"
    );
    let unknown = crate::Selection::parse("x").unwrap().resolve(&graph);
    assert_eq!(
        unknown.unwrap_err().to_string(),
        "selection: no asset x; the graph has a, b, c, d"
    );
}
