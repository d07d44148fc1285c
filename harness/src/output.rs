//! What `orchbench` says: the only module that prints. Progress goes to standard error,
//! a bar on a terminal and plain lines elsewhere; results go to standard output.

use std::borrow::Cow;
use std::io::{self, IsTerminal, Write};
use std::path::Path;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use orchbench_etl::journal::escaped;
use orchbench_lab::server;

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
        let bar = io::stderr().is_terminal().then(|| {
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

/// Tells what takes its time and for how long it has: in one line that is rewritten on a
/// terminal; elsewhere when it begins, and every 15 s.
pub fn waiting() -> impl Fn(&str, Duration) {
    let spinner = std::io::stderr()
        .is_terminal()
        .then(|| ProgressBar::new_spinner().with_finish(indicatif::ProgressFinish::AndClear));
    let in_lines = server::in_lines(note);
    move |what, elapsed| match &spinner {
        Some(spinner) => {
            spinner.set_message(format!("{what}: {} s", elapsed.as_secs()));
            spinner.tick();
        }
        None => in_lines(what, elapsed),
    }
}

/// A file as a URL, which a terminal makes clickable; its path when it cannot be one.
pub fn link(path: &Path) -> String {
    let plain = || path.display().to_string();
    let Ok(absolute) = std::path::absolute(path) else {
        return plain();
    };
    let mut url = "file://".to_owned();
    for byte in absolute.as_os_str().as_encoded_bytes() {
        match byte {
            b'/' | b'-' | b'_' | b'.' | b'~' => url.push(char::from(*byte)),
            _ if byte.is_ascii_alphanumeric() => url.push(char::from(*byte)),
            _ => url.push_str(&format!("%{byte:02X}")),
        }
    }
    url
}

/// From here on says what libraries warn of, to standard error: without it a worker that cannot do a
/// task is silent.
pub fn warnings() {
    // Somebody who listens already, as in a test, goes on listening.
    let _ = tracing_subscriber::fmt()
        .with_max_level(tracing_subscriber::filter::LevelFilter::WARN)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .try_init();
}

/// A line for the reader of the screen, to standard error.
pub fn note(text: &str) {
    // Nothing is to be done about a closed standard error.
    let _ = writeln!(io::stderr().lock(), "{text}");
}

/// The first failure of standard output.
static LOST: OnceLock<io::Error> = OnceLock::new();

/// A result, to standard output; a closed pipe (`| head`) ends the output, not the run. Any other
/// failure, such as a full disk, is told by [`finish`].
pub fn line(text: &str) {
    keep(writeln!(io::stdout().lock(), "{text}"));
}

/// Help, a version or a fault in the words on the command line, to where clap sends it.
pub fn of_clap(said: &clap::Error) {
    keep(said.print());
}

fn keep(written: io::Result<()>) {
    if let Err(error) = written
        && error.kind() != io::ErrorKind::BrokenPipe
    {
        // Only the first one is told.
        let _ = LOST.set(error);
    }
}

/// Writes what standard output still holds back.
///
/// # Errors
/// When some of what was printed is lost.
pub fn finish() -> Result<(), String> {
    keep(io::stdout().flush());
    LOST.get()
        .map_or(Ok(()), |error| Err(format!("standard output: {error}")))
}

/// A result as JSON, to standard output.
pub fn json(value: &impl serde::Serialize) -> anyhow::Result<()> {
    line(&serde_json::to_string_pretty(value)?);
    Ok(())
}

/// Lines, a table, and lines after it.
pub fn page((before, rows, after): (Vec<String>, Vec<Vec<String>>, Vec<String>)) {
    before.iter().for_each(|text| line(text));
    table(&rows);
    after.iter().for_each(|text| line(text));
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
