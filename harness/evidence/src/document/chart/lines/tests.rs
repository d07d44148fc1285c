//! Lines as they are laid out.

use super::*;
use crate::document::chart::drawing::{assert_legible, ground};
use crate::document::chart::palette::Palette;
use proptest::prelude::*;

fn point(value: f64, interval: Option<(f64, f64)>) -> Point {
    Point {
        value,
        interval,
        n: 3,
        n_path: "measurements.json#x:n".into(),
    }
}

fn line(index: usize, points: Vec<(f64, Point)>) -> Line {
    let palette = Palette::of(&[], &[]);
    Line {
        label: format!("an-engine-{index} (tuned-sticky)"),
        style: palette.style("an-engine", "default"),
        points,
    }
}

fn laid_out(names: [&str; 2], lines: &[Line]) -> (Drawing, bool) {
    layout(names, lines).unwrap_or_else(|| unreachable!("there are points"))
}

fn bars(drawing: &Drawing) -> usize {
    let shapes = drawing.shapes.iter();
    shapes
        .filter(|shape| matches!(shape, Shape::Interval(..)))
        .count()
}

#[test]
fn the_key_stands_above_the_plot_and_every_interval_has_its_bar() {
    let points = || {
        [1.0, 5.0, 15.0].map(|x| {
            let interval = (x > 1.0).then_some((x * 9.0, x * 11.0));
            (x, point(x * 10.0, interval))
        })
    };
    let lines: Vec<Line> = (0..5).map(|each| line(each, points().into())).collect();
    let (drawing, cut) = laid_out(["steps", "ms"], &lines);
    assert_legible(&drawing);
    assert!(!cut);
    assert_eq!(bars(&drawing), 10);
    let top = drawing.shapes.iter().find_map(|shape| match shape {
        Shape::Axis((_, top), _) => Some(f64::from(*top)),
        _ => None,
    });
    for shape in &drawing.shapes {
        if let Shape::Words(at, anchor, words) = shape
            && words.starts_with("an-engine")
        {
            assert!(Some(ground(*at, *anchor, words).bottom) < top, "{words}");
        }
    }
}

#[test]
fn a_cut_bar_has_a_break_and_the_figure_where_it_ends() {
    let wide = point(10.0, Some((0.004, 250_000.0)));
    let (drawing, cut) = laid_out(["steps", "ms"], &[line(0, vec![(1.0, wide)])]);
    assert!(cut);
    assert_legible(&drawing);
    let breaks = drawing.shapes.iter();
    let breaks = breaks.filter(|shape| matches!(shape, Shape::Break(..)));
    assert_eq!(breaks.count(), 2);
    for end in ["0.004", "250000"] {
        let named = drawing
            .shapes
            .iter()
            .any(|shape| matches!(shape, Shape::Words(_, _, words) if words == end));
        assert!(named, "{end}");
    }
}

proptest! {
    #[test]
    fn every_point_has_its_bar_and_words_stay_apart(
        values in proptest::collection::vec((0.0f64..4.0, -3.0f64..5.0, 0.0f64..3.0), 1..12),
        count in 1usize..7,
    ) {
        let lines: Vec<Line> = (0..count)
            .map(|index| {
                let points = values.iter().map(|(x, y, wide)| {
                    let (value, factor) = (10f64.powf(y + index as f64 / 9.0), 10f64.powf(*wide));
                    (10f64.powf(*x), point(value, Some((value / factor, value * factor))))
                });
                line(index, points.collect())
            })
            .collect();
        let (drawing, cut) = laid_out(["in flight", "runs a second"], &lines);
        // Many breaks at one place have no room for all their figures.
        if !cut {
            assert_legible(&drawing);
        }
        prop_assert_eq!(bars(&drawing), values.len() * count);
    }
}
