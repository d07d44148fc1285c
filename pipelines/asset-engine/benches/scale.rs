//! What the planner promises at scale, measured and held against its bounds: a bound that is not
//! met is printed as such; nothing here fails. Each measurement is a process of its own, so that its
//! peak of memory is its own.
//!
//! `cargo bench -p asset-engine --bench scale`

use std::error::Error;
use std::process::Command;
use std::sync::Arc;
use std::time::Instant;

use asset_engine::{
    Asset, AssetGraph, AssetKey, Catalog, Dep, Durability, Executor, ExecutorOptions, InputVersion,
    Materialization, Materialized, Partitions, Plan, Selection, Step, StepContext, StepFailure,
    staleness,
};

type Failed = Box<dyn Error>;

/// What one process measured.
struct Measured {
    seconds: f64,
    peak_mib: f64,
}

fn main() -> Result<(), Failed> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    match words.first().map(String::as_str) {
        Some("graph") => return graph(words[1].parse()?),
        Some("stale") => return stale(words[1].parse()?, words[2].parse()?, &words[3]),
        _ => {}
    }
    let small = best(&["graph", "2000"])?;
    report(
        "2,000 assets, 6,000 edges, build + plan",
        &small,
        Some(0.020),
        None,
    );
    if !words.iter().any(|word| word == "--quick") {
        growth()?;
    }
    for (assets, bound_s, bound_mib) in [("35", 0.050, None), ("2000", 5.0, Some(2048.0))] {
        for kind in ["fresh", "one"] {
            let measured = if assets == "35" {
                best(&["stale", assets, "2000", kind])?
            } else {
                child(&["stale", assets, "2000", kind])?
            };
            let what = format!(
                "staleness of {assets} assets x 2,000 partitions ({kind}), from a catalog file"
            );
            report(&what, &measured, Some(bound_s), bound_mib);
        }
    }
    Ok(())
}

/// Ten times as many assets, in pairs of one process each, so that both meet the same machine. How many times as long
/// they take has no bound: a million do not fit into the processor's cache, which the smaller graph does.
fn growth() -> Result<(), Failed> {
    let mut pairs = Vec::new();
    for _ in 0..7 {
        pairs.push((child(&["graph", "100000"])?, child(&["graph", "1000000"])?));
    }
    let mut ratios: Vec<f64> = pairs
        .iter()
        .map(|(large, huge)| huge.seconds / large.seconds)
        .collect();
    ratios.sort_by(f64::total_cmp);
    let (large, huge): (Vec<_>, Vec<_>) = pairs.into_iter().unzip();
    report(
        "100,000 assets, 300,000 edges, build + plan",
        &best_of(large),
        Some(0.150),
        None,
    );
    report(
        "1,000,000 assets, 3,000,000 edges, build + plan",
        &best_of(huge),
        Some(1.8),
        Some(1024.0),
    );
    let median = ratios[ratios.len() / 2];
    println!(
        "  {median:.1} times the time of 100,000 ({:.1} to {:.1} in {} pairs)",
        ratios[0],
        ratios[ratios.len() - 1],
        ratios.len(),
    );
    Ok(())
}

fn verdict(met: bool) -> &'static str {
    if met { "met" } else { "NOT MET" }
}

fn report(what: &str, measured: &Measured, bound_s: Option<f64>, bound_mib: Option<f64>) {
    let Measured { seconds, peak_mib } = measured;
    print!("{what}: {:.1} ms", seconds * 1e3);
    if let Some(bound) = bound_s {
        print!(
            ", bound {:.0} ms: {}",
            bound * 1e3,
            verdict(*seconds <= bound)
        );
    }
    print!("; peak memory {peak_mib:.0} MiB");
    if let Some(bound) = bound_mib {
        print!(", bound {bound:.0} MiB: {}", verdict(*peak_mib <= bound));
    }
    println!();
}

fn best(words: &[&str]) -> Result<Measured, Failed> {
    Ok(best_of(
        (0..5).map(|_| child(words)).collect::<Result<_, _>>()?,
    ))
}

/// The best time of several, as whatever else runs on the machine can only add to it.
fn best_of(all: Vec<Measured>) -> Measured {
    let none = Measured {
        seconds: f64::INFINITY,
        peak_mib: 0.0,
    };
    all.into_iter().fold(none, |best, next| Measured {
        seconds: best.seconds.min(next.seconds),
        peak_mib: best.peak_mib.max(next.peak_mib),
    })
}

