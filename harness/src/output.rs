//! What `orchbench` says: the only module that prints. Progress goes to standard error,
//! a bar on a terminal and plain lines elsewhere; results go to standard output.

use std::borrow::Cow;
use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use orchbench_etl::journal::escaped;

/// Says how far a run is.
pub struct Progress {
    bar: Option<ProgressBar>,
    begun: Instant,
    total: usize,
    done: usize,
}

impl Progress {
    /// Progress over `total` trials.
    pub fn new(total: usize) -> Self {
        Self::over(total, "trials")
    }

    /// Progress over `total` of something.
    pub fn over(total: usize, unit: &str) -> Self {
        let bar = std::io::stderr().is_terminal().then(|| {
            let bar = ProgressBar::new(total as u64);
            if let Ok(style) = ProgressStyle::with_template(&format!(
                "{{spinner}} {{pos}}/{{len}} {unit} [{{elapsed_precise}} < {{eta}}] {{wide_msg}}"
            )) {
                bar.set_style(style);
            }
            bar.enable_steady_tick(Duration::from_millis(200));
            bar
        });
        Self {
            bar,
            begun: Instant::now(),
            total,
            done: 0,
        }
    }

    /// A trial begins.
    pub fn begin(&mut self, trial: &str) {
        match &self.bar {
            Some(bar) => bar.set_message(trial.to_owned()),
            None => note(&format!(
                "[{:>6.1} s] trial {}/{}: {trial}",
                self.begun.elapsed().as_secs_f64(),
                self.done + 1,
                self.total
            )),
        }
    }

    /// A trial ended; `remark` is said when it is not as planned.
    pub fn end(&mut self, remark: Option<&str>) {
        self.done += 1;
        if let Some(bar) = &self.bar {
            bar.inc(1);
        }
        if let Some(remark) = remark {
            self.say(remark);
        }
    }

    /// Whether there is a bar, so that it is worth asking how far things are.
    pub fn is_shown(&self) -> bool {
        self.bar.is_some()
    }

    /// So much is done.
    pub fn at(&self, done: usize) {
        if let Some(bar) = &self.bar {
            bar.set_position(done as u64);
        }
    }

    /// One more trial than planned (a void one is made again).
    pub fn add(&mut self) {
        self.total += 1;
        if let Some(bar) = &self.bar {
            bar.inc_length(1);
        }
    }

    /// Says a line without disturbing the bar.
    pub fn say(&self, text: &str) {
        match &self.bar {
            Some(bar) => bar.suspend(|| note(text)),
            None => note(text),
        }
    }

    /// All is done.
    pub fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

/// A line for the reader of the screen, to standard error.
pub fn note(text: &str) {
    // Nothing is to be done about a closed standard error.
    let _ = writeln!(std::io::stderr().lock(), "{text}");
}

/// A result, to standard output; a closed pipe (`| head`) ends the output, not the run.
pub fn line(text: &str) {
    let _ = writeln!(std::io::stdout().lock(), "{text}");
}

/// A result as JSON, to standard output.
pub fn json(value: &impl serde::Serialize) -> anyhow::Result<()> {
    line(&serde_json::to_string_pretty(value)?);
    Ok(())
}

/// A table with aligned columns, to standard output. A cell stays on its line, whatever is in it.
pub fn table(rows: &[Vec<String>]) {
    let rows: Vec<Vec<Cow<'_, str>>> = rows
        .iter()
        .map(|row| row.iter().map(|cell| escaped(cell)).collect())
        .collect();
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| {
        rows.iter()
            .filter_map(|row| row.get(column))
            .map(|cell| cell.chars().count())
            .max()
            .unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    for row in &rows {
        let cells: Vec<String> = row
            .iter()
            .zip(&widths)
            .map(|(cell, width)| format!("{cell:<width$}"))
            .collect();
        line(cells.join("  ").trim_end());
    }
}
