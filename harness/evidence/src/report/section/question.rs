//! What was asked, and on what.

use crate::document::{Block, Table};
use crate::record::Environment;
use crate::results::Analysis;

pub(in crate::report) fn blocks(analysis: &Analysis) -> Vec<Block> {
    let environment = &analysis.environment;
    let mut blocks = vec![
        Block::paragraph(
            "When does a data pipeline belong on durable workflows (Temporal), and when on an asset-style orchestrator? The same ETL ran on both kinds of engine; faults were injected while it ran; an effect journal outside every engine is the witness. Every sentence below is generated from that evidence and carries its interval, or says that it is undecided or not measured.",
        ),
        Block::heading("What was asked, and on what"),
        Block::Table(machine(analysis)),
    ];
    blocks.extend(durability(environment).block());
    blocks.push(Block::paragraph(
        "The asset engine is embedded: it is a library inside the worker's process. Temporal is a server reached over the network. No figure below compares them without that difference in it. Figures are about this project's asset engine, not about any other asset orchestrator.",
    ));
    blocks.extend(settings(environment).block());
    blocks
}

fn machine(analysis: &Analysis) -> Table {
    let environment = &analysis.environment;
    let mut table = Table::new("Environment", &["what", "value"]);
    let mut row = |name: &str, value: String| table.rows.push(vec![name.to_owned(), value]);
    row(
        "profile",
        format!(
            "{}, {} trials planned, seed {}",
            analysis.plan.profile,
            analysis.plan.trials.len(),
            analysis.plan.seed
        ),
    );
    row("started", environment.started_at.clone());
    row(
        "orchbench",
        format!(
            "{}, {} build, commit {}",
            environment.orchbench_version,
            environment.build,
            environment.commit.as_deref().unwrap_or("not recorded")
        ),
    );
    row(
        "processor",
        format!("{}, {} in use", environment.cpu, environment.cpus),
    );
    row(
        "memory",
        format!(
            "{:.1} GiB",
            environment.memory_bytes as f64 / f64::from(1 << 30)
        ),
    );
    row(
        "system",
        format!("{}, kernel {}", environment.os, environment.kernel),
    );
    row(
        "load at the start",
        format!("{:.2} (1 min)", environment.load_1m),
    );
    row("Temporal server", server(environment));
    for image in environment.server.iter().flat_map(|server| &server.images) {
        row("image", image.to_string());
    }
    table
}

fn server(environment: &Environment) -> String {
    match &environment.server {
        None => "none used".to_owned(),
        Some(server) => {
            let local = if server.local_image_build {
                "; image built locally under the vendor's name"
            } else {
                ""
            };
            format!(
                "{}, store: {}, found by: {}{local}",
                server.version, server.store, server.way
            )
        }
    }
}

fn durability(environment: &Environment) -> Table {
    let mut table = Table::new(
        "Durability: what each store survives",
        &["store", "survives", "by"],
    );
    table.rows = environment
        .durability
        .iter()
        .map(|each| {
            vec![
                each.store.clone(),
                each.survives.clone(),
                each.setting.clone(),
            ]
        })
        .collect();
    table
}

fn settings(environment: &Environment) -> Table {
    let mut table = Table::new("Settings, by the names used below", &["settings", "values"]);
    table.rows = environment
        .settings
        .iter()
        .map(|(name, values)| {
            let values: Vec<String> = values
                .iter()
                .map(|(key, value)| format!("{key} = {value}"))
                .collect();
            let values = if values.is_empty() {
                "as shipped".to_owned()
            } else {
                values.join("; ")
            };
            vec![name.clone(), values]
        })
        .collect();
    table
}
