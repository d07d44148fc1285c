//! Where claims stand in a page: the row of the table that has a claim's prediction is what its figures lead
//! to, and of a phrase the first of its claims.

use std::collections::BTreeMap;

use super::{Block, Span, Text};

/// The rows of claims.
#[derive(Debug, Default)]
pub(super) struct Anchors {
    /// By the claim's name its row's id; by `phrase/WORDS` that of the phrase's first claim.
    ids: BTreeMap<String, String>,
}

impl Anchors {
    /// Those of a document's tables.
    pub(super) fn of(blocks: &[Block]) -> Self {
        let mut ids = BTreeMap::new();
        for block in blocks {
            let Block::Table(table) = block else { continue };
            for row in &table.rows {
                let Some((phrase, claim)) = row.first().and_then(predicted) else {
                    continue;
                };
                let id = id(claim);
                ids.entry(format!("phrase/{phrase}"))
                    .or_insert_with(|| id.clone());
                ids.insert(claim.to_owned(), id);
            }
        }
        Self { ids }
    }

    /// The id of the row that a path of a claim, or of a phrase's verdict, leads to.
    pub(super) fn target(&self, path: &str) -> Option<&str> {
        let place = path.strip_prefix("claims.json#")?;
        let claim = place.split('/').next()?;
        let found = self.ids.get(place).or_else(|| self.ids.get(claim));
        found.map(String::as_str)
    }
}

/// The id of a row, where it has one.
pub(super) fn of_row(row: &[Text]) -> Option<String> {
    let (_, claim) = row.first().and_then(predicted)?;
    Some(id(claim))
}

fn id(claim: &str) -> String {
    format!("claim-{claim}")
}

/// The phrase and the claim of a cell that has a prediction: `PHRASE: `, then the figure.
fn predicted(cell: &Text) -> Option<(&str, &str)> {
    let [Span::Plain(words), Span::Figure { path, .. }] = cell.spans() else {
        return None;
    };
    let phrase = words.strip_suffix(": ")?;
    let place = path.strip_prefix("claims.json#")?;
    let claim = place.strip_suffix("/prediction")?;
    Some((phrase, claim))
}

#[cfg(test)]
mod tests {
    use super::super::{Table, text};
    use super::*;

    fn figure(path: &str) -> Span {
        Span::Figure {
            text: "it".to_owned(),
            path: path.to_owned(),
        }
    }

    #[test]
    fn a_phrase_leads_to_its_first_claim_and_a_claim_to_itself() {
        let mut table = Table::new("t", &["a"]);
        for claim in ["one", "two"] {
            let path = format!("claims.json#{claim}/prediction");
            table.row([text!["the phrase: ", figure(&path)]]);
        }
        let rows: Vec<_> = table.rows.iter().map(|row| of_row(row)).collect();
        assert_eq!(
            rows,
            [Some("claim-one".to_owned()), Some("claim-two".to_owned())]
        );
        let anchors = Anchors::of(&[Block::Table(table)]);
        let target = |path| anchors.target(path);
        assert_eq!(target("claims.json#phrase/the phrase"), Some("claim-one"));
        assert_eq!(target("claims.json#two/sentence"), Some("claim-two"));
        assert_eq!(target("claims.json#phrase/another"), None);
        assert_eq!(target("plan.json#trials"), None);
    }
}
