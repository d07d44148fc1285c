//! What is read, what it means, how errors read, and that nothing panics.
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use proptest::prelude::*;

use super::expr::ALL_LAYERS;
use super::*;
use crate::graph::Direction;
use crate::step::{Materialized, StepContext, StepFailure};
use crate::{Asset, Plan};

fn asset(name: &str) -> Asset {
    let unused = |_: &StepContext<'_>| -> Result<Materialized, StepFailure> {
        Err(StepFailure::fatal("Unused", "never executed"))
    };
    Asset::new(key(name), unused)
}

fn key(name: &str) -> AssetKey {
    AssetKey::new(name).unwrap()
}

/// raw/a → b → c → d, and raw/e → c; f reads nothing.
fn graph() -> AssetGraph {
    AssetGraph::new(vec![
        asset("raw/a")
            .group("raw")
            .tag("tier", "1")
            .owner("team:raw"),
        asset("raw/e")
            .group("raw")
            .tag("tier", "2")
            .owner("team:raw")
            .owner("ann@example.com")
            .kind("csv"),
        asset("b")
            .depends_on(key("raw/a"))
            .group("mid")
            .tag("hot", ""),
        asset("c").depends_on(key("b")).depends_on(key("raw/e")),
        asset("d").depends_on(key("c")).group("mart"),
        asset("f").tag("tier", "1"),
    ])
    .unwrap()
}

fn selected(text: &str) -> String {
    let graph = graph();
    let selection = Selection::parse(text).unwrap_or_else(|error| panic!("{error}"));
    let keys = selection.keys(&graph).unwrap();
    keys.iter()
        .map(|key| key.name())
        .collect::<Vec<_>>()
        .concat()
}

#[test]
fn reads_dagsters_syntax() {
    for (text, expected) in [
        ("b", "b"),
        ("*", "aebcdf"),
        ("+c", "ebc"),
        ("++c", "aebc"),
        ("*c", "aebc"),
        ("b+", "bc"),
        ("b++", "bcd"),
        ("b*", "bcd"),
        ("+b+", "abc"),
        ("1+d", "cd"),
        ("2+d", "ebcd"),
        ("raw/a+2", "abc"),
        ("key:b", "b"),
        ("key:\"raw/*\"", "ae"),
        ("key:raw/*", "ae"),
        ("+key:\"d\"", "aebcd"),
        ("1+key:\"d\"", "cd"),
        ("key:\"raw/a\"+", "abcd"),
        ("key:\"raw/a\"+1", "ab"),
        ("1+key:c+1", "ebcd"),
        ("key:nothing", ""),
        ("tag:tier=1", "af"),
        ("tag:\"tier\"=\"2\"", "e"),
        ("tag:tier", ""),
        ("tag:hot", "b"),
        ("group:raw", "ae"),
        ("group:m*", "bd"),
        ("group:<null>", "cf"),
        ("owner:\"team:raw\"", "ae"),
        ("owner:ann@example.com", "e"),
        ("owner:<null>", "bcdf"),
        ("kind:csv", "e"),
        ("kind:\"cs*\"", ""),
        ("kind:<null> and not owner:<null>", "a"),
        ("not group:raw", "bcdf"),
        ("not group:raw and not d or raw/a", "abcf"),
        ("tag:tier=1 AND group:raw", "a"),
        ("tag:tier=1 and (group:raw or f)", "af"),
        ("+(d or f)", "aebcdf"),
        ("roots(*)", "aef"),
        ("sinks(*)", "df"),
        ("roots(+key:c)", "ae"),
        ("sinks(not d)", "cf"),
        ("b, f", "bf"),
        ("b,d or f", "bdf"),
        (" b ", "b"),
    ] {
        assert_eq!(selected(text), expected, "{text}");
    }
}

#[test]
fn errors_point_at_the_column() {
    let error = |text: &str| Selection::parse(text).unwrap_err().to_string();
    assert_eq!(
        error("b and, c"),
        "selection, column 6: expected an asset, an attribute or \"(\", found ','\n  b and, c\n       ^"
    );
    assert_eq!(
        error("b  owner:me"),
        "selection, column 4: expected \"and\", \"or\", a comma or the end, found \"owner\"\n  b  owner:me\n     ^"
    );
    for (text, column, expected, found) in [
        ("", 1, "an asset, an attribute or \"(\"", "the end"),
        ("(b", 3, "\")\"", "the end"),
        ("b)", 2, "\"and\", \"or\", a comma or the end", "')'"),
        (
            "status:fresh",
            1,
            "one of the attributes key, tag, group, owner and kind",
            "\"status\"",
        ),
        ("key:", 5, "a value", "the end"),
        ("key:\"a", 7, "a closing quote", "the end"),
        ("b or a//c", 6, "a key without empty segments", "\"a//c\""),
        ("b&", 2, "\"and\", \"or\", a comma or the end", "'&'"),
        ("++key:b", 3, "the name of an asset", "\"key\""),
        (
            "99999999999+b",
            1,
            "at most 4294967294 layers",
            "\"99999999999\"",
        ),
        ("not 7", 5, "an asset, an attribute or \"(\"", "\"7\""),
        ("b\nor or", 6, "an asset, an attribute or \"(\"", "\"or\""),
    ] {
        let Err(SelectionError::Syntax {
            column: at,
            expected: wanted,
            found: what,
            ..
        }) = Selection::parse(text)
        else {
            panic!("{text} is refused");
        };
        assert_eq!(
            (at, wanted.as_str(), what.as_str()),
            (column, expected, found),
            "{text}"
        );
    }
    let deep = error(&"(".repeat(10_000));
    assert!(
        deep.contains("expected at most 100 levels of nesting"),
        "{}",
        &deep[..200]
    );
    let graph = graph();
    let unknown = Plan::new(&graph, &Selection::parse("b or x").unwrap()).unwrap_err();
    assert_eq!(
        unknown.to_string(),
        "selection: no asset x; the graph has raw/a, raw/e, b, c, d, f"
    );
}

