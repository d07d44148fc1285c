//! What is upstream and downstream, of assets and of pieces, and how it is drawn.
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use super::*;
use crate::{
    Asset, Executor, ExecutorOptions, Materialized, Observation, Partitions, RunRequest, Selection,
    StepContext, StepFailure,
};

fn key(name: &str) -> AssetKey {
    AssetKey::new(name).unwrap()
}

/// source → raw (2 days) → clean (2 days) → total; total reads config as well.
fn graph(version: &'static str) -> Arc<AssetGraph> {
    let step = move |cx: &StepContext<'_>| -> Result<Materialized, StepFailure> {
        let day = cx.partition.unwrap_or("all");
        Ok(Materialized::new(format!("{version}-{day}")))
    };
    let days = Partitions::daily("2013-01-01", "2013-01-02").unwrap();
    let assets = vec![
        Asset::external(key("source")),
        Asset::new(key("config"), step),
        Asset::new(key("raw"), step)
            .partitions(days.clone())
            .depends_on(key("source")),
        Asset::new(key("clean"), step)
            .partitions(days)
            .depends_on(key("raw")),
        Asset::new(key("total"), step)
            .depends_on(key("clean"))
            .depends_on(key("config")),
    ];
    Arc::new(AssetGraph::new(assets).unwrap())
}

/// Everything made from v1, then the second day of raw from v2.
fn made() -> (Arc<AssetGraph>, Executor) {
    let executor = Executor::memory(ExecutorOptions::default());
    let look = Observation::new(key("source"), None, "seen");
    executor.record_all([look]).unwrap();
    executor.run(RunRequest::new("first", graph("v1"))).unwrap();
    let selection = Selection::parse("raw")
        .unwrap()
        .with_partitions(["2013-01-02"]);
    let again = RunRequest::new("again", graph("v2"));
    executor.run(RunRequest { selection, ..again }).unwrap();
    (graph("v2"), executor)
}

fn shown(lineage: &Lineage) -> Vec<String> {
    let title = |at: usize| lineage.nodes[at].title();
    let edge = |edge: &LineageEdge| {
        let read = edge
            .data_version
            .as_deref()
            .map_or(String::new(), |read| format!(" @ {read}"));
        format!("{} -> {}{read}", title(edge.from), title(edge.to))
    };
    lineage.edges.iter().map(edge).collect()
}

#[test]
fn assets_have_so_many_layers_up_and_down() {
    let graph = graph("v1");
    let all = Lineage::of_asset(&graph, &key("clean"), u32::MAX, u32::MAX).unwrap();
    assert_eq!(
        shown(&all),
        ["source -> raw", "raw -> clean", "clean -> total"]
    );
    let near = Lineage::of_asset(&graph, &key("clean"), 1, 0).unwrap();
    assert_eq!(shown(&near), ["raw -> clean"]);
    assert_eq!(shown(&Lineage::of_graph(&graph)).len(), 4);
    let error = Lineage::of_asset(&graph, &key("x"), 1, 1).unwrap_err();
    assert_eq!(error.to_string(), "no asset x in the graph");
}

#[test]
fn pieces_have_the_versions_that_were_read() {
    let (graph, executor) = made();
    let of = |asset: &str, partition, up, down| {
        Lineage::of_piece(
            &graph,
            executor.catalog(),
            (&key(asset), partition),
            up,
            down,
        )
    };
    let up = of("total", None, u32::MAX, 0).unwrap();
    assert_eq!(
        shown(&up),
        [
            "source -> raw 2013-01-01 @ seen",
            "source -> raw 2013-01-02 @ seen",
            "raw 2013-01-01 -> clean 2013-01-01 @ v1-2013-01-01",
            "raw 2013-01-02 -> clean 2013-01-02 @ v1-2013-01-02",
            "config -> total @ v1-all",
            "clean 2013-01-01 -> total @ v1-2013-01-01",
            "clean 2013-01-02 -> total @ v1-2013-01-02",
        ]
    );
    let raw = up
        .nodes
        .iter()
        .find(|node| node.title() == "raw 2013-01-02")
        .unwrap();
    assert_eq!(raw.data_version.as_deref(), Some("v2-2013-01-02"));
    assert_eq!(raw.run.as_deref(), Some("again"));
    let labels: Vec<String> = up.edges.iter().filter_map(|edge| up.label(edge)).collect();
    assert_eq!(
        labels,
        ["read v1-2013-01-0"],
        "of the one edge whose end has been replaced"
    );

    let down = of("raw", Some("2013-01-01"), 0, u32::MAX).unwrap();
    assert_eq!(
        shown(&down),
        [
            "raw 2013-01-01 -> clean 2013-01-01 @ v1-2013-01-01",
            "clean 2013-01-01 -> total @ v1-2013-01-01",
        ]
    );
    assert_eq!(
        of("raw", None, 1, 1).unwrap_err().to_string(),
        "asset raw: expected one of 2 partitions, 2013-01-01 to 2013-01-02, found none"
    );
}

