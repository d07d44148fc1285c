//! A decision record: MADR 4.0, its front matter and its sections, no others
//! (<https://adr.github.io/madr/>). Status is proposed: who decides is the reader.

use super::{Block, Text, markdown};

/// What a record says, section by section.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// What is decided.
    pub title: String,
    /// The day that the evidence is of, as `2026-11-27`.
    pub date: String,
    /// Context and Problem Statement.
    pub problem: Vec<Block>,
    /// Decision Drivers.
    pub drivers: Vec<Text>,
    /// Considered Options, each with its pros and cons.
    pub options: Vec<(String, Vec<Text>)>,
    /// Decision Outcome.
    pub outcome: Vec<Block>,
    /// Consequences of it.
    pub consequences: Vec<Text>,
    /// How it is confirmed.
    pub confirmation: Vec<Block>,
    /// More Information.
    pub more: Vec<Text>,
}

impl Record {
    /// As Markdown; `base` leads from where it will lie to the results folder.
    pub fn markdown(&self, base: &str) -> String {
        let date = &self.date;
        let front = format!(
            "---\nstatus: \"proposed\"\ndate: {date}\ndecision-makers:\nconsulted:\ninformed:\n---\n"
        );
        let title = markdown::blocks(&[Block::Heading(1, self.title.clone())], "");
        format!("{front}{title}{}", markdown::blocks(&self.blocks(), base))
    }

    /// Its sections, in their order.
    pub fn blocks(&self) -> Vec<Block> {
        let options = self.options.iter();
        let names = options.clone().map(|(name, _)| name.as_str());
        let mut blocks = vec![Block::heading("Context and Problem Statement")];
        blocks.extend(self.problem.iter().cloned());
        blocks.extend([
            Block::heading("Decision Drivers"),
            Block::list(self.drivers.iter().cloned()),
            Block::heading("Considered Options"),
            Block::list(names),
            Block::heading("Decision Outcome"),
        ]);
        blocks.extend(self.outcome.iter().cloned());
        blocks.extend([
            Block::subheading("Consequences"),
            Block::list(self.consequences.iter().cloned()),
            Block::subheading("Confirmation"),
        ]);
        blocks.extend(self.confirmation.iter().cloned());
        blocks.push(Block::heading("Pros and Cons of the Options"));
        for (name, judged) in options {
            blocks.push(Block::subheading(name.as_str()));
            blocks.push(Block::list(judged.iter().cloned()));
        }
        blocks.push(Block::heading("More Information"));
        blocks.push(Block::list(self.more.iter().cloned()));
        blocks
    }
}
