//! From text to expression, by recursive descent.

mod scanner;

use super::SelectionError;
use super::expr::{ALL_LAYERS, Expr, is_reserved};
use crate::graph::Direction;
use crate::key::AssetKey;
use scanner::is_word;

/// How deep parentheses, functions and negations may be nested.
const DEPTH_MAX: u32 = 100;

/// Reads a whole text.
pub(super) fn parse(text: &str) -> Result<Expr, SelectionError> {
    let mut parser = Parser {
        text: text.chars().collect(),
        at: 0,
        depth: 0,
    };
    let mut any = vec![parser.or()?];
    while parser.take(',') {
        any.push(parser.or()?);
    }
    let flat = any.into_iter().flat_map(|part| match part {
        Expr::Or(parts) => parts,
        other => vec![other],
    });
    let any = flat.collect();
    if parser.peek().is_some() {
        return Err(parser.expected("\"and\", \"or\", a comma or the end"));
    }
    Ok(Expr::or(any))
}

struct Parser {
    text: Vec<char>,
    at: usize,
    depth: u32,
}

impl Parser {
    fn or(&mut self) -> Result<Expr, SelectionError> {
        let mut any = vec![self.and()?];
        while self.take_word("or") {
            any.push(self.and()?);
        }
        Ok(Expr::or(any))
    }

    fn and(&mut self) -> Result<Expr, SelectionError> {
        let mut all = vec![self.not()?];
        while self.take_word("and") {
            all.push(self.not()?);
        }
        Ok(Expr::and(all))
    }

    fn not(&mut self) -> Result<Expr, SelectionError> {
        if self.take_word("not") {
            let of = self.nested(Self::not)?;
            return Ok(Expr::Not(Box::new(of)));
        }
        self.layers()
    }

    /// An atom with what stands before and after it.
    fn layers(&mut self) -> Result<Expr, SelectionError> {
        self.skip_space();
        let start = self.at;
        let star = self.take('*');
        let digits = if star {
            None
        } else {
            self.digits_before_plus()?
        };
        let pluses = if digits.is_some() {
            0
        } else {
            self.count_pluses()
        };
        if star && pluses == 0 && !self.is_name() {
            return Ok(Expr::All);
        }
        let bare = self.is_name();
        if !bare && (star || pluses > 1) {
            return Err(self.expected("the name of an asset"));
        }
        let of = self.atom(start)?;
        let up = match (star, digits, pluses) {
            (true, ..) => Some(ALL_LAYERS),
            (_, Some(layers), _) => Some(layers),
            (_, _, 0) => None,
            (_, _, pluses) if bare => Some(pluses),
            _ => Some(ALL_LAYERS),
        };
        let down = self.down(bare)?;
        if up.is_none() && down.is_none() {
            return Ok(of);
        }
        let of = Box::new(of);
        Ok(Expr::Layers { up, of, down })
    }

    fn down(&mut self, bare: bool) -> Result<Option<u32>, SelectionError> {
        let pluses = if bare {
            self.count_pluses()
        } else {
            u32::from(self.take('+'))
        };
        if bare && self.take('*') {
            return Ok(Some(ALL_LAYERS));
        }
        if pluses == 1
            && let Some(layers) = self.digits()?
        {
            return Ok(Some(layers));
        }
        Ok(match pluses {
            0 => None,
            pluses if bare => Some(pluses),
            _ => Some(ALL_LAYERS),
        })
    }

    fn atom(&mut self, start: usize) -> Result<Expr, SelectionError> {
        if self.take('(') {
            let of = self.nested(Self::or)?;
            self.close()?;
            return Ok(of);
        }
        let begins = self.at;
        let word = self.word();
        if word.is_empty() {
            let what = if start == begins {
                "an asset, an attribute or \"(\""
            } else {
                "an asset"
            };
            return Err(self.expected(what));
        }
        if self.peek() == Some(':') {
            return self.attribute(&word, begins);
        }
        let direction = match word.as_str() {
            "roots" => Some(Direction::Up),
            "sinks" => Some(Direction::Down),
            _ => None,
        };
        if let Some(direction) = direction
            && self.take('(')
        {
            let of = self.nested(Self::or)?;
            self.close()?;
            return Ok(Expr::Ends(direction, Box::new(of)));
        }
        if is_reserved(&word) {
            return Err(self.expected_at(begins, "an asset, an attribute or \"(\""));
        }
        match AssetKey::new(&word) {
            Ok(key) => Ok(Expr::Name(key)),
            Err(_) => Err(self.expected_at(begins, "a key without empty segments")),
        }
    }

