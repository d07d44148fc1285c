//! Which assets of a graph an expression means.

use super::SelectionError;
use super::expr::Expr;
use crate::asset::Asset;
use crate::graph::{AssetGraph, Direction};
use crate::key::AssetKey;

impl Expr {
    /// The assets that are meant, by index.
    pub fn resolve(&self, graph: &AssetGraph) -> Result<Vec<bool>, SelectionError> {
        let mut marks = vec![false; graph.len()];
        self.mark(graph, &mut marks)?;
        Ok(marks)
    }

    /// Marks the assets that are meant, so that a union of many names costs no more than they do.
    fn mark(&self, graph: &AssetGraph, marks: &mut [bool]) -> Result<(), SelectionError> {
        let with = |filter: &dyn Fn(&Asset) -> bool, marks: &mut [bool]| {
            for (mark, asset) in marks.iter_mut().zip(graph.assets()) {
                *mark |= filter(asset);
            }
        };
        match self {
            Self::All => marks.fill(true),
            Self::Name(key) => {
                let index = graph.index(key).ok_or_else(|| unknown(graph, key))?;
                marks[index as usize] = true;
            }
            Self::Key(pattern) => with(&|asset| matches(pattern, asset.key.as_str()), marks),
            Self::Tag(name, value) => {
                with(
                    &|asset| asset.tags.get(name).is_some_and(|found| found == value),
                    marks,
                );
            }
            Self::Group(None) => with(&|asset| asset.group.is_none(), marks),
            Self::Group(Some(group)) => {
                let is_in = |asset: &Asset| {
                    asset
                        .group
                        .as_ref()
                        .is_some_and(|found| matches(group, found))
                };
                with(&is_in, marks);
            }
            Self::Owner(None) => with(&|asset| asset.owners().is_empty(), marks),
            Self::Owner(Some(owner)) => with(&|asset| asset.owners().contains(owner), marks),
            Self::Kind(None) => with(&|asset| asset.kinds().is_empty(), marks),
            Self::Kind(Some(kind)) => with(&|asset| asset.kinds().contains(kind), marks),
            Self::Layers { up, of, down } => {
                let of = of.resolve(graph)?;
                for (depth, direction) in [(up, Direction::Up), (down, Direction::Down)] {
                    if let Some(depth) = depth {
                        unite(marks, &graph.reach(&of, direction, *depth));
                    }
                }
            }
            Self::Ends(direction, of) => {
                unite(marks, &graph.ends(&of.resolve(graph)?, *direction));
            }
            Self::Not(of) => {
                let of = of.resolve(graph)?;
                marks
                    .iter_mut()
                    .zip(of)
                    .for_each(|(mark, found)| *mark |= !found);
            }
            Self::And(all) => {
                let mut in_all = vec![true; graph.len()];
                for part in all {
                    let part = part.resolve(graph)?;
                    in_all
                        .iter_mut()
                        .zip(part)
                        .for_each(|(mark, found)| *mark &= found);
                }
                unite(marks, &in_all);
            }
            Self::Or(any) => {
                for part in any {
                    part.mark(graph, marks)?;
                }
            }
        }
        Ok(())
    }
}

fn unite(marks: &mut [bool], more: &[bool]) {
    marks
        .iter_mut()
        .zip(more)
        .for_each(|(mark, found)| *mark |= found);
}

fn unknown(graph: &AssetGraph, key: &AssetKey) -> SelectionError {
    let known = match graph.len() {
        0..=20 => graph
            .assets()
            .iter()
            .map(|asset| asset.key.as_str())
            .collect::<Vec<_>>()
            .join(", "),
        many => format!("{many} others"),
    };
    SelectionError::UnknownAsset {
        key: key.clone(),
        known,
    }
}

/// Whether a text is a pattern's, `*` standing for any text.
fn matches(pattern: &str, text: &str) -> bool {
    let Some((first, rest)) = pattern.split_once('*') else {
        return pattern == text;
    };
    let Some(mut left) = text.strip_prefix(first) else {
        return false;
    };
    let (middle, last) = rest
        .rsplit_once('*')
        .map_or((None, rest), |(middle, last)| (Some(middle), last));
    // What lies between two stars may as well be found as early as possible.
    for part in middle.into_iter().flat_map(|middle| middle.split('*')) {
        match left.find(part) {
            Some(at) => left = &left[at + part.len()..],
            None => return false,
        }
    }
    left.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn a_star_stands_for_any_text() {
        for (pattern, text) in [
            ("a", "a"),
            ("*", ""),
            ("a*", "a"),
            ("a/*", "a/b/c"),
            ("*c", "a/c"),
            ("a*b*c", "aXbYbZc"),
            ("**", "x"),
            ("a*a", "aa"),
            ("*b*", "abc"),
        ] {
            assert!(matches(pattern, text), "{pattern} {text}");
        }
        for (pattern, text) in [
            ("a", "ab"),
            ("a*a", "a"),
            ("a/*", "a"),
            ("a*b*c", "acb"),
            ("*b", "ba"),
        ] {
            assert!(!matches(pattern, text), "{pattern} {text}");
        }
    }
}
