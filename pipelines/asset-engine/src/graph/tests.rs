//! What a graph accepts and refuses.
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use super::*;
use crate::partition::{Mapping, Partitions};
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
fn refuses_a_cycle_and_shows_all_of_it() {
    let error = |assets| AssetGraph::new(assets).unwrap_err().to_string();
    let circle = vec![
        asset("root"),
        asset("a").depends_on(key("root")).depends_on(key("c")),
        asset("b").depends_on(key("a")),
        asset("c").depends_on(key("b")),
        asset("below").depends_on(key("c")),
    ];
    assert_eq!(error(circle), "asset cycle: a -> b -> c -> a");
    let own = vec![asset("a").depends_on(key("a"))];
    assert_eq!(error(own), "asset cycle: a -> a");
    // A shortest one, and what lies on others with it.
    let entangled = vec![
        asset("a").depends_on(key("b")).depends_on(key("far")),
        asset("b").depends_on(key("a")),
        asset("near").depends_on(key("b")),
        asset("far").depends_on(key("near")),
    ];
    assert_eq!(
        error(entangled),
        "asset cycle: a -> b -> a; in circles with them: near, far"
    );
}

/// As deep as no stack is.
#[test]
fn finds_a_circle_at_the_end_of_a_long_chain() {
    const LENGTH: u32 = 200_000;
    let name = |number: u32| format!("step-{number}");
    let mut assets = vec![asset(&name(0))];
    for number in 1..LENGTH {
        assets.push(asset(&name(number)).depends_on(key(&name(number - 1))));
    }
    let last = name(LENGTH - 1);
    assets.push(asset("end").depends_on(key(&last)).depends_on(key("back")));
    assets.push(asset("back").depends_on(key("end")));
    let error = AssetGraph::new(assets).unwrap_err().to_string();
    assert_eq!(error, "asset cycle: end -> back -> end");
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
    assert!(links[0].upstream(0, 31).eq([2]));
    assert!(links[0].downstream(2, 7).eq([0]));
    assert_eq!(links[0].downstream(0, 7).count(), 0);
    assert!(matches!(links[1], Link::Broadcast));
    assert!(matches!(links[2], Link::Gather { first: 0 }));

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
    assert_eq!(selected("++c"), "abc");
    assert_eq!(selected("b+"), "bcd");
    assert_eq!(selected("*c, d"), "abcd");
    assert_eq!(selected("*"), "abcd");
    assert_eq!(selected("a,c"), "ac");
    let wrong = crate::Selection::parse("a, +b&").unwrap_err();
    assert!(
        wrong
            .to_string()
            .starts_with("selection, column 6: expected"),
        "{wrong}"
    );
    let unknown = crate::Selection::parse("x").unwrap().resolve(&graph);
    assert_eq!(
        unknown.unwrap_err().to_string(),
        "selection: no asset x; the graph has a, b, c, d"
    );
}

fn days(first: &str, last: &str) -> Partitions {
    Partitions::daily(first, last).unwrap()
}

/// `reader` reads `read`.
fn mapped(reader: Partitions, read: Partitions, mapping: Mapping) -> AssetGraph {
    AssetGraph::new(vec![
        asset("read").partitions(read),
        asset("reader")
            .partitions(reader)
            .depends_on_mapped(key("read"), mapping),
    ])
    .unwrap()
}

/// The keys that each partition of `reader` reads of `read`.
fn reads(reader: Partitions, read: Partitions, mapping: Mapping) -> Vec<String> {
    let graph = mapped(reader, read, mapping.clone());
    let (_, edge) = graph.deps(1).next().unwrap();
    let name = |index: u32, at| {
        graph
            .asset(index)
            .partitions
            .key(at)
            .map_or("-", AsRef::as_ref)
    };
    let (read, reader) = (&graph.assets[0].partitions, &graph.assets[1].partitions);
    for down in 0..reader.count() {
        for up in 0..read.count() {
            let reads = graph.reads(edge, down).any(|at| at == up);
            let read_by = graph.read_by(edge, up).any(|at| at == down);
            assert_eq!(reads, read_by, "both sides of {mapping:?} agree");
        }
    }
    (0..reader.count())
        .map(|at| {
            let keys: Vec<&str> = graph.reads(edge, at).map(|at| name(0, at)).collect();
            format!("{}: {}", name(1, at), keys.join(" "))
        })
        .collect()
}

