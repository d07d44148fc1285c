//! Limits on the steps that run at once and have a tag in common.
//!
//! A released step that would exceed a limit is parked with it, holds no thread and no slot, and
//! goes back to the front of the ready queue, in its turn, when a step under that limit ends.

use std::collections::{BTreeMap, VecDeque};
use std::num::NonZero;

use super::scheduler::Ticket;

/// At most so many steps at once, over all runs of an executor, whose assets or runs have a tag.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct TagLimit {
    /// Name of the tag.
    pub tag: String,
    /// Its value; `None` = any.
    pub value: Option<String>,
    /// Steps at once.
    pub steps: NonZero<usize>,
}

impl TagLimit {
    fn holds_for(&self, tags: Tags<'_>) -> bool {
        let mut values = tags.into_iter().filter_map(|tags| tags.get(&self.tag));
        values.any(|value| self.value.as_ref().is_none_or(|wanted| wanted == value))
    }
}

/// The tags of a step's asset and of its run.
pub(super) type Tags<'a> = [&'a BTreeMap<String, String>; 2];

/// The limits, who is under them and who waits for them.
#[derive(Debug, Default)]
pub(super) struct Limits {
    limits: Vec<Limit>,
}

#[derive(Debug)]
struct Limit {
    rule: TagLimit,
    running: usize,
    parked: VecDeque<Ticket>,
}

impl Limit {
    fn free(&self) -> usize {
        self.rule.steps.get().saturating_sub(self.running)
    }
}

impl Limits {
    pub fn new(rules: Vec<TagLimit>) -> Self {
        let limit = |rule| Limit {
            rule,
            running: 0,
            parked: VecDeque::new(),
        };
        Self {
            limits: rules.into_iter().map(limit).collect(),
        }
    }

    /// Parks a step if it may not run now, and says whether it did.
    pub fn parks(&mut self, ticket: Ticket, tags: Tags<'_>) -> bool {
        let full = |limit: &&mut Limit| limit.free() == 0 && limit.rule.holds_for(tags);
        match self.limits.iter_mut().find(full) {
            None => false,
            Some(limit) => {
                limit.parked.push_back(ticket);
                true
            }
        }
    }

    /// Counts a step that begins.
    pub fn begin(&mut self, tags: Tags<'_>) {
        for limit in self.under(tags) {
            limit.running += 1;
        }
    }

    /// Counts a step that ended.
    pub fn end(&mut self, tags: Tags<'_>) {
        for limit in self.under(tags) {
            limit.running -= 1;
        }
    }

    /// Puts as many parked steps as may run back to the front of the queue. (One that another limit
    /// holds back is parked there when its turn comes, and its place is filled by the next call.)
    pub fn unpark(&mut self, ready: &mut VecDeque<Ticket>) {
        for limit in &mut self.limits {
            let several = limit.free().min(limit.parked.len());
            for ticket in limit.parked.drain(..several).rev() {
                ready.push_front(ticket);
            }
        }
    }

    fn under<'a>(&'a mut self, tags: Tags<'a>) -> impl Iterator<Item = &'a mut Limit> {
        self.limits
            .iter_mut()
            .filter(move |limit| limit.rule.holds_for(tags))
    }
}
