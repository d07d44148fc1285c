//! Ids and names that people give: of a run, a backfill, a workflow, a trial, a source.
//!
//! An id goes into files, databases, HTTP headers, tables and shells, so there is one rule for all
//! of them, to be checked before anything is done under the id: [`check_id`]. What is printed and
//! may come from elsewhere goes through [`escaped`].

use std::borrow::Cow;
use std::fmt::Write as _;

/// The longest id, in characters. What is derived from one (`ID/2013-01-31`) still is a file name.
pub const ID_MAX: usize = 200;

/// Characters of an id besides ASCII letters and digits.
const MARKS: &str = "-_.:@+~/";

/// An id that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{what} {found:?}: expected 1 to {max} letters a-z and A-Z, digits and {marks}, beginning with \
     a letter or digit and without an empty, `.` or `..` part between slashes, found {reason}",
    max = ID_MAX,
    marks = MARKS
)]
pub struct IdError {
    /// What the id is of, such as `--run`.
    pub what: &'static str,
    /// The id, cut where it is too long.
    pub found: String,
    /// What is wrong with it, and where.
    pub reason: String,
}

/// The id itself, when it can be used everywhere; `what` says in the error what it is of.
///
/// # Errors
/// [`IdError`] names the character with its column (from 1), the part, or the length.
pub fn check_id<'a>(what: &'static str, id: &'a str) -> Result<&'a str, IdError> {
    let reason = reason(id);
    reason.map_or(Ok(id), |reason| {
        Err(IdError {
            what,
            found: id.chars().take(ID_MAX).collect(),
            reason,
        })
    })
}

/// Why a text is no id; `None` when it is one.
fn reason(id: &str) -> Option<String> {
    if id.is_empty() {
        return Some("nothing".to_owned());
    }
    let foreign = |c: &char| !(c.is_ascii_alphanumeric() || MARKS.contains(*c));
    if let Some((at, found)) = id.chars().enumerate().find(|(_, c)| foreign(c)) {
        return Some(format!("{found:?} at column {}", at + 1));
    }
    if id.len() > ID_MAX {
        return Some(format!("{} characters", id.len()));
    }
    if !id.starts_with(|c: char| c.is_ascii_alphanumeric()) {
        return Some(format!("{:?} at column 1", &id[..1]));
    }
    let part = id
        .split('/')
        .find(|part| matches!(*part, "" | "." | ".."))?;
    Some(format!("a part {part:?}"))
}

/// A text on one line, as a terminal shows it: what would move the cursor, break the line or turn
/// its direction stands as `\n`, `\t`, `\u{1b}`.
#[must_use]
pub fn escaped(text: &str) -> Cow<'_, str> {
    if !text.contains(acts) {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        match c {
            '\n' => safe.push_str("\\n"),
            '\r' => safe.push_str("\\r"),
            '\t' => safe.push_str("\\t"),
            // Writing to a text cannot fail.
            c if acts(c) => drop(write!(safe, "\\u{{{:x}}}", u32::from(c))),
            c => safe.push(c),
        }
    }
    Cow::Owned(safe)
}

/// Whether a character does something on a terminal instead of being shown: controls, line and
/// paragraph separators, and the marks of the bidirectional algorithm (Unicode UAX 9).
fn acts(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn ids_of_every_kind_pass() {
        for id in [
            "k",
            "materialize-2026-11-26T04:12:42.5Z",
            "year/2013-01-01",
            "my-source-publication/2013-01-02T11:00:00Z@2013-01-01",
            "restart-survival.temporal.default.0~1",
            "wf:0190f3a2-7c1e-7000-8000-000000000000",
            &"x".repeat(ID_MAX),
        ] {
            assert_eq!(check_id("run", id), Ok(id));
        }
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (id, reason) in [
            ("", "found nothing"),
            ("täglich", "found 'ä' at column 2"),
            ("a\nb", "found '\\n' at column 2"),
            ("a b", "found ' ' at column 2"),
            ("-rf", "found \"-\" at column 1"),
            (".hidden", "found \".\" at column 1"),
            ("/etc/passwd", "found \"/\" at column 1"),
            ("a/../../b", "found a part \"..\""),
            ("a//b", "found a part \"\""),
            ("a/", "found a part \"\""),
            ("\u{202e}gpj", "found '\\u{202e}' at column 1"),
            (&"x".repeat(ID_MAX + 1), "found 201 characters"),
        ] {
            let message = check_id("--run", id)
                .map_err(|error| error.to_string())
                .expect_err(id);
            assert!(message.starts_with("--run \""), "{message}");
            assert!(message.ends_with(reason), "{id:?}: {message}");
            assert_eq!(escaped(&message), message, "the message acts itself");
        }
    }

    proptest! {
        #[test]
        fn an_id_is_a_header_a_path_below_and_one_line(id in "\\PC{0,20}|[a-z./~:\\-]{0,12}|.{0,230}") {
            let Ok(id) = check_id("run", &id) else { return Ok(()) };
            prop_assert!(id.bytes().all(|byte| byte.is_ascii_graphic()));
            prop_assert_eq!(escaped(id), id);
            let path = std::path::Path::new(id);
            prop_assert!(path.components().all(|part| matches!(part, std::path::Component::Normal(_))));
        }

        #[test]
        fn what_is_escaped_does_nothing(text in ".{0,40}|[\\x00-\\x1f\u{202a}-\u{202e}]{0,9}") {
            let safe = escaped(&text);
            prop_assert!(!safe.contains(acts), "{safe:?}");
            prop_assert_eq!(escaped(&safe), safe.as_ref());
        }
    }
}