#[test]
fn maps_the_last_partitions_and_windows_of_time() {
    let (three, last) = (days("2013-01-01", "2013-01-03"), Mapping::Last(2));
    assert_eq!(
        reads(Partitions::Unpartitioned, three.clone(), last.clone()),
        ["-: 2013-01-02 2013-01-03"]
    );
    let two = Partitions::static_keys(["x", "y"]).unwrap();
    assert_eq!(
        reads(two, three.clone(), last),
        ["x: 2013-01-02 2013-01-03", "y: 2013-01-02 2013-01-03"]
    );
    let yesterday = Mapping::TimeWindow {
        start_offset: -1,
        end_offset: 0,
    };
    assert_eq!(
        reads(three.clone(), three.clone(), yesterday.clone()),
        [
            "2013-01-01: 2013-01-01",
            "2013-01-02: 2013-01-01 2013-01-02",
            "2013-01-03: 2013-01-02 2013-01-03"
        ]
    );
    let weeks = Partitions::weekly("2013-01-06", "2013-01-19").unwrap();
    let around = days("2013-01-11", "2013-01-14");
    assert_eq!(
        reads(weeks.clone(), around.clone(), Mapping::Identity),
        [
            "2013-01-06: 2013-01-11 2013-01-12",
            "2013-01-13: 2013-01-13 2013-01-14"
        ]
    );
    assert_eq!(
        reads(around, weeks, Mapping::Identity)[..2],
        ["2013-01-11: 2013-01-06", "2013-01-12: 2013-01-06"]
    );
    let untimed = AssetGraph::new(vec![
        asset("days").partitions(three),
        asset("keys")
            .partitions(Partitions::static_keys(["x"]).unwrap())
            .depends_on_mapped(key("days"), yesterday),
    ]);
    assert_eq!(
        untimed.unwrap_err().to_string(),
        "asset keys: dependency days is mapped by time, expected partitions of time in both, found others in keys"
    );
}

#[test]
fn maps_by_listed_keys() {
    let areas = Partitions::static_keys(["north", "south", "sea"]).unwrap();
    let origins = Partitions::static_keys(["EWR", "JFK", "LGA"]).unwrap();
    let list = Mapping::keys([("north", vec!["LGA", "EWR", "LGA"]), ("south", vec!["JFK"])]);
    assert_eq!(
        reads(areas.clone(), origins.clone(), list),
        ["north: EWR LGA", "south: JFK", "sea: "]
    );
    let refused = |list| {
        let read = asset("read").partitions(origins.clone());
        let reader = asset("reader").partitions(areas.clone());
        let reader = reader.depends_on_mapped(key("read"), list);
        AssetGraph::new(vec![read, reader]).unwrap_err().to_string()
    };
    assert_eq!(
        refused(Mapping::keys([("east", ["JFK"])])),
        "asset reader: dependency read is mapped by key, but reader has no partition east"
    );
    assert_eq!(
        refused(Mapping::keys([("north", ["BOS"])])),
        "asset reader: dependency read is mapped by key, but read has no partition BOS"
    );
}

#[test]
fn refuses_listed_keys_that_can_never_be_there() {
    let refused = |of: Partitions, key_of_it: &str| {
        let list = Mapping::keys([("north", [key_of_it.to_owned()])]);
        let reader = asset("reader").partitions(Partitions::static_keys(["north"]).unwrap());
        let reader = reader.depends_on_mapped(key("read"), list);
        AssetGraph::new(vec![asset("read").partitions(of), reader]).is_err()
    };
    let days = || Partitions::daily_since("2024-01-01").unwrap();
    assert!(!refused(days(), "2999-01-01"), "a day to come");
    assert!(refused(days(), "2024-13-45"), "no day");
    let origins = Partitions::static_keys(["EWR", "JFK"]).unwrap();
    let both = || Partitions::product([("date", days()), ("origin", origins.clone())]).unwrap();
    assert!(!refused(both(), "2999-01-01|JFK"));
    assert!(refused(both(), "2999-01-01|BOS"));
    assert!(refused(both(), "2999-01-01"));
}

/// Those that are listed and not there may come, or have gone.
#[test]
fn maps_by_listed_keys_those_that_are_there() {
    let executor = crate::Executor::memory(crate::ExecutorOptions::default());
    let origins = Partitions::dynamic("origins").unwrap();
    let areas = Partitions::static_keys(["north", "south"]).unwrap();
    let list = Mapping::keys([("north", vec!["LGA", "EWR"]), ("south", vec!["JFK"])]);
    let read = asset("read").partitions(origins);
    let reader = asset("reader").partitions(areas);
    let reader = reader.depends_on_mapped(key("read"), list);
    let defined = Arc::new(AssetGraph::new(vec![read, reader]).unwrap());
    let mut seen = Vec::new();
    for key in ["JFK", "LGA", "BOS", "EWR"] {
        let change = crate::PartitionChange::added("origins", key);
        executor.change_partitions([change]).unwrap();
        let now = defined.current(executor.catalog()).unwrap();
        let pieces = |area| {
            now.pieces_read(1, area)
                .map(|(_, at)| at)
                .collect::<Vec<_>>()
        };
        seen.push((pieces(0), pieces(1)));
    }
    let expected = [
        (vec![], vec![0]),
        (vec![1], vec![0]),
        (vec![1], vec![0]),
        (vec![1, 3], vec![0]),
    ];
    assert_eq!(seen, expected);
}

