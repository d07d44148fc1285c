//! The HTML report of the reference in headless Chromium: on a desk and on a phone, light and dark. It
//! fetches nothing, complains of nothing, shows its charts, never scrolls sideways as a page, has the
//! contrast that WCAG 2.2 AA wants, its tables sort and filter, and its sliders change what the model says, to
//! what the crate predicts.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, ensure};
use orchbench_evidence::model::{Band, Inputs, predict};
use orchbench_evidence::record::Model;
use serde::Deserialize;

/// Puts the page into a frame of a phone's or a desk's width, tries it, and leaves what it saw.
const PROBE: &str = include_str!("probe.js");

/// Text of ordinary size (WCAG 2.2, 1.4.3).
const LEAST_CONTRAST: f64 = 4.5;

#[derive(Debug, Deserialize)]
struct Seen {
    /// Uncaught errors, and what the page's policy refused.
    errors: Vec<String>,
    /// What was fetched.
    resources: usize,
    /// Whether a word or a table makes the page wider than its frame.
    sideways: bool,
    charts: usize,
    /// Charts without a size.
    empty_charts: usize,
    /// Tables with a column that sorts both ways, of those with more rows than one.
    sorted: usize,
    sortable: usize,
    /// Tables whose filter leaves the rows with a word and no others.
    filtered: usize,
    filterable: usize,
    /// Links without what they lead to.
    dangling: usize,
    /// The least contrast of a text with its ground, and whose it is.
    contrast: f64,
    faintest: String,
    /// The ground, as CSS says it.
    ground: String,
    /// What the model says at first, and after each slider was moved.
    answers: Vec<Answer>,
}

#[derive(Debug, PartialEq, Deserialize)]
struct Answer {
    /// The sliders by name, the failing attempts in percent.
    day: BTreeMap<String, f64>,
    /// The table: an option, and `VALUE [LOW, HIGH]` three times.
    rows: Vec<Vec<String>>,
}

/// That the page's answers are the crate's, to three digits, and that each slider changes them.
fn ensure_predicted(answers: &[Answer], model: &Model) -> Result<()> {
    ensure!(answers.len() == 7, "{} answers", answers.len());
    for pair in answers.windows(2) {
        ensure!(pair[0].rows != pair[1].rows, "{:?}", pair[1].day);
    }
    for Answer { day, rows } in answers {
        let of = |name: &str| day.get(name).copied().unwrap_or(f64::NAN);
        let inputs = Inputs {
            steps: of("steps"),
            step_s: of("step_s"),
            failed_share: of("failed") / 100.0,
            kills_a_day: of("kills"),
            corrections_a_day: of("corrections"),
            waiting_runs: of("waiting"),
        };
        ensure!(rows.len() == model.options.len(), "{} rows", rows.len());
        for (row, option) in rows.iter().zip(&model.options) {
            let said = predict(option, &inputs);
            let expected = [said.time_s, said.in_vain_s, said.cpu_s];
            ensure!(row[0].starts_with(&option.label), "{row:?}");
            for (cell, band) in row[1..].iter().zip(expected) {
                ensure!(says(cell, band), "{day:?}: {row:?}, expected {band:?}");
            }
        }
    }
    Ok(())
}

fn says(cell: &str, band: Option<Band>) -> bool {
    let Some(band) = band else {
        return cell == "not measured";
    };
    let numbers: Vec<f64> = cell
        .split(['[', ',', ']'])
        .filter_map(|part| part.trim().parse().ok())
        .collect();
    let expected = [band.value, band.low, band.high];
    let near = |(a, b): (&f64, f64)| (a - b).abs() <= b.abs() * 0.006 + 1e-9;
    numbers.len() == 3 && numbers.iter().zip(expected).all(near)
}

