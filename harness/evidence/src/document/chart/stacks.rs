//! Bars of parts that follow one another, a bar a condition.

use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::{Block, FONT, GRID, INK, TEXT_PX, WIDTH, failed, figure};
use crate::document::number;

/// Height of a row: the label above, the bar below.
const ROW: u32 = 46;
/// Colours of the parts, in order; legible on light and on dark, and apart in grey.
const PARTS: [RGBColor; 3] = [
    RGBColor(0x2F, 0x6F, 0xDE),
    RGBColor(0xE0, 0xA2, 0x1B),
    RGBColor(0x12, 0x92, 0x6A),
];

/// A bar.
#[derive(Debug, Clone, PartialEq)]
pub struct Stack {
    /// What it is about.
    pub label: String,
    /// Its parts, in order.
    pub parts: Vec<f64>,
}

/// Draws bars from zero on; nothing when there are none.
pub fn stacks(
    name: &str,
    title: &str,
    unit: &str,
    parts: &[&str],
    stacks: &[Stack],
) -> anyhow::Result<Option<Block>> {
    let most = stacks
        .iter()
        .map(|stack| stack.parts.iter().sum())
        .fold(0.0, f64::max);
    if most <= 0.0 {
        return Ok(None);
    }
    let rows = stacks.len() as f64 + 1.0;
    let mut svg = String::new();
    {
        let height = ROW * (stacks.len() as u32 + 1) + 56;
        let area = SVGBackend::with_string(&mut svg, (WIDTH, height)).into_drawing_area();
        let mut chart = ChartBuilder::on(&area)
            .margin(8)
            .margin_right(20)
            .x_label_area_size(40)
            .build_cartesian_2d(0.0..most * 1.05, 0.0..rows)
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
        let left = text.pos(Pos::new(HPos::Left, VPos::Center));
        let plot = chart.plotting_area();
        // The key stands in the first row, a third of the width to each part.
        for (index, part) in parts.iter().enumerate() {
            let x = most * 1.05 * index as f64 / parts.len() as f64;
            let square = [(x, rows - 0.5), (x + most * 0.02, rows - 0.25)];
            plot.draw(&Rectangle::new(square, PARTS[index % 3].filled()))
                .map_err(failed)?;
            plot.draw(&Text::new(
                (*part).to_owned(),
                (x + most * 0.03, rows - 0.37),
                left.clone(),
            ))
            .map_err(failed)?;
        }
        for (row, stack) in stacks.iter().enumerate() {
            let y = rows - 1.0 - row as f64;
            let total: f64 = stack.parts.iter().sum();
            let label = format!("{}: {}", stack.label, number(total));
            plot.draw(&Text::new(label, (0.0, y - 0.22), left.clone()))
                .map_err(failed)?;
            let mut x = 0.0;
            for (index, part) in stack.parts.iter().enumerate() {
                let bar = [(x, y - 0.9), (x + part, y - 0.45)];
                plot.draw(&Rectangle::new(bar, PARTS[index % 3].filled()))
                    .map_err(failed)?;
                x += part;
            }
        }
        area.present().map_err(failed)?;
    }
    Ok(Some(figure(name, title, svg)))
}
