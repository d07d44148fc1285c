//! Lines with interval bars, a line an engine and setting.

use std::collections::BTreeMap;

use plotters::prelude::*;

use super::{Block, FONT, GRID, INK, TEXT_PX, WIDTH, colour, failed, figure};
use crate::document::number;
use crate::record::Measurement;

const HEIGHT: u32 = 380;

/// How the axes run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scale {
    /// Both logarithmic.
    Log,
}

/// A line of a chart.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    engine: String,
    settings: String,
    /// x, estimate, low, high; without interval, low and high are the estimate.
    points: Vec<[f64; 4]>,
}

impl Line {
    /// A line an engine and setting, from the measurements to keep; `x` is the label that
    /// gives the abscissa.
    pub fn gather(
        measurements: &[Measurement],
        x: &str,
        keep: impl Fn(&Measurement) -> bool,
    ) -> Vec<Self> {
        let mut lines: BTreeMap<(&str, &str), Vec<[f64; 4]>> = BTreeMap::new();
        for each in measurements.iter().filter(|each| keep(each)) {
            let Some(at) = each.factors.get(x).and_then(|text| text.parse().ok()) else {
                continue;
            };
            let value = each.estimate.value;
            let (low, high) = each
                .estimate
                .interval
                .map_or((value, value), |interval| (interval.low, interval.high));
            let key = (each.engine.as_str(), each.settings.as_str());
            lines.entry(key).or_default().push([at, value, low, high]);
        }
        lines
            .into_iter()
            .map(|((engine, settings), mut points)| {
                points.sort_by(|a, b| a[0].total_cmp(&b[0]));
                Self {
                    engine: engine.to_owned(),
                    settings: settings.to_owned(),
                    points,
                }
            })
            .collect()
    }
}

/// Draws lines; nothing when there is no point.
pub fn lines(
    name: &str,
    title: &str,
    axes: [&str; 2],
    scale: Scale,
    lines: &[Line],
) -> anyhow::Result<Option<Block>> {
    let Scale::Log = scale;
    let points = || {
        lines
            .iter()
            .flat_map(|line| &line.points)
            .filter(|point| point[2] > 0.0)
    };
    let range = |low: usize, high: usize| {
        let least = points().map(|point| point[low]).fold(f64::MAX, f64::min);
        let most = points().map(|point| point[high]).fold(f64::MIN, f64::max);
        (least / 1.3)..(most * 1.3)
    };
    if points().next().is_none() {
        return Ok(None);
    }
    let mut svg = String::new();
    {
        let area = SVGBackend::with_string(&mut svg, (WIDTH, HEIGHT)).into_drawing_area();
        let mut chart = ChartBuilder::on(&area)
            .margin(8)
            .margin_right(16)
            .x_label_area_size(42)
            .y_label_area_size(64)
            .build_cartesian_2d(range(0, 0).log_scale(), range(2, 3).log_scale())
            .map_err(failed)?;
        let text = (FONT, TEXT_PX).into_font().color(&INK);
        chart
            .configure_mesh()
            .x_desc(axes[0])
            .y_desc(axes[1])
            .axis_style(INK)
            .bold_line_style(GRID)
            .light_line_style(TRANSPARENT)
            .label_style(text.clone())
            .axis_desc_style(text.clone())
            .x_label_formatter(&|value| number(*value))
            .y_label_formatter(&|value| number(*value))
            .draw()
            .map_err(failed)?;
        for line in lines {
            draw_line(&mut chart, line)?;
        }
        chart
            .configure_series_labels()
            .position(SeriesLabelPosition::UpperLeft)
            .label_font(text)
            .draw()
            .map_err(failed)?;
        area.present().map_err(failed)?;
    }
    Ok(Some(figure(name, title, svg)))
}

type LogChart<'a, 'b> = ChartContext<
    'a,
    SVGBackend<'b>,
    Cartesian2d<
        plotters::coord::combinators::LogCoord<f64>,
        plotters::coord::combinators::LogCoord<f64>,
    >,
>;

fn draw_line(chart: &mut LogChart<'_, '_>, line: &Line) -> anyhow::Result<()> {
    let colour = colour(&line.engine, &line.settings);
    let at = |point: &[f64; 4]| (point[0], point[1]);
    let usable: Vec<&[f64; 4]> = line.points.iter().filter(|point| point[2] > 0.0).collect();
    chart
        .draw_series(LineSeries::new(
            usable.iter().map(|point| at(point)),
            colour.stroke_width(2),
        ))
        .map_err(failed)?
        .label(format!("{} ({})", line.engine, line.settings))
        .legend(move |(x, y)| PathElement::new([(x, y), (x + 18, y)], colour.stroke_width(3)));
    let bars = usable.iter().map(|point| {
        ErrorBar::new_vertical(point[0], point[2], point[1], point[3], colour.filled(), 6)
    });
    chart.draw_series(bars).map_err(failed)?;
    Ok(())
}