    fn attribute(&mut self, name: &str, begins: usize) -> Result<Expr, SelectionError> {
        let known = matches!(name, "key" | "tag" | "group" | "owner" | "kind");
        if !known {
            let expected = "one of the attributes key, tag, group, owner and kind";
            return Err(self.expected_at(begins, expected));
        }
        self.take(':');
        match name {
            "tag" => {
                let tag = self.value(false)?;
                let value = if self.take('=') {
                    self.value(false)?
                } else {
                    String::new()
                };
                Ok(Expr::Tag(tag, value))
            }
            "group" if self.take_text("<null>") => Ok(Expr::Group(None)),
            "group" => Ok(Expr::Group(Some(self.value(true)?))),
            "owner" if self.take_text("<null>") => Ok(Expr::Owner(None)),
            "owner" => Ok(Expr::Owner(Some(self.value(false)?))),
            "kind" if self.take_text("<null>") => Ok(Expr::Kind(None)),
            "kind" => Ok(Expr::Kind(Some(self.value(false)?))),
            _ => Ok(Expr::Key(self.value(true)?)),
        }
    }

    /// A value in quotes, or a word in which, when `wild`, stars may stand.
    fn value(&mut self, wild: bool) -> Result<String, SelectionError> {
        if self.take('"') {
            let begins = self.at;
            while let Some(found) = self.text.get(self.at) {
                match found {
                    '"' => {
                        self.at += 1;
                        return Ok(self.text[begins..self.at - 1].iter().collect());
                    }
                    '\\' | '\r' | '\n' => break,
                    _ => self.at += 1,
                }
            }
            return Err(self.expected("a closing quote"));
        }
        self.skip_space();
        let value = self.run_of(|found| is_word(found) || found == '@' || (wild && found == '*'));
        if value.is_empty() {
            return Err(self.expected("a value"));
        }
        Ok(value)
    }

    fn nested<T>(
        &mut self,
        inner: impl FnOnce(&mut Self) -> Result<T, SelectionError>,
    ) -> Result<T, SelectionError> {
        if self.depth == DEPTH_MAX {
            return Err(self.expected(&format!("at most {DEPTH_MAX} levels of nesting")));
        }
        self.depth += 1;
        let result = inner(self)?;
        self.depth -= 1;
        Ok(result)
    }

    fn close(&mut self) -> Result<(), SelectionError> {
        if self.take(')') {
            return Ok(());
        }
        Err(self.expected("\")\""))
    }

    /// The number in `2+…`.
    fn digits_before_plus(&mut self) -> Result<Option<u32>, SelectionError> {
        let begins = self.at;
        let digits = self.run_of(|found| found.is_ascii_digit());
        if !digits.is_empty() && self.take('+') {
            return self.number(begins, &digits).map(Some);
        }
        self.at = begins;
        Ok(None)
    }

    fn digits(&mut self) -> Result<Option<u32>, SelectionError> {
        self.skip_space();
        let begins = self.at;
        let digits = self.run_of(|found| found.is_ascii_digit());
        if digits.is_empty() {
            return Ok(None);
        }
        self.number(begins, &digits).map(Some)
    }

    fn number(&self, begins: usize, digits: &str) -> Result<u32, SelectionError> {
        let layers = digits.parse().ok().filter(|layers| *layers < ALL_LAYERS);
        layers
            .ok_or_else(|| self.expected_at(begins, &format!("at most {} layers", ALL_LAYERS - 1)))
    }

    fn count_pluses(&mut self) -> u32 {
        let mut count: u32 = 0;
        while count < ALL_LAYERS - 1 && self.take('+') {
            count += 1;
        }
        count
    }

    /// Whether the name of an asset comes next, rather than an attribute, a function or an operator.
    fn is_name(&mut self) -> bool {
        self.skip_space();
        let begins = self.at;
        let word = self.word();
        let next = self.peek();
        self.at = begins;
        let function = matches!(word.as_str(), "roots" | "sinks") && next == Some('(');
        !word.is_empty() && next != Some(':') && !function && !is_reserved(&word)
    }
}