#[test]
fn maps_products_to_their_dimensions() {
    let days = days("2013-01-01", "2013-01-02");
    let origins = Partitions::static_keys(["EWR", "JFK"]).unwrap();
    let both = Partitions::product([("date", days.clone()), ("origin", origins.clone())]).unwrap();
    assert_eq!(
        reads(both.clone(), origins.clone(), Mapping::Identity),
        [
            "2013-01-01|EWR: EWR",
            "2013-01-01|JFK: JFK",
            "2013-01-02|EWR: EWR",
            "2013-01-02|JFK: JFK"
        ]
    );
    assert_eq!(
        reads(origins, both.clone(), Mapping::Identity),
        [
            "EWR: 2013-01-01|EWR 2013-01-02|EWR",
            "JFK: 2013-01-01|JFK 2013-01-02|JFK"
        ]
    );
    assert_eq!(
        reads(days, both, Mapping::Identity)[0],
        "2013-01-01: 2013-01-01|EWR 2013-01-01|JFK"
    );
}

#[test]
fn refuses_keys_that_several_dimensions_of_a_product_have() {
    let airports = Partitions::static_keys(["EWR", "JFK"]).unwrap();
    let routes = Partitions::product([("from", airports.clone()), ("to", airports.clone())]);
    let error = |read: &Partitions, reader: &Partitions| {
        AssetGraph::new(vec![
            asset("read").partitions(read.clone()),
            asset("reader")
                .partitions(reader.clone())
                .depends_on(key("read")),
        ])
        .unwrap_err()
        .to_string()
    };
    let routes = routes.unwrap();
    let expected = "asset reader: dependency read has the keys of the dimensions from and to, expected those of one";
    assert_eq!(error(&airports, &routes), expected);
    assert_eq!(error(&routes, &airports), expected);
}

#[test]
fn refuses_what_one_step_cannot_make() {
    let step = |_: &StepContext<'_>| -> Result<Vec<Materialized>, StepFailure> {
        Err(StepFailure::fatal("Unused", "never executed"))
    };
    let make = || Asset::together([key("a"), key("b")], step);
    let error = |assets: Vec<Asset>| AssetGraph::new(assets).unwrap_err().to_string();
    assert_eq!(
        error(make().into_iter().take(1).collect()),
        "asset a: its step makes b as well, which is not in the graph"
    );
    let mut unlike = make();
    unlike[1] = unlike[1].clone().depends_on(key("c"));
    unlike.push(asset("c"));
    assert_eq!(
        error(unlike),
        "assets a and b are made by one step, expected the same dependencies in both"
    );
    let read = make().into_iter().map(|asset| asset.depends_on(key("c")));
    let circle = read.chain([asset("c").depends_on(key("b"))]).collect();
    assert_eq!(error(circle), "asset cycle: b -> c -> b");
    assert_eq!(
        error(vec![
            Asset::external(key("x")).depends_on(key("y")),
            asset("y")
        ]),
        "asset x is external, expected no dependencies, found y"
    );
}

#[test]
fn a_window_that_reaches_past_what_is_defined_is_said_to_be_cut() {
    let told = |reader: Partitions, read: Partitions, mapping| {
        let graph = mapped(reader, read, mapping);
        let plan = crate::Plan::new(&graph, &crate::Selection::all()).unwrap();
        let cut = plan.cut_windows(&graph).into_iter();
        cut.map(|cut| cut.to_string()).collect::<Vec<_>>()
    };
    let window = |start_offset, end_offset| Mapping::TimeWindow {
        start_offset,
        end_offset,
    };
    let three = days("2013-01-01", "2013-01-03");
    assert_eq!(
        told(three.clone(), three.clone(), window(-2, 1)),
        [
            "reader 2013-01-01 reads 2 of 4 partitions of read: 2 would lie before its first",
            "reader 2013-01-02 reads 3 of 4 partitions of read: 1 would lie before its first",
            "reader 2013-01-03 reads 3 of 4 partitions of read: 1 would lie after its last",
        ]
    );
    // All of the window lies outside, or is empty by its offsets.
    assert_eq!(
        told(
            days("2013-02-01", "2013-02-01"),
            three.clone(),
            window(-1, 0)
        ),
        ["reader 2013-02-01 reads 0 of 2 partitions of read: 2 would lie after its last"]
    );
    assert_eq!(told(three.clone(), three.clone(), window(0, -1)), [""; 0]);
    assert_eq!(
        told(three.clone(), three.clone(), Mapping::Identity),
        [""; 0]
    );
    // A week over days.
    let week = Partitions::weekly("2012-12-31", "2013-01-06").unwrap();
    assert_eq!(
        told(week.clone(), three.clone(), Mapping::Identity),
        ["reader 2012-12-31 reads 3 of 7 partitions of read: \
             1 would lie before its first and 3 would lie after its last"]
    );
    // Days over a week.
    assert_eq!(
        told(days("2013-01-06", "2013-01-07"), week, Mapping::Identity),
        ["reader 2013-01-07 reads 0 of 1 partitions of read: 1 would lie after its last"]
    );
    assert_eq!(
        told(Partitions::Unpartitioned, three.clone(), Mapping::Last(5)),
        ["reader reads 3 of 5 partitions of read: 2 would lie before its first"]
    );
    assert_eq!(told(three.clone(), three, Mapping::Last(3)), [""; 0]);
}
