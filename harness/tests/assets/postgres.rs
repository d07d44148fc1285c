//! A catalog in PostgreSQL: the same commands on it, from as many work folders as there are hosts.

use std::fs::Permissions;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use anyhow::{Context, Result, ensure};
use orchbench_lab::postgres::LocalPostgres;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::certificates::{Certificates, Signed};
use crate::folder::{Folder, text};
use crate::until::until;

/// A host: the warehouse and the catalog are in one database.
struct Host<'a> {
    folder: &'a Folder,
    postgres: &'a str,
}

impl Host<'_> {
    fn command(&self, words: &[&str]) -> Command {
        let mut command = self.folder.command(words);
        command.env("ORCHBENCH_CATALOG", self.postgres);
        command
    }

    fn run(&self, words: &[&str]) -> Result<Output> {
        Ok(self.command(words).output()?)
    }

    fn json(&self, code: i32, words: &[&str]) -> Result<Value> {
        let output = self.run(&[words, &["--json"]].concat())?;
        let said = text(&output);
        ensure!(output.status.code() == Some(code), "{words:?}: {said}");
        serde_json::from_slice(&output.stdout).with_context(|| format!("{words:?}: {said}"))
    }

    fn materialize(&self, words: &[&str]) -> Result<Value> {
        let warehouse = ["--warehouse", self.postgres];
        self.json(0, &[&["materialize"][..], words, &warehouse].concat())
    }
}

#[test]
fn every_command_answers_by_a_catalog_in_postgresql() -> Result<()> {
    let Some(server) = LocalPostgres::find_and_start()? else {
        println!("not run: PostgreSQL binaries not found");
        return Ok(());
    };
    let folder = Folder::new()?;
    let host = Host {
        folder: &folder,
        postgres: server.url(),
    };
    // What is only read is not made.
    ensure!(host.run(&["assets", "runs"])?.status.code() == Some(2));
    let all = host.materialize(&["one-day", "--run", "first"])?;
    let again = host.materialize(&["one-day", "--run", "again", "--stale"])?;
    ensure!(again["steps"]["materialized"] == 0, "{again}");
    ensure!(!host.folder.path("work/catalog.sqlite").exists());
    // What a second host asks is answered by what the first one has recorded.
    let elsewhere = Folder::new()?;
    let other = Host {
        folder: &elsewhere,
        ..host
    };
    let runs = other.json(0, &["assets", "runs"])?;
    let ids = runs.as_array().context("no list")?.iter();
    let ids: Vec<_> = ids.map(|run| run["run"].as_str()).collect();
    ensure!(ids == [Some("first"), Some("again")], "{runs}");
    let shown = other.json(0, &["assets", "show", "first"])?;
    ensure!(shown["status"] == "success", "{shown}");
    for words in [
        ["assets", "status", "one-day"],
        ["assets", "lineage", "one-day/marts"],
        ["assets", "why", "one-day/marts"],
    ] {
        let here = host.json(0, &words)?;
        ensure!(here == other.json(0, &words)?, "{words:?}: {here}");
    }
    let verified = other.json(0, &["assets", "verify"])?;
    ensure!(verified["events"].as_u64() > all["steps"]["materialized"].as_u64());
    // It has none of the artifacts, and would take them for gone.
    let stale = [
        "materialize",
        "one-day",
        "--stale",
        "--warehouse",
        server.url(),
    ];
    let refused = other.run(&stale)?;
    ensure!(refused.status.code() == Some(2), "{}", text(&refused));
    ensure!(text(&refused).contains("work folder"), "{}", text(&refused));
    ensure!(other.json(0, &["assets", "verify"])? == verified);
    Ok(())
}

/// One host dies in the middle of a backfill, while another stands by; what is left is made there.
#[test]
fn a_second_host_goes_on_where_the_first_died() -> Result<()> {
    let Some(server) = LocalPostgres::find_and_start()? else {
        println!("not run: PostgreSQL binaries not found");
        return Ok(());
    };
    let backfill = [
        "assets",
        "backfill",
        "EWR/flights",
        "--partition",
        "2013-01-01..2013-02-28",
        "--id",
        "winter",
        "--warehouse",
        server.url(),
    ];
    // On a file system that both have.
    let folder = Folder::new()?;
    let host = || Host {
        folder: &folder,
        postgres: server.url(),
    };
    let (first, second) = (host(), host());
    let slow = [&backfill[..], &["--step-delay-ms", "150"]].concat();
    let missing = || -> Result<Option<u64>> {
        let status = second.json(0, &["assets", "status", "EWR/flights"])?;
        let assets = status["assets"].as_array().context("no assets")?.iter();
        let missing = assets.map(|asset| asset["missing"].as_u64());
        Ok(missing.sum())
    };
    let all = 365;
    let mut child = first
        .command(&slow)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()?;
    until("five days were made", || {
        // Until the tables are there, there is nothing to read.
        Ok(missing().is_ok_and(|missing| missing.is_some_and(|missing| missing + 5 <= all)))
    })?;
    let locked = second.run(&backfill)?;
    ensure!(locked.status.code() == Some(1), "{}", text(&locked));
    ensure!(
        text(&locked).contains("another executor runs on it"),
        "{}",
        text(&locked)
    );
    let waiting = second
        .command(&[&backfill[..], &["--wait"]].concat())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    kill_process(pid.context("no pid")?, Signal::KILL)?;
    child.wait()?;
    let ended = waiting.wait_with_output()?;
    let said = text(&ended);
    ensure!(ended.status.success(), "{said}");
    ensure!(
        said.contains("success: 59 of 59 partitions succeeded"),
        "{said}"
    );
    ensure!(missing()? == Some(365 - 59), "{:?}", missing()?);
    second.json(0, &["assets", "verify"])?;
    Ok(())
}

