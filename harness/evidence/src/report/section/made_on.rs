//! On what it was measured: the machine, the stores, the engines and their settings.

use crate::document::{Block, Table, Text, figure, path, text};
use crate::record::{Environment, Plan};
use crate::results::Analysis;

pub(in crate::report) fn blocks(analysis: &Analysis) -> Vec<Block> {
    let environment = &analysis.environment;
    let mut blocks = vec![
        Block::heading("On what it was measured"),
        Block::Table(machine(analysis)),
    ];
    blocks.extend(durability(environment).block());
    blocks.push(Block::Table(engines(&analysis.plan)));
    blocks.push(Block::paragraph(
        "No figure compares engines without the difference of their places in it, and a figure is about the engine that it names, not about another of its kind.",
    ));
    blocks.extend(settings(environment).block());
    blocks
}

/// What all of it is derived from, and how one derives it again.
pub(in crate::report) fn raw_data() -> Vec<Block> {
    vec![
        Block::heading("Raw data"),
        Block::list([
            "evidence/SCENARIO.tar.gz: of each trial what the harness did and saw, the effect journal, what the warehouse had and by whom.",
            "rows/: the rows of a warehouse, kept once by content; expected.json: what they were to be.",
            "plan.json, environment.json: what was to be made, and on what; manifest.json: the seal of all of these.",
        ]),
        Block::paragraph(
            "Everything else is derived: orchbench check and orchbench report do it again, and bench/audit in another language, from the definitions.",
        ),
    ]
}

fn machine(analysis: &Analysis) -> Table {
    let environment = &analysis.environment;
    let quoted = |text: &str, field: &str| figure::quoted(text, path::environment(field));
    let mut table = Table::new("Environment", &["what", "value"]);
    let mut row = |name: &str, value: Text| table.row([Text::from(name), value]);
    row("profile", profile(analysis));
    row(
        "started",
        text![quoted(&environment.started_at, "started_at")],
    );
    let commit = environment.commit.as_deref().map_or_else(
        || Text::from("not recorded"),
        |commit| text![quoted(commit, "commit")],
    );
    row(
        "orchbench",
        text![
            quoted(&environment.orchbench_version, "orchbench_version"),
            ", ",
            quoted(&environment.build, "build"),
            " build, commit ",
            commit
        ],
    );
    row(
        "processor",
        text![
            quoted(&environment.cpu, "cpu"),
            ", ",
            figure::count(environment.cpus, path::environment("cpus")),
            " in use"
        ],
    );
    row("memory", memory(environment));
    row(
        "system",
        text![
            quoted(&environment.os, "os"),
            ", kernel ",
            quoted(&environment.kernel, "kernel")
        ],
    );
    row(
        "load at the start, mean of a minute",
        text![figure::value(
            environment.load_1m,
            path::environment("load_1m")
        )],
    );
    let seal = analysis.seal.as_ref().map_or_else(
        || Text::from("not sealed"),
        |digest| {
            text![
                "sealed by the manifest ",
                figure::quoted(digest, path::seal())
            ]
        },
    );
    row("raw files", seal);
    for (engine, version) in &environment.versions {
        row(
            &format!("engine {engine}"),
            text![quoted(version, &format!("versions/{engine}"))],
        );
    }
    row("Temporal server", server(environment));
    let images = environment.server.iter().flat_map(|server| &server.images);
    for (index, image) in images.enumerate() {
        let quoted =
            |text: &str, field: &str| quoted(text, &format!("server/images/{index}/{field}"));
        let origin = if image.local_build {
            ", built locally under the vendor's name"
        } else {
            ", pulled"
        };
        row(
            "image",
            text![
                quoted(&image.name, "name"),
                ", id ",
                quoted(&image.id, "id"),
                origin
            ],
        );
    }
    table
}

fn engines(plan: &Plan) -> Table {
    let mut table = Table::new("Engines", &["engine", "what it is", "where it runs"]);
    for (index, engine) in plan.engines.iter().enumerate() {
        let quoted = |text: &str, field: &str| {
            let place = path::plan(&format!("engines/{index}/{field}"));
            figure::quoted(text, place)
        };
        table.row([
            quoted(&engine.name, "name"),
            quoted(&engine.what, "what"),
            quoted(&engine.place, "place"),
        ]);
    }
    table
}

fn profile(analysis: &Analysis) -> Text {
    let plan = &analysis.plan;
    text![
        figure::quoted(&plan.profile, path::plan("profile")),
        ", ",
        figure::count(plan.trials.len(), path::plan("trials")),
        " trials planned, seed ",
        figure::quoted(plan.seed.to_string(), path::plan("seed"))
    ]
}

/// In MiB, as it is recorded in bytes.
fn memory(environment: &Environment) -> Text {
    let mebibytes = (environment.memory_bytes >> 20) as usize;
    text![
        figure::count(mebibytes, path::environment("memory_bytes:mebibytes")),
        " MiB"
    ]
}

fn server(environment: &Environment) -> Text {
    let Some(server) = &environment.server else {
        return Text::from("none used");
    };
    let quoted = |text: &str, field: &str| {
        figure::quoted(text, path::environment(&format!("server/{field}")))
    };
    let asked = |version: &Option<String>, field: &str, what: &str| {
        version.as_ref().map_or_else(Text::default, |version| {
            text![format!(", {what} "), quoted(version, field)]
        })
    };
    text![
        quoted(&server.version, "version"),
        asked(&server.api_version, "api_version", "by its own word"),
        asked(
            &server.sdk_version,
            "sdk_version",
            "SDK of workers and client"
        ),
        ", store: ",
        quoted(&server.store, "store"),
        ", found by: ",
        quoted(&server.way, "way"),
        if server.local_image_build {
            "; image built locally under the vendor's name"
        } else {
            ""
        }
    ]
}

fn durability(environment: &Environment) -> Table {
    let mut table = Table::new(
        "Durability: what each store survives",
        &["store", "survives", "by"],
    );
    for (index, each) in environment.durability.iter().enumerate() {
        let quoted = |text: &str, field: &str| {
            figure::quoted(
                text,
                path::environment(&format!("durability/{index}/{field}")),
            )
        };
        table.row([
            quoted(&each.store, "store"),
            quoted(&each.survives, "survives"),
            quoted(&each.setting, "setting"),
        ]);
    }
    table
}

/// What differs between the named sets; environment.json has the rest.
fn settings(environment: &Environment) -> Table {
    let sets = &environment.settings;
    let caption = "Settings, by the names used above: what differs between them";
    let mut table = Table::new(caption, &["settings", "values"]);
    for (name, values) in sets {
        let differs = |(key, value): &(&String, &String)| {
            sets.len() == 1 || sets.values().any(|other| other.get(*key) != Some(*value))
        };
        let of = |(key, value): (&String, &String)| {
            let place = path::environment(&format!("settings/{name}/{key}"));
            text![format!("{key} = "), figure::quoted(value, place)]
        };
        let values: Vec<Text> = values.iter().filter(differs).map(of).collect();
        let values = match values.is_empty() {
            true => Text::from("as shipped"),
            false => Text::joined(values, "; "),
        };
        table.row([Text::from(name.as_str()), values]);
    }
    table
}
