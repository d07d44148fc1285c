#![expect(clippy::unwrap_used, reason = "tests stop at the first surprise")]

use proptest::prelude::*;

use super::*;

#[test]
fn the_embedded_catalogue_has_the_known_sources() {
    let catalogue = SourceCatalogue::embedded().unwrap();
    for (name, partitions) in [
        ("all", 365),
        ("EWR", 365),
        ("JFK", 365),
        ("LGA", 365),
        ("my-source", 7),
    ] {
        assert_eq!(
            catalogue.get(name).unwrap().partitions().len(),
            partitions,
            "{name}"
        );
    }
    assert_eq!(catalogue.get("my-source").unwrap().origins, ["EWR"]);
}

#[test]
fn an_unknown_source_lists_the_known_ones() {
    let message = SourceCatalogue::embedded()
        .unwrap()
        .get("ewr")
        .unwrap_err()
        .to_string();
    assert_eq!(
        message,
        "unknown source \"ewr\": expected one of EWR, JFK, LGA, all, january, my-source, \
         one-day, one-day-EWR, one-day-JFK, one-day-LGA, three-days"
    );
}

#[test]
fn a_broken_catalogue_says_where() {
    let parse = |text: &str| {
        SourceCatalogue::parse(text, "x.toml")
            .unwrap_err()
            .to_string()
    };
    let message =
        parse("[sources.a]\ntitle = \"a\"\nfirst = \"2013-01-02\"\nlast = \"2013-01-01\"\n");
    assert_eq!(
        message,
        "catalogue x.toml: source a: expected last on or after first 2013-01-02, found 2013-01-01"
    );
    assert!(parse("[sources.a]\ntitel = \"a\"\n").contains("titel"));
    let entry = |more: &str| {
        let text = "[sources.a]\ntitle = \"a\"\nfirst = \"2013-01-01\"\n";
        parse(&format!("{text}{more}"))
    };
    let day = "last = \"2013-01-01\"\n";
    for (more, message) in [
        (
            "last = \"9999-12-31\"\n".to_owned(),
            "source a: last: expected at most 36525 days from first 2013-01-01, found \"9999-12-31\"",
        ),
        (
            format!("{day}origins = [\"EWR\", \"ewr\"]\n"),
            "source a: origins: expected airports' codes such as \"EWR\", found \"ewr\"",
        ),
        (
            format!("{day}max_quarantine = 1.5\n"),
            "source a: max_quarantine: expected a share from 0 to 1, found 1.5",
        ),
        (
            format!("{day}max_quarantine = nan\n"),
            "source a: max_quarantine: expected a share from 0 to 1, found NaN",
        ),
    ] {
        assert_eq!(entry(&more), format!("catalogue x.toml: {message}"));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    /// Whatever a catalogue file holds is a catalogue or one message.
    #[test]
    fn any_text_is_a_catalogue_or_an_error(text in any_catalogue()) {
        match SourceCatalogue::parse(&text, "x.toml") {
            Ok(catalogue) => for source in catalogue.iter() {
                let days = source.partitions().len();
                prop_assert!((1..=MAX_DAYS).contains(&days));
                prop_assert!((0.0..=1.0).contains(&source.max_quarantine));
            },
            Err(error) => prop_assert!(error.to_string().starts_with("catalogue x.toml: ")),
        }
    }
}

/// Entries of plausible and implausible fields, some of them damaged, and any text at all.
fn any_catalogue() -> impl Strategy<Value = String> {
    let name = prop_oneof![Just("a".to_owned()), "[a-zA-Z0-9_-]{1,70}", "\"\\PC{0,8}\""];
    let value = prop_oneof![
        "\"[0-9]{4}-[0-9]{2}-[0-9]{2}\"",
        Just("\"2013-01-01\"".to_owned()),
        Just("\"-009999-01-01\"".to_owned()),
        Just("\"9999-12-31\"".to_owned()),
        any::<f64>().prop_map(|value| format!("{value:?}")),
        any::<i64>().prop_map(|value| value.to_string()),
        "\\[\"[A-Z]{2,4}\"\\]",
        "\"\\PC{0,12}\"",
        (1_usize..300).prop_map(|deep| "[".repeat(deep)),
    ];
    let field = prop_oneof![
        Just("title"),
        Just("origins"),
        Just("first"),
        Just("last"),
        Just("max_quarantine"),
        Just("x")
    ];
    let entry = (name, prop::collection::vec((field, value), 0..6)).prop_map(|(name, fields)| {
        let whole = [
            ("title", "\"t\""),
            ("first", "\"2013-01-01\""),
            ("last", "\"2013-01-02\""),
        ];
        let given: Vec<(&str, &str)> = fields
            .iter()
            .map(|(key, value)| (*key, value.as_str()))
            .collect();
        let rest = whole
            .iter()
            .filter(|(key, _)| !given.iter().any(|(known, _)| known == key));
        let line = |(key, value): &(&str, &str)| format!("{key} = {value}\n");
        let lines: String = given.iter().chain(rest).map(line).collect();
        format!("[sources.{name}]\n{lines}")
    });
    let entries = prop::collection::vec(entry, 0..3).prop_map(|entries| entries.concat());
    prop_oneof![4 => entries, 1 => ".{0,200}"]
}
