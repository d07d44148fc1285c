//! Names that become file names.

use super::FolderError;

/// What is derived from a name, such as that of a file in the making, still is a file name.
const MAX_BYTES: usize = 200;

/// The name itself, when it is a plain file name: one that names a file or folder just below
/// another and nothing else. Names that begin with a dot are those of files in the making.
///
/// # Errors
/// When it is none.
pub fn plain_name<'a>(what: &'static str, name: &'a str) -> Result<&'a str, FolderError> {
    let foreign = |letter: char| matches!(letter, '/' | '\\') || letter.is_control();
    let long = name.len() > MAX_BYTES;
    if name.is_empty() || long || name.starts_with('.') || name.contains(foreign) {
        return Err(FolderError::Name {
            what,
            name: name.to_owned(),
        });
    }
    Ok(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_names_pass() {
        for name in [
            "overhead.chain.temporal.default.0~1",
            "1-7.jsonl",
            "tiny",
            "Größe 1",
        ] {
            assert!(plain_name("trial", name).is_ok(), "{name}");
        }
        for name in [
            "",
            ".",
            "..",
            ".hidden",
            "a/b",
            "/etc",
            "../a",
            "a\\b",
            "a\nb",
            "a\0",
            &"x".repeat(MAX_BYTES + 1),
        ] {
            let refused = plain_name("trial", name).map_err(|error| error.to_string());
            let words = format!("results folder: trial {name:?}: expected a plain file name");
            assert!(
                refused
                    .as_ref()
                    .is_err_and(|error| error.starts_with(&words)),
                "{refused:?}"
            );
        }
    }
}
