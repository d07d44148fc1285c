//! What a selection says, and how it is written.

use std::fmt;

use crate::graph::Direction;
use crate::key::AssetKey;

/// Every layer there is.
pub(super) const ALL_LAYERS: u32 = u32::MAX;

/// An expression over the assets of a graph.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) enum Expr {
    /// Every asset.
    #[default]
    All,
    /// The asset of this name, which must exist.
    Name(AssetKey),
    /// Those whose key matches.
    Key(String),
    /// Those with a tag of this name and value.
    Tag(String, String),
    /// Those in a group that matches; `None` = in no group.
    Group(Option<String>),
    /// Those that somebody owns; `None` = that nobody does.
    Owner(Option<String>),
    /// Those of a kind; `None` = of none.
    Kind(Option<String>),
    /// Some, with so many layers upstream and downstream of them; `None` = nothing on that side.
    Layers {
        up: Option<u32>,
        of: Box<Self>,
        down: Option<u32>,
    },
    /// Those of some that have no neighbour among them in a direction.
    Ends(Direction, Box<Self>),
    /// All but some.
    Not(Box<Self>),
    /// In each; two or more.
    And(Vec<Self>),
    /// In any; two or more.
    Or(Vec<Self>),
}

/// Whether a word means something else in the grammar than an asset of this name: an operator, or a
/// number of layers. Such an asset is written `key:"and"`.
pub(super) fn is_reserved(word: &str) -> bool {
    let is = |keyword: &&str| word.eq_ignore_ascii_case(keyword);
    ["and", "or", "not"].iter().any(is) || word.bytes().all(|byte| byte.is_ascii_digit())
}

impl Expr {
    /// The asset of this key.
    pub fn of_key(key: AssetKey) -> Self {
        if is_reserved(key.as_str()) {
            Self::Key(key.to_string())
        } else {
            Self::Name(key)
        }
    }

    /// What is in any of these.
    pub fn or(mut any: Vec<Self>) -> Self {
        match any.len() {
            0 => Self::Not(Box::new(Self::All)),
            1 => any.remove(0),
            _ => Self::Or(any),
        }
    }

    /// What is in all of these, of which there is at least one.
    pub fn and(mut all: Vec<Self>) -> Self {
        if all.len() == 1 {
            all.remove(0)
        } else {
            Self::And(all)
        }
    }

    /// How tightly it binds: the higher, the tighter.
    fn precedence(&self) -> u32 {
        match self {
            Self::Or(_) => 0,
            Self::And(_) => 1,
            Self::Not(_) | Self::All => 2,
            Self::Layers { .. } => 3,
            Self::Name(_) | Self::Key(_) | Self::Tag(..) | Self::Ends(..) => 4,
            Self::Group(_) | Self::Owner(_) | Self::Kind(_) => 4,
        }
    }

    /// Itself as a part of something that needs at least `precedence`.
    fn part(&self, f: &mut fmt::Formatter<'_>, precedence: u32) -> fmt::Result {
        if self.precedence() < precedence {
            write!(f, "({self})")
        } else {
            write!(f, "{self}")
        }
    }

    fn joined(f: &mut fmt::Formatter<'_>, parts: &[Self], word: &str, least: u32) -> fmt::Result {
        for (number, part) in parts.iter().enumerate() {
            if number > 0 {
                write!(f, " {word} ")?;
            }
            part.part(f, least)?;
        }
        Ok(())
    }
}

impl fmt::Display for Expr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => f.write_str("*"),
            Self::Name(key) => f.write_str(key.as_str()),
            Self::Key(pattern) => write!(f, "key:\"{pattern}\""),
            Self::Tag(name, value) if value.is_empty() => write!(f, "tag:\"{name}\""),
            Self::Tag(name, value) => write!(f, "tag:\"{name}\"=\"{value}\""),
            Self::Group(None) => f.write_str("group:<null>"),
            Self::Group(Some(group)) => write!(f, "group:\"{group}\""),
            Self::Owner(None) => f.write_str("owner:<null>"),
            Self::Owner(Some(owner)) => write!(f, "owner:\"{owner}\""),
            Self::Kind(None) => f.write_str("kind:<null>"),
            Self::Kind(Some(kind)) => write!(f, "kind:\"{kind}\""),
            Self::Layers { up, of, down } => {
                // After a name, a plus is one layer and all of them are a star.
                let all = if matches!(**of, Self::Name(_)) {
                    "*"
                } else {
                    "+"
                };
                match up {
                    None => {}
                    Some(ALL_LAYERS) => f.write_str(all)?,
                    Some(layers) => write!(f, "{layers}+")?,
                }
                of.part(f, 4)?;
                match down {
                    None => Ok(()),
                    Some(ALL_LAYERS) => f.write_str(all),
                    Some(layers) => write!(f, "+{layers}"),
                }
            }
            Self::Ends(Direction::Up, of) => write!(f, "roots({of})"),
            Self::Ends(Direction::Down, of) => write!(f, "sinks({of})"),
            Self::Not(of) => {
                f.write_str("not ")?;
                of.part(f, 2)
            }
            Self::And(all) => Self::joined(f, all, "and", 2),
            Self::Or(any) => Self::joined(f, any, "or", 1),
        }
    }
}
