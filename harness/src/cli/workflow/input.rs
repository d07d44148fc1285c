//! JSON on the command line: as it is, or in a file that `@` names.

use serde_json::Value;

use crate::exit::UsageError;

/// Arguments of a workflow, a signal, a query or an update.
#[derive(Debug, clap::Args)]
pub(super) struct Input {
    /// Arguments, each as JSON, such as '"my-source"', or @FILE with JSON in it.
    #[arg(value_name = "JSON")]
    input: Vec<String>,
}

impl Input {
    /// The arguments' values.
    pub(super) fn values(&self) -> Result<Vec<Value>, UsageError> {
        self.input.iter().map(|word| value(word)).collect()
    }
}

fn value(word: &str) -> Result<Value, UsageError> {
    let Some(path) = word.strip_prefix('@') else {
        return serde_json::from_str(word).map_err(|error| {
            UsageError(format!(
                "argument {word:?}: expected JSON (a text has quotes: '\"…\"') or @FILE: {error}"
            ))
        });
    };
    let text = std::fs::read_to_string(path)
        .map_err(|error| UsageError(format!("argument @{path}: {error}")))?;
    serde_json::from_str(&text)
        .map_err(|error| UsageError(format!("argument @{path}: expected JSON: {error}")))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn json_is_taken_from_the_word_or_from_the_file() -> anyhow::Result<()> {
        let file = tempfile::NamedTempFile::new()?;
        std::fs::write(&file, r#"{"source": "all"}"#)?;
        let input = Input {
            input: vec!["\"all\"".into(), format!("@{}", file.path().display())],
        };
        assert_eq!(input.values()?, [json!("all"), json!({"source": "all"})]);
        Ok(())
    }

    #[test]
    fn what_is_no_json_says_so_with_the_word() {
        for (word, part) in [
            ("my-source", "expected JSON (a text has quotes"),
            ("@/no/such", "argument @/no/such: "),
        ] {
            let message = value(word).map_err(|error| error.to_string());
            let message = message.err().unwrap_or_default();
            assert!(
                message.contains(part) && message.contains(word),
                "{message}"
            );
        }
    }
}
