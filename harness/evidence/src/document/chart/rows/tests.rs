//! Rows of dots as they are laid out.

use super::*;
use crate::document::chart::drawing::{assert_legible, ground};
use proptest::prelude::*;

fn point(value: f64, interval: Option<(f64, f64)>) -> Point {
    Point {
        value,
        interval,
        n: 3,
        n_path: "measurements.json#x:n".into(),
    }
}

fn row(values: &[(f64, Option<(f64, f64)>)]) -> Row {
    let dots = values.iter().enumerate();
    Row {
        label: "an-engine (tuned-sticky), unsupervised, kill-worker, restart-survival".into(),
        dots: dots
            .map(|(place, (value, interval))| (part(place), Some(point(*value, *interval))))
            .collect(),
    }
}

fn laid_out(unit: &str, parts: &[&str], rows: &[Row]) -> (Drawing, Notes) {
    layout(unit, parts, rows).unwrap_or_else(|| unreachable!("there are points"))
}

fn count(drawing: &Drawing, of: impl Fn(&Shape) -> bool) -> usize {
    drawing.shapes.iter().filter(|shape| of(shape)).count()
}

#[test]
fn a_small_part_beside_a_large_one_stays_visible() {
    let rows = [row(&[
        (504.0, Some((480.0, 530.0))),
        (41.0, Some((30.0, 55.0))),
        (1.0, Some((0.7, 1.4))),
        (15.0, None),
    ])];
    let names = ["detect", "reschedule", "re-execute", "catch up"];
    let (drawing, notes) = laid_out("ms", &names, &rows);
    assert_legible(&drawing);
    assert!(notes.logarithmic && !notes.cut && !notes.below);
    assert_eq!(
        count(&drawing, |shape| matches!(shape, Shape::Interval(..))),
        3
    );
    let dots: Vec<i32> = drawing
        .shapes
        .iter()
        .filter_map(|shape| match shape {
            Shape::Dot((x, y), _) if *y > 60 => Some(*x),
            _ => None,
        })
        .collect();
    assert!(
        dots.len() == 4 && dots.iter().all(|x| *x > LEFT + 5),
        "{dots:?}"
    );
}

#[test]
fn the_key_of_parts_stands_above_every_row() {
    let names = ["detect", "reschedule", "re-execute", "catch up"];
    let rows = [row(&[(1.0, None), (2.0, None), (3.0, None), (4.0, None)])];
    let (drawing, notes) = laid_out("ms", &names, &rows);
    assert!(!notes.logarithmic);
    let place = |wanted: &str| {
        let found = drawing.shapes.iter().find_map(|shape| match shape {
            Shape::Words(at, anchor, words) if words.starts_with(wanted) => {
                Some(ground(*at, *anchor, words))
            }
            _ => None,
        });
        found.unwrap_or_else(|| unreachable!("{wanted} is written"))
    };
    let first = place("an-engine");
    for name in names {
        assert!(place(name).bottom <= first.top, "{name}");
    }
}

#[test]
fn a_cut_bar_is_marked_with_the_figure_where_it_ends() {
    let rows = [
        row(&[(10.0, Some((-500.0, 12_300.0)))]),
        row(&[(9.0, None)]),
    ];
    let (drawing, notes) = laid_out("ms", &[], &rows);
    assert!(notes.cut && !notes.logarithmic);
    assert_legible(&drawing);
    assert_eq!(
        count(&drawing, |shape| matches!(shape, Shape::Break(..))),
        2
    );
    for end in ["-500", "12300"] {
        let named = |shape: &Shape| matches!(shape, Shape::Words(_, _, words) if words == end);
        assert_eq!(count(&drawing, named), 1, "{end}");
    }
}

#[test]
fn zero_has_its_place_on_a_logarithmic_axis_and_is_said_to() {
    let rows = [row(&[
        (0.0, None),
        (1.0, None),
        (100.0, Some((-3.0, 120.0))),
    ])];
    let (drawing, notes) = laid_out("ms", &[], &rows);
    assert!(notes.logarithmic && notes.below && notes.cut);
    assert_legible(&drawing);
}

proptest! {
    #[test]
    fn words_never_meet(
        values in proptest::collection::vec((-3.0f64..6.0, -3.0f64..3.0, any::<bool>()), 1..8),
        negative in any::<bool>(),
    ) {
        let rows: Vec<Row> = values
            .iter()
            .map(|(value, wide, has)| {
                let value = 10f64.powf(*value) * if negative { -1.0 } else { 1.0 };
                let width = 10f64.powf(*wide) * value.abs();
                row(&[(value, has.then_some((value - width, value + width)))])
            })
            .collect();
        let (drawing, _) = laid_out("ms", &["one"], &rows);
        assert_legible(&drawing);
        let bars = values.iter().filter(|(.., has)| *has).count();
        prop_assert_eq!(count(&drawing, |shape| matches!(shape, Shape::Interval(..))), bars);
    }
}