fn child(words: &[&str]) -> Result<Measured, Failed> {
    let text = told(words)?;
    let mut numbers = text.split_whitespace().map(str::parse::<f64>);
    match (numbers.next(), numbers.next()) {
        (Some(seconds), Some(peak_mib)) => Ok(Measured {
            seconds: seconds?,
            peak_mib: peak_mib?,
        }),
        _ => Err(format!("{words:?}: expected seconds and MiB, found {text:?}").into()),
    }
}

/// What a process of its own prints.
fn told(words: &[&str]) -> Result<String, Failed> {
    let output = Command::new(std::env::current_exe()?)
        .args(words)
        .output()?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into());
    }
    Ok(String::from_utf8(output.stdout)?)
}

fn answer(begun: Instant) -> Result<(), Failed> {
    let seconds = begun.elapsed().as_secs_f64();
    let status = std::fs::read_to_string("/proc/self/status")?;
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let peak = peak.ok_or("no VmHWM in /proc/self/status")?;
    let peak_kib: f64 = peak.trim().trim_end_matches(" kB").parse()?;
    println!("{seconds} {}", peak_kib / 1024.0);
    Ok(())
}

fn no_op(_: &StepContext<'_>) -> Result<Materialized, StepFailure> {
    Err(StepFailure::fatal("Unused", "never executed"))
}

/// Definitions as a program would have them: each reads up to three earlier ones, near and far.
fn definitions(count: usize, partitions: &Partitions) -> Result<Vec<Asset>, Failed> {
    let step: Arc<dyn Step> = Arc::new(no_op);
    let keys: Vec<AssetKey> = (0..count)
        .map(|index| AssetKey::new(&format!("layer{}/asset{index}", index % 50)))
        .collect::<Result<_, _>>()?;
    let mut assets = Vec::with_capacity(count);
    for index in 0..count {
        let mut asset =
            Asset::shared(keys[index].clone(), Arc::clone(&step)).partitions(partitions.clone());
        let mut reads = [index.checked_sub(1), index.checked_sub(7), Some(index / 2)];
        if index < 16 {
            reads = [index.checked_sub(1), None, None];
        }
        for read in reads.into_iter().flatten() {
            asset = asset.depends_on(keys[read].clone());
        }
        assets.push(asset);
    }
    Ok(assets)
}

/// Build and plan; making the definitions is the program's own work.
fn graph(count: usize) -> Result<(), Failed> {
    let definitions = definitions(count, &Partitions::Unpartitioned)?;
    let begun = Instant::now();
    let graph = AssetGraph::new(definitions)?;
    let plan = Plan::new(&graph, &Selection::all())?;
    let done = begun;
    assert_eq!(plan.len(), count);
    answer(done)?;
    std::process::exit(0)
}

/// Opening the catalog, reading it, and judging every piece.
fn stale(assets: usize, partitions: usize, kind: &str) -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("catalog.db");
    let days = Partitions::static_keys((0..partitions).map(|day| format!("day-{day:05}")))?;
    let graph = AssetGraph::new(definitions(assets, &days)?)?;
    let durability = Durability::ProcessCrash;
    {
        let options = ExecutorOptions::default().durability(durability);
        let executor = Executor::open(&path, options)?;
        let version = |asset: &AssetKey, day: usize| format!("{asset}-{day:08x}");
        for asset in graph.assets() {
            executor.record_all((0..partitions).map(|day| {
                let partition = format!("day-{day:05}");
                let key = asset.key.clone();
                let made =
                    Materialization::reported(key, Some(&partition), version(&asset.key, day), "1");
                let read = |dep: &Dep| {
                    InputVersion::new(dep.key.clone(), Some(&partition), version(&dep.key, day))
                };
                made.inputs(asset.deps.iter().map(read))
            }))?;
        }
        if kind == "one" {
            let root = &graph.assets()[0].key;
            let changed = Materialization::reported(root.clone(), Some("day-00007"), "new", "1");
            executor.record_all([changed])?;
        }
    }
    let begun = Instant::now();
    let catalog = Catalog::open(&path)?;
    let plan = Plan::new(&graph, &Selection::all())?;
    let stale = staleness(&graph, &catalog, &plan)?;
    let readers = graph.assets().iter().filter(|asset| {
        asset
            .deps
            .iter()
            .any(|dep| dep.key == graph.assets()[0].key)
    });
    assert_eq!(stale.len(), if kind == "one" { readers.count() } else { 0 });
    answer(begun)
}
