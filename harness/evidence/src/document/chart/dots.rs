//! Estimates as dots with their intervals, a row each.

use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::{Block, FONT, GRID, INK, TEXT_PX, WIDTH, colour, failed, figure};
use crate::document::number;
use crate::record::Measurement;

/// Height of a row: the label above, the dot below.
const ROW: u32 = 44;

/// A dot of a chart.
#[derive(Debug, Clone, PartialEq)]
pub struct Dot {
    label: String,
    engine: String,
    settings: String,
    value: f64,
    interval: Option<(f64, f64)>,
}

impl Dot {
    /// A measurement's estimate; `what` is what sets it apart besides engine and settings.
    pub fn of(each: &Measurement, what: &str) -> Self {
        Self {
            label: format!("{} ({}), {what}", each.engine, each.settings),
            engine: each.engine.clone(),
            settings: each.settings.clone(),
            value: each.estimate.value,
            interval: each
                .estimate
                .interval
                .map(|interval| (interval.low, interval.high)),
        }
    }

    fn ends(&self) -> (f64, f64) {
        self.interval.unwrap_or((self.value, self.value))
    }
}

/// Draws dots from zero on; nothing when there are none. An interval that reaches further
/// than four times the largest estimate is cut at the edge, as the table has its ends.
pub fn dots(name: &str, title: &str, unit: &str, dots: &[Dot]) -> anyhow::Result<Option<Block>> {
    if dots.is_empty() {
        return Ok(None);
    }
    let largest = dots
        .iter()
        .map(|dot| dot.value)
        .fold(0.0, f64::max)
        .max(1e-9);
    let most = dots
        .iter()
        .map(|dot| dot.ends().1)
        .fold(largest, f64::max)
        .min(largest * 4.0)
        * 1.05;
    let least = dots
        .iter()
        .map(|dot| dot.ends().0)
        .fold(0.0, f64::min)
        .max(-largest);
    let rows = dots.len() as f64;
    let mut svg = String::new();
    {
        let height = ROW * dots.len() as u32 + 56;
        let area = SVGBackend::with_string(&mut svg, (WIDTH, height)).into_drawing_area();
        let mut chart = ChartBuilder::on(&area)
            .margin(8)
            .margin_right(20)
            .x_label_area_size(40)
            .build_cartesian_2d(least..most, 0.0..rows)
            .map_err(failed)?;
        let text = (FONT, TEXT_PX).into_font().color(&INK);
        chart
            .configure_mesh()
            .disable_y_mesh()
            .disable_y_axis()
            .x_desc(unit)
            .axis_style(INK)
            .bold_line_style(GRID)
            .light_line_style(TRANSPARENT)
            .x_labels(6)
            .x_label_formatter(&|value| number(*value))
            .label_style(text.clone())
            .axis_desc_style(text.clone())
            .draw()
            .map_err(failed)?;
        let label_style = text.pos(Pos::new(HPos::Left, VPos::Center));
        for (row, dot) in dots.iter().enumerate() {
            let y = rows - row as f64;
            let colour = colour(&dot.engine, &dot.settings);
            let (low, high) = dot.ends();
            let span = [(low.max(least), y - 0.7), (high.min(most), y - 0.7)];
            let label = format!("{}: {}", dot.label, number(dot.value));
            chart
                .plotting_area()
                .draw(&Text::new(label, (least, y - 0.25), label_style.clone()))
                .map_err(failed)?;
            chart
                .plotting_area()
                .draw(&PathElement::new(span, colour.stroke_width(3)))
                .map_err(failed)?;
            chart
                .plotting_area()
                .draw(&Circle::new((dot.value, y - 0.7), 5, colour.filled()))
                .map_err(failed)?;
        }
        area.present().map_err(failed)?;
    }
    Ok(Some(figure(name, title, svg)))
}