#[test]
fn a_catalog_that_cannot_be_used_is_said_without_its_password() -> Result<()> {
    let refused = |url: &str, code: i32, why: &str| -> Result<()> {
        let folder = Folder::new()?;
        for words in [&["assets", "runs"][..], &["materialize", "one-day"]] {
            let output = folder.run(&[words, &["--catalog", url]].concat())?;
            let said = text(&output);
            ensure!(output.status.code() == Some(code), "{url}: {said}");
            ensure!(said.contains(why), "{url}: {said}");
            ensure!(!said.contains("secret"), "{url}: {said}");
        }
        Ok(())
    };
    refused("mysql://me:secret@localhost/x", 2, "postgres://")?;
    refused(
        "postgres://me:secret@localhost:port/x",
        2,
        "its URL cannot be read",
    )?;
    refused("postgres://me:half@secret@127.0.0.1:1/x", 2, "%40")?;
    refused("postgres://me:secret@127.0.0.1:1/x", 5, "127.0.0.1:1")?;
    let Some(server) = LocalPostgres::find_and_start()? else {
        println!("not run: PostgreSQL binaries not found");
        return Ok(());
    };
    let server = server.url().trim_end_matches("/postgres");
    let as_other = server.replace("postgres@", "nobody:secret@");
    refused(
        &format!("{as_other}/postgres"),
        2,
        "role \"nobody\" does not exist",
    )?;
    let place = server.replace("postgres@", "");
    refused(
        &format!("{server}/none"),
        2,
        &format!("{place}/none: connect"),
    )?;
    let elsewhere = format!("{server}/postgres?options=-csearch_path%3Dnowhere");
    refused(&elsewhere, 2, &format!("catalog {place}/postgres: "))?;
    Ok(())
}

#[test]
fn a_server_is_believed_by_its_certificate() -> Result<()> {
    let Some(server) = LocalPostgres::find_and_start()? else {
        println!("not run: PostgreSQL binaries not found");
        return Ok(());
    };
    let folder = Folder::new()?;
    let certificates = Certificates::new(&folder.path("certificates"))?;
    let signed = certificates.sign("127.0.0.1")?;
    readable(&folder, &signed, &server)?;
    let url = format!("{}?sslmode=require", server.url());
    let runs = |authority: Option<PathBuf>| -> Result<Output> {
        let mut command = folder.command(&["assets", "runs", "--catalog", &url]);
        if let Some(authority) = authority {
            command.env("SSL_CERT_FILE", authority);
        }
        Ok(command.output()?)
    };
    let without = runs(None)?;
    ensure!(without.status.code() == Some(2), "{}", text(&without));
    ensure!(text(&without).contains("TLS"), "{}", text(&without));
    for (name, value) in [
        ("ssl_cert_file", signed.certificate.display().to_string()),
        ("ssl_key_file", signed.key.display().to_string()),
        ("ssl", "on".to_owned()),
    ] {
        let set = Command::new(server.bin().join("psql"))
            .arg(server.url())
            .args(["-c", &format!("ALTER SYSTEM SET {name} = '{value}'")])
            .args(["-c", "SELECT pg_reload_conf()"])
            .output()?;
        ensure!(set.status.success(), "{}", text(&set));
    }
    until("the certificate of the known authority is believed", || {
        let known = runs(Some(certificates.authority()))?;
        // There is no catalog yet, as the server itself says.
        Ok(text(&known).contains("expected one, found none"))
    })?;
    let unknown = runs(None)?;
    ensure!(unknown.status.code() == Some(2), "{}", text(&unknown));
    ensure!(text(&unknown).contains("certificate"), "{}", text(&unknown));
    Ok(())
}

/// Gives the server's user what was signed: PostgreSQL takes a key only from its own user, and from nobody else's.
fn readable(folder: &Folder, signed: &Signed, server: &LocalPostgres) -> Result<()> {
    let user = std::fs::metadata(format!("/proc/{}", server.pid()))?.uid();
    for open in [folder.path(""), folder.path("certificates")] {
        std::fs::set_permissions(open, Permissions::from_mode(0o755))?;
    }
    std::fs::set_permissions(&signed.key, Permissions::from_mode(0o600))?;
    Ok(chown(&signed.key, Some(user), None)?)
}