#[test]
fn what_follows_from_other_edges_is_not_drawn_unless_it_tells_something() {
    let step = |_: &StepContext<'_>| Ok(Materialized::new("1"));
    let assets = vec![
        Asset::new(key("raw"), step),
        Asset::new(key("clean"), step).depends_on(key("raw")),
        Asset::new(key("total"), step)
            .depends_on(key("raw"))
            .depends_on(key("clean")),
        Asset::new(key("report"), step)
            .depends_on(key("raw"))
            .depends_on(key("total")),
    ];
    let graph = AssetGraph::new(assets).unwrap();
    let reduced = Lineage::of_graph(&graph).reduced();
    assert_eq!(
        shown(&reduced),
        ["raw -> clean", "clean -> total", "total -> report"]
    );
    let (graph, executor) = made();
    let focus = key("total");
    let whole = Lineage::of_piece(&graph, executor.catalog(), (&focus, None), u32::MAX, 0).unwrap();
    assert_eq!(whole.clone().reduced(), whole, "nothing of it follows");
    let mut replaced = Lineage::of_graph(&graph);
    let at = |title: &str| {
        let mut nodes = replaced.nodes.iter();
        nodes.position(|node| node.title() == title).unwrap()
    };
    let edge = LineageEdge {
        from: at("raw"),
        to: at("total"),
        data_version: Some("v0".to_owned()),
    };
    replaced.edges.push(edge);
    assert!(shown(&replaced.reduced()).contains(&"raw -> total @ v0".to_owned()));
}

#[test]
fn drawings_have_every_node_and_edge_once() {
    let (graph, executor) = made();
    let focus = key("total");
    let lineage =
        Lineage::of_piece(&graph, executor.catalog(), (&focus, None), u32::MAX, 0).unwrap();
    let (dot, mermaid, svg) = (lineage.to_dot(), lineage.to_mermaid(), lineage.to_svg());
    let lines = |text: &str, with: &str| text.lines().filter(|line| line.contains(with)).count();
    assert_eq!(lines(&dot, "[label=\"raw"), 2);
    assert_eq!(lines(&dot, " -> "), lineage.edges.len());
    assert_eq!(lines(&dot, "[label=\"read v1-2013-01-0\""), 1);
    assert!(
        dot.contains("[label=\"total\\nv1-all\", style=bold]"),
        "{dot}"
    );
    assert_eq!(
        lines(&mermaid, "-->") + lines(&mermaid, ".->"),
        lineage.edges.len()
    );
    assert!(mermaid.contains("([\"source<br/>seen\"])"), "{mermaid}");
    assert_eq!(lines(&svg, "<rect x="), lineage.nodes.len());
    assert_eq!(lines(&svg, "<path"), lineage.edges.len());
    assert_eq!(svg, lineage.clone().to_svg());
}

#[test]
fn boxes_do_not_overlap_and_edges_go_right() {
    let lineage = Lineage::of_graph(&graph("v1"));
    let svg = lineage.to_svg();
    let number = |line: &str, name: &str| {
        let (_, rest) = line.split_once(&format!("{name}=\"")).unwrap();
        rest.split_once('"').unwrap().0.parse::<usize>().unwrap()
    };
    let boxes: Vec<[usize; 4]> = svg
        .lines()
        .filter(|line| line.starts_with("<rect x="))
        .map(|line| [" x", " y", " width", " height"].map(|name| number(line, name)))
        .collect();
    for (at, [x, y, width, height]) in boxes.iter().enumerate() {
        for [x2, y2, width2, height2] in &boxes[at + 1..] {
            let apart =
                x + width <= *x2 || x2 + width2 <= *x || y + height <= *y2 || y2 + height2 <= *y;
            assert!(apart, "{svg}");
        }
    }
    for edge in &lineage.edges {
        let ([x, _, width, _], [x2, ..]) = (boxes[edge.from], boxes[edge.to]);
        assert!(x + width < x2, "{svg}");
    }
}
