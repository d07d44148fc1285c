//! What of a program's text a user writes: regions between two comments, `user code: ID, ID` and `end of
//! user code`, with the ids of what they are for.

use std::collections::BTreeSet;

/// Begins a region, behind the mark of a comment.
const BEGIN: &str = "user code: ";
const END: &str = "end of user code";

/// The texts of an engine's programs.
#[derive(Debug, Clone, Default)]
pub struct Programs {
    /// Each program's text.
    pub texts: Vec<&'static str>,
    /// The crates, or packages, whose names are the engine's.
    pub libraries: Vec<&'static str>,
}

impl Programs {
    /// Lines of user code for an id, without blank lines and comments.
    pub fn lines(&self, id: &str) -> u32 {
        self.texts.iter().map(|text| lines(text, id)).sum()
    }

    /// The names of the engine's own that this code uses, each once: what it imports from the libraries,
    /// attributes, and members of a context.
    pub fn concepts(&self, id: &str) -> u32 {
        let mut concepts = BTreeSet::new();
        for text in &self.texts {
            let code: Vec<&str> = region(text, id).collect();
            let used: BTreeSet<&str> = code.iter().copied().flat_map(words).collect();
            let libraries = self.libraries.iter();
            let imported = libraries.flat_map(|library| imported(text, library));
            let imported = imported.filter(|name| used.contains(name));
            concepts.extend(imported.map(str::to_owned));
            concepts.extend(attributes(&code).map(str::to_owned));
            concepts.extend(members(&code));
        }
        concepts.len() as u32
    }
}

/// `#[NAME(…)]`, but for those of the language.
fn attributes<'a>(code: &[&'a str]) -> impl Iterator<Item = &'a str> {
    const OF_RUST: [&str; 5] = ["cfg", "default", "derive", "expect", "must_use"];
    let attributes = code.iter().filter_map(|line| line.strip_prefix("#["));
    let names = attributes.filter_map(|rest| words(rest).next());
    names.filter(|name| !OF_RUST.contains(name))
}

/// What is read of or called on a context, by the names that programs give one.
fn members(code: &[&str]) -> Vec<String> {
    let text = code.join(" ").replace(" .", ".");
    let contexts = ["ctx.", "context.", "cx."].iter();
    let after = contexts.flat_map(|context| text.split(context).skip(1));
    after
        .filter_map(|rest| words(rest).next())
        .map(str::to_owned)
        .collect()
}

/// Lines of user code for an id in a text, without blank lines and comments.
pub(crate) fn lines(text: &str, id: &str) -> u32 {
    region(text, id).count() as u32
}

fn region<'a>(text: &'a str, id: &str) -> impl Iterator<Item = &'a str> {
    let mut counts = false;
    text.lines().map(str::trim).filter(move |line| {
        let comment = ["//", "#"].iter().find_map(|mark| line.strip_prefix(mark));
        match comment.map(str::trim) {
            Some(END) => counts = false,
            Some(comment) => {
                if let Some(ids) = comment.strip_prefix(BEGIN) {
                    counts = ids.split(", ").any(|each| each == id);
                }
            }
            // An attribute of Rust begins with the mark of a comment of Python.
            None => return counts && !line.is_empty(),
        }
        line.starts_with("#[") && counts
    })
}

/// What a text takes from a library: `use LIBRARY::{…};`, `from LIBRARY import …`.
fn imported<'a>(text: &'a str, library: &str) -> Vec<&'a str> {
    let of_rust = format!("\nuse {library}::");
    let of_python = format!("\nfrom {library} import ");
    let mut found = Vec::new();
    for (start, ends) in [(of_rust, ";"), (of_python, "\n")] {
        for rest in text.split(&start).skip(1) {
            let ends = if rest.starts_with('(') { ")" } else { ends };
            found.extend(words(rest.split(ends).next().unwrap_or_default()));
        }
    }
    found
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|letter: char| !letter.is_alphanumeric() && letter != '_')
        .filter(|word| !word.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    const RUST: &str = "\nuse lib::{A, b::C};\n// user code: x, y\n#[signal(name)]\n#[derive(X)]\na(A, ctx\n.now());\n\n  // why\n  c();\n// end of user code\nC();\n// user code: y\nC();\n// end of user code\n";
    const PYTHON: &str =
        "\nfrom lib import (\n    A,\n    D,\n)\n# user code: x\nD()\n# end of user code\nb()\n";

    #[test]
    fn lines_between_the_marks_are_counted_for_the_ids_that_they_name() {
        let count = |id| lines(RUST, id);
        assert_eq!([count("x"), count("y"), count("z")], [5, 6, 0]);
        assert_eq!(lines(PYTHON, "x"), 1);
    }

    #[test]
    fn a_name_of_the_library_counts_once_where_the_code_uses_it() {
        let programs = Programs {
            texts: vec![RUST, PYTHON],
            libraries: vec!["lib"],
        };
        assert_eq!(programs.lines("x"), 6);
        let concepts = ["x", "y", "z"].map(|id| programs.concepts(id));
        // A, signal, now, and D or C.
        assert_eq!(concepts, [4, 4, 0]);
    }
}
