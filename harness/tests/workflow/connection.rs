//! TLS, client certificates, API keys and profiles: Temporal's own environment configuration.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, ensure};

use crate::certificates::{Certificates, Signed};
use crate::proxy::{Demand, Proxy};
use crate::stage::{Stage, Worker, orchbench, said};

const KEY: Demand = Demand::Headers(&[
    ("authorization", "Bearer the-key"),
    ("some-key", "some value"),
]);

/// `orchbench workflow …` with a temporal.toml and nothing else.
fn workflow(file: &Path, args: &[&str]) -> Command {
    let mut command = orchbench();
    command
        .env("TEMPORAL_CONFIG_FILE", file)
        .arg("workflow")
        .args(args);
    command
}

/// A question that every server can answer.
const ASK: [&str; 2] = ["describe", "nobody"];

/// The answer to [`ASK`], by the server that was meant.
fn answered(command: &mut Command) -> Result<()> {
    said(command)?.refused(2, &["workflow nobody: not found in namespace default"])
}

fn write(dir: &Path, text: &str) -> Result<PathBuf> {
    let file = dir.join("temporal.toml");
    std::fs::write(&file, text)?;
    Ok(file)
}

/// A profile `cloud` with a client certificate.
fn profile(address: &str, authority: &Path, own: &Signed) -> String {
    format!(
        "[profile.cloud]\naddress = {address:?}\nnamespace = \"default\"\n\
         [profile.cloud.tls]\nserver_ca_cert_path = {authority:?}\n\
         client_cert_path = {:?}\nclient_key_path = {:?}\n",
        own.certificate, own.key
    )
}

/// A pipeline over TLS on both ways: the worker's and the client's.
pub fn mutual_tls(stage: &Stage) -> Result<()> {
    let dir = stage.dir("mutual-tls")?;
    let certificates = Certificates::new(&dir)?;
    let front = Proxy::start(stage.address(), &certificates, Demand::Certificate)?;
    let own = certificates.sign("client")?;
    let text = profile(&front.address(), &certificates.authority(), &own);
    let file = write(&dir, &text)?;
    let _worker = Worker::start(
        orchbench()
            .args(["worker", "temporal", "--profile", "cloud", "--config-file"])
            .arg(&file)
            .args(["--task-queue", "tls", "--work-dir"])
            .arg(dir.join("work")),
        dir.join("worker.log"),
    )?;
    let words = [
        "start",
        "DataPipelineWorkflow",
        "\"one-day\"",
        "--id",
        "tls",
        "--wait",
    ];
    let words = [&words[..], &["--task-queue", "tls", "--json"]].concat();
    let ended = said(workflow(&file, &words).env("TEMPORAL_PROFILE", "cloud"))?.json()?;
    ensure!(ended["result"]["partitions"] == 1, "{ended}");

    // Without the certificate, the front breaks the handshake off.
    let bare = text.replace("client_", "# client_");
    let file = write(&stage.dir("mutual-tls-bare")?, &bare)?;
    let refused = said(&mut workflow(
        &file,
        &[&ASK[..], &["--profile", "cloud"]].concat(),
    ))?;
    refused.refused(5, &[&front.address(), "refused", "CertificateRequired"])?;
    // A certificate of another authority does not help.
    let others = Certificates::new(&dir.join("others"))?;
    let text = profile(
        &front.address(),
        &certificates.authority(),
        &others.sign("client")?,
    );
    let file = write(&stage.dir("mutual-tls-other")?, &text)?;
    let refused = said(&mut workflow(
        &file,
        &[&ASK[..], &["--profile", "cloud"]].concat(),
    ))?;
    refused.refused(5, &[&front.address(), "refused"])?;
    // Nor does the client trust a front whose authority it does not know.
    let text = profile(&front.address(), &others.authority(), &own);
    let file = write(&stage.dir("mutual-tls-unknown")?, &text)?;
    let refused = said(&mut workflow(
        &file,
        &[&ASK[..], &["--profile", "cloud"]].concat(),
    ))?;
    refused.refused(
        5,
        &[&front.address(), "refused", "invalid peer certificate"],
    )
}

