//! Where the instance of a trial is: in its home on SQLite, or in a database of its own on PostgreSQL.

use anyhow::{Context as _, Result, ensure};
use orchbench_lab::postgres::LocalPostgres;
use tempfile::TempDir;

use crate::Outcome;
use crate::driver::{command, python};

/// Prints the names of the databases on a server, then those of the tables in the instance's.
const TABLES: &str = r#"
import sys, psycopg2
def names(database, query):
    with psycopg2.connect(sys.argv[1], dbname=database).cursor() as cursor:
        cursor.execute(query)
        print(*sorted(name for (name,) in cursor.fetchall()))
names("postgres", "SELECT datname FROM pg_database")
names("dagster", "SELECT tablename FROM pg_tables")
"#;

/// Makes an instance and says what its home holds then.
fn made(home: &TempDir, words: &[&str]) -> Result<Vec<String>> {
    let python = python().context("no Python with Dagster")?;
    let folder = home.path().to_str().context("a path in UTF-8")?;
    let module = ["-m", "orchbench_dagster.engine.instance"];
    let own = ["--home", folder, "--settings", "default"];
    let status = command(&python, &[&module[..], &own, words].concat()).status()?;
    ensure!(status.success(), "{status}");
    let entries = std::fs::read_dir(home.path())?;
    let names = entries.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()));
    names.collect()
}

#[test]
fn an_instance_on_postgresql_has_its_databases_there_and_none_in_its_home() -> Outcome {
    let Some(python) = python() else {
        return Ok(());
    };
    let home = tempfile::tempdir()?;
    let on_sqlite = made(&home, &[])?;
    ensure!(on_sqlite.contains(&"history".to_owned()), "{on_sqlite:?}");

    let Some(server) = LocalPostgres::find_and_start()? else {
        println!("not run: initdb and postgres were not found");
        return Ok(());
    };
    let home = tempfile::tempdir()?;
    let on_postgres = made(&home, &["--postgres", server.url()])?;
    ensure!(
        !on_postgres.contains(&"history".to_owned()),
        "{on_postgres:?}"
    );
    // A home that is there is opened as it was made.
    made(&home, &["--postgres", server.url()])?;
    let printed = command(&python, &["-c", TABLES, server.url()]).output()?;
    let printed = String::from_utf8(printed.stdout)?;
    let (databases, tables) = printed.split_once('\n').context("two lines")?;
    ensure!(
        databases.split(' ').any(|name| name == "dagster"),
        "{databases}"
    );
    ensure!(
        tables.split_whitespace().any(|name| name == "event_logs"),
        "{tables}"
    );
    Ok(())
}