#[test]
fn catalogs_keep_what_is_meant() {
    let selection = Selection::parse("+key:\"a b\" and not c")
        .unwrap()
        .with_partitions(["x"]);
    let text = serde_json::to_string(&selection).unwrap();
    assert_eq!(
        text,
        r#"{"assets":"+key:\"a b\" and not c","partitions":["x"]}"#
    );
    assert_eq!(serde_json::from_str::<Selection>(&text).unwrap(), selection);
    let first = r#"{"terms":[{"key":"a","upstream":true,"downstream":false}],"partitions":null}"#;
    assert_eq!(
        serde_json::from_str::<Selection>(first)
            .unwrap()
            .to_string(),
        "*a"
    );
    let first = r#"{"terms":[],"partitions":["x"]}"#;
    let all = Selection::all().with_partitions(["x"]);
    assert_eq!(serde_json::from_str::<Selection>(first).unwrap(), all);
    assert!(serde_json::from_str::<Selection>(r#"{"partitions":null}"#).is_err());

    let names = Selection::assets(["and", "2", "b"].map(key));
    assert_eq!(names.to_string(), "key:\"and\" or key:\"2\" or b");
    assert_eq!(Selection::parse(&names.to_string()).unwrap(), names);
    let none = Selection::assets([]);
    assert_eq!(Selection::parse(&none.to_string()).unwrap(), none);
    assert!(none.keys(&graph()).unwrap().is_empty());
}

fn expressions() -> impl Strategy<Value = Expr> {
    let text = "[a-z @|é*]{0,4}";
    let leaf = prop_oneof![
        Just(Expr::All),
        "[a-d0-9._-]{1,3}(/[a-d]{1,2})?".prop_map(|name| Expr::of_key(key(&name))),
        text.prop_map(Expr::Key),
        (text, text).prop_map(|(name, value)| Expr::Tag(name, value)),
        proptest::option::of(text).prop_map(Expr::Group),
        proptest::option::of(text).prop_map(Expr::Owner),
        proptest::option::of(text).prop_map(Expr::Kind),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        let layers = || proptest::option::of(prop_oneof![0_u32..4, Just(ALL_LAYERS)]);
        prop_oneof![
            (layers(), inner.clone(), layers()).prop_filter_map("no layers", |(up, of, down)| {
                let of = Box::new(of);
                (up.is_some() || down.is_some()).then_some(Expr::Layers { up, of, down })
            }),
            inner
                .clone()
                .prop_map(|of| Expr::Ends(Direction::Up, Box::new(of))),
            inner
                .clone()
                .prop_map(|of| Expr::Ends(Direction::Down, Box::new(of))),
            inner.clone().prop_map(|of| Expr::Not(Box::new(of))),
            proptest::collection::vec(inner.clone(), 2..4).prop_map(Expr::And),
            proptest::collection::vec(inner, 2..4).prop_map(Expr::Or),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(5_000))]

    #[test]
    fn what_is_written_is_read_back(assets in expressions()) {
        let selection = Selection { assets, partitions: None };
        let read = Selection::parse(&selection.to_string());
        let read = read.map_err(|error| TestCaseError::fail(error.to_string()))?;
        prop_assert_eq!(read, selection);
    }

    #[test]
    fn nothing_panics(text in "[a-c+*():\",= \\n\\\\12&é]{0,24}|(not |and |or |key:|tag:|\\(|a|\\+|\\*|3|,){0,16}|.{0,40}") {
        let graph = graph();
        match Selection::parse(&text) {
            Ok(selection) => {
                let written = selection.to_string();
                let read = Selection::parse(&written);
                prop_assert_eq!(read.as_ref(), Ok(&selection), "{}", written);
                let _ = Plan::new(&graph, &selection);
            }
            Err(SelectionError::Syntax { column, selection, .. }) => {
                prop_assert!(column >= 1 && column <= selection.chars().count() + 1);
            }
            Err(other) => prop_assert!(false, "{}", other),
        }
    }
}