pub fn api_key(stage: &Stage) -> Result<()> {
    let dir = stage.dir("api-key")?;
    let certificates = Certificates::new(&dir)?;
    let front = Proxy::start(stage.address(), &certificates, KEY)?;
    let ask = |key: &str| {
        let mut command = orchbench();
        command
            .arg("workflow")
            .args(ASK)
            .env("TEMPORAL_ADDRESS", front.address())
            .env("TEMPORAL_API_KEY", key)
            .env("TEMPORAL_GRPC_META_SOME_KEY", "some value")
            .env("TEMPORAL_TLS_SERVER_CA_CERT_PATH", certificates.authority());
        command
    };
    answered(&mut ask("the-key"))?;
    let refused = said(&mut ask("a-wrong-key"))?;
    refused.refused(5, &[&front.address(), "refused", "Request unauthorized."])?;
    let mut clear = ask("the-key");
    clear.env("TEMPORAL_ADDRESS", format!("http://{}", front.address()));
    said(&mut clear)?.refused(2, &["http://localhost", "expected https"])
}

pub fn precedence(stage: &Stage) -> Result<()> {
    let dir = stage.dir("precedence")?;
    // Port 1 is privileged and has no service here.
    let file = write(
        &dir,
        &format!(
            "[profile.default]\naddress = \"127.0.0.1:1\"\nnamespace = \"no-such\"\n\
             [profile.here]\naddress = {:?}\n",
            stage.address()
        ),
    )?;
    let quick = [&ASK[..], &["--connect-timeout-ms", "300"]].concat();
    let nobody = said(&mut workflow(&file, &quick))?;
    nobody.refused(
        5,
        &[
            "temporal server at 127.0.0.1:1: no answer within",
            "refused",
        ],
    )?;
    let mut by_environment = workflow(&file, &quick);
    by_environment.env("TEMPORAL_ADDRESS", stage.address());
    said(&mut by_environment)?.refused(2, &["namespace no-such: not found"])?;
    by_environment.env("TEMPORAL_NAMESPACE", "default");
    answered(&mut by_environment)?;
    let mut by_flag = workflow(&file, &quick);
    by_flag
        .env("TEMPORAL_ADDRESS", "127.0.0.1:2")
        .env("TEMPORAL_NAMESPACE", "no-such")
        .args(["--temporal-address", stage.address()])
        .args(["--namespace", "default"]);
    answered(&mut by_flag)?;
    let mut by_profile = workflow(&file, &quick);
    by_profile.args(["--profile", "here"]);
    answered(&mut by_profile)
}

pub fn wrong(stage: &Stage) -> Result<()> {
    let dir = stage.dir("wrong")?;
    let cases: [(&str, &[&str], &[&str]); 4] = [
        (
            "[profile.here]",
            &["--profile", "there"],
            &["\"there\"", "there are here"],
        ),
        ("[profile.default\n", &[], &["TOML parse error at line 1"]),
        ("[profile.default]\nadress = \"x\"\n", &[], &["adress"]),
        (
            "[profile.default.tls]\nserver_ca_cert_path = \"/no/such\"\n",
            &[],
            &["server CA certificate /no/such"],
        ),
    ];
    for (text, flags, parts) in cases {
        let file = write(&dir, text)?;
        let name = file.display().to_string();
        let parts = [parts, &[name.as_str()]].concat();
        let client = said(&mut workflow(&file, &[&ASK[..], flags].concat()))?;
        client.refused(2, &parts)?;
        let mut worker = orchbench();
        worker
            .args(["worker", "temporal"])
            .args(flags)
            .env("TEMPORAL_CONFIG_FILE", &file)
            .current_dir(&dir);
        said(&mut worker)?.refused(2, &parts)?;
    }
    let gone = said(&mut workflow(&dir.join("gone.toml"), &ASK))?;
    gone.refused(2, &["gone.toml", "no such file"])
}