fn see(page: &str, width: u32, dark: bool) -> Result<Seen> {
    let place = tempfile::tempdir()?;
    let file = place.path().join("probe.html");
    // In a script `</` would end it.
    let page = serde_json::to_string(page)?.replace("</", "<\\/");
    let probe = format!(
        "<!DOCTYPE html><body><script>const PAGE = {page}; const WIDTH = {width};\n{PROBE}</script></body>"
    );
    std::fs::write(&file, probe)?;
    let output = Command::new("chromium")
        .args([
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
        ])
        .args(["--no-first-run", "--disable-background-networking"])
        .args(["--disable-component-update", "--disable-sync"])
        .arg(format!(
            "--user-data-dir={}",
            place.path().join("browser").display()
        ))
        .arg(format!(
            "--blink-settings=preferredColorScheme={}",
            u8::from(!dark)
        ))
        .args([
            "--window-size=1600,1200",
            "--virtual-time-budget=20000",
            "--dump-dom",
        ])
        .arg(format!("file://{}", file.display()))
        .stdin(Stdio::null())
        .output()?;
    let dom = String::from_utf8_lossy(&output.stdout);
    let seen = dom
        .split_once("<pre id=\"seen\">")
        .and_then(|(_, rest)| rest.split_once("</pre>"))
        .with_context(|| {
            let said = String::from_utf8_lossy(&output.stderr);
            format!("{width} px: the probe said nothing: {said}")
        })?;
    let seen = seen
        .0
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&amp;", "&");
    serde_json::from_str(&seen).with_context(|| seen.clone())
}

#[test]
fn the_page_holds_in_a_browser() -> Result<()> {
    if Command::new("chromium").arg("--version").output().is_err() {
        println!("not run: no chromium");
        return Ok(());
    }
    let report = Path::new(env!("CARGO_MANIFEST_DIR")).join("../reports/reference/report.html");
    let page = std::fs::read_to_string(&report)?;
    let model: Model =
        serde_json::from_slice(&std::fs::read(report.with_file_name("model.json"))?)?;
    let mut grounds = Vec::new();
    for (width, dark) in [(1280, false), (1280, true), (390, false), (390, true)] {
        let seen = see(&page, width, dark)?;
        let what = format!("{width} px, dark: {dark}: {seen:?}");
        ensure!(seen.errors.is_empty() && seen.resources == 0, "{what}");
        ensure!(!seen.sideways, "{what}");
        ensure!(seen.charts >= 4 && seen.empty_charts == 0, "{what}");
        ensure!(seen.sortable > 0 && seen.sorted == seen.sortable, "{what}");
        ensure!(
            seen.filterable > 0 && seen.filtered == seen.filterable,
            "{what}"
        );
        ensure!(seen.dangling == 0, "{what}");
        ensure!(seen.contrast >= LEAST_CONTRAST, "{what}");
        ensure_predicted(&seen.answers, &model)?;
        grounds.push(seen.ground);
    }
    ensure!(grounds[0] == grounds[2] && grounds[1] == grounds[3] && grounds[0] != grounds[1]);
    Ok(())
}

/// What would be a fault is one to the probe.
#[test]
fn a_bad_page_is_seen_to_be_one() -> Result<()> {
    if Command::new("chromium").arg("--version").output().is_err() {
        println!("not run: no chromium");
        return Ok(());
    }
    let page = "<!DOCTYPE html><html><head><meta http-equiv=\"Content-Security-Policy\" \
         content=\"default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'\"></head>\
         <body style=\"background:#fff\"><nav><a href=\"#gone\">x</a></nav><p style=\"color:#aaa\">faint</p>\
         <p style=\"width:2000px\">wide</p><img src=\"file:///there.png\">\
         <table><thead><tr><th>a</th></tr></thead><tbody><tr><td>2</td></tr><tr><td>1</td></tr></tbody></table>\
         <script>nobody.there()</script></body></html>";
    let seen = see(page, 390, false)?;
    ensure!(seen.errors.len() >= 2, "{seen:?}");
    ensure!(
        seen.sideways && seen.dangling == 1 && seen.charts == 0,
        "{seen:?}"
    );
    ensure!(seen.sortable == 1 && seen.sorted == 0, "{seen:?}");
    ensure!(
        seen.contrast < LEAST_CONTRAST && seen.faintest.contains("faint"),
        "{seen:?}"
    );
    Ok(())
}
