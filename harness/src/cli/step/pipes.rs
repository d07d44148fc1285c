//! The outer half of Dagster Pipes, protocol version 0.1: Dagster names two files in environment
//! variables, one with the context of the step, one for messages, a JSON line each.
//! <https://docs.dagster.io/guides/build/external-pipelines/dagster-pipes-details-and-customization>

use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use anyhow::Context;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use flate2::read::ZlibDecoder;
use orchbench_etl::{StepError, StepOutput};
use serde_json::{Value, json};

use crate::exit::UsageError;

const CONTEXT: &str = "DAGSTER_PIPES_CONTEXT";
const MESSAGES: &str = "DAGSTER_PIPES_MESSAGES";
const VERSION: &str = "0.1";

/// The files by which Dagster and this process talk.
pub(super) struct Pipes {
    context: PathBuf,
    messages: PathBuf,
}

impl Pipes {
    /// `None` when it was not Dagster Pipes that started this process.
    pub(super) fn from_environment() -> anyhow::Result<Option<Self>> {
        let path = |name| std::env::var_os(name).map(|value| path(name, &value));
        match (path(CONTEXT), path(MESSAGES)) {
            (None, None) => Ok(None),
            (Some(context), Some(messages)) => Ok(Some(Self {
                context: context?,
                messages: messages?,
            })),
            (context, _) => {
                let missing = if context.is_some() { MESSAGES } else { CONTEXT };
                let message = format!("{missing}: expected beside its counterpart, found none");
                Err(UsageError(message).into())
            }
        }
    }

    /// What the asset handed over, in the words of Dagster: the extras of its context.
    pub(super) fn extras(&self) -> anyhow::Result<Value> {
        let path = self.context.display();
        let file = File::open(&self.context).with_context(|| format!("{CONTEXT}: {path}"))?;
        let mut context: Value = serde_json::from_reader(file)
            .map_err(|error| UsageError(format!("{CONTEXT}: {path}: {error}")))?;
        Ok(context["extras"].take())
    }

    /// Reports how the step ended, as a custom message: its output with the version of the data
    /// that it made, `{"output": …, "value": …, "data_version": …}`, or its error.
    pub(super) fn answer(&self, answer: &Result<StepOutput, StepError>) -> anyhow::Result<()> {
        let payload = match answer {
            Ok(output) => {
                let mut payload = serde_json::to_value(output)?;
                payload["data_version"] = output.digest().into();
                payload
            }
            Err(error) => serde_json::to_value(error)?,
        };
        let messages = [
            ("opened", json!({ "extras": {} })),
            ("report_custom_message", json!({ "payload": payload })),
            ("closed", json!({})),
        ];
        let mut lines = String::new();
        for (method, params) in messages {
            let message =
                json!({ "__dagster_pipes_version": VERSION, "method": method, "params": params });
            lines.push_str(&format!("{message}\n"));
        }
        OpenOptions::new()
            .append(true)
            .open(&self.messages)
            .and_then(|mut file| file.write_all(lines.as_bytes()))
            .with_context(|| format!("{MESSAGES}: {}", self.messages.display()))
    }
}

/// The file that a variable names: JSON with `path`, deflated, in base 64.
fn path(name: &str, value: &OsString) -> anyhow::Result<PathBuf> {
    let parameters = decoded(value.as_encoded_bytes()).map_err(|error| {
        UsageError(format!(
            "{name}: expected what Dagster Pipes sets, found {value:?}: {error:#}"
        ))
    })?;
    match parameters["path"].as_str() {
        Some(path) => Ok(Path::new(path).to_owned()),
        None => Err(UsageError(format!(
            "{name}: expected a file (\"path\"), found {parameters}"
        ))
        .into()),
    }
}

fn decoded(value: &[u8]) -> anyhow::Result<Value> {
    let deflated = BASE64_STANDARD.decode(value)?;
    let mut text = String::new();
    ZlibDecoder::new(deflated.as_slice()).read_to_string(&mut text)?;
    Ok(serde_json::from_str(&text)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_dagster_sets_is_read_and_what_is_not_a_file_is_refused() -> anyhow::Result<()> {
        // `dagster_pipes.encode_param({"path": "/tmp/messages"})` and `{"bucket": "b"}`.
        let file = "eJyrVipILMlQslJQ0i/JLdDPTS0uTkxPLVaqBQBqmgiP".into();
        assert_eq!(path(MESSAGES, &file)?, Path::new("/tmp/messages"));
        for (value, found) in [
            (
                "eJyrVkoqTc5OLVGyUlBKUqoFACiLBLs=",
                "found {\"bucket\":\"b\"}",
            ),
            ("e30=", "found \"e30=\": corrupt deflate stream"),
            ("!", "found \"!\": Invalid symbol"),
        ] {
            let error = path(MESSAGES, &value.into())
                .err()
                .map(|error| error.to_string());
            assert!(
                error.as_ref().is_some_and(|error| error.contains(found)),
                "{error:?}"
            );
        }
        Ok(())
    }
}
