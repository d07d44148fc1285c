//! The argument and the result of the workflow of empty steps.

use orchbench_etl::{Shape, Synthetic};
use serde::{Deserialize, Serialize};

use super::Validate;
use super::bounds::{MAX_STEPS, within};

/// The argument of `NoopWorkflow`: steps without work, for the measurement of the engine's overhead.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NoopInput {
    /// How the steps hang together.
    pub shape: Shape,
    /// How many steps, over all runs of the chain of continued workflows.
    pub steps: u32,
    /// Whether the steps are local activities: executed in the worker that has the workflow, without
    /// a task of their own on the server.
    #[serde(default)]
    pub local: bool,
    /// How many steps the runs before this one have done; starters leave it out.
    #[serde(default)]
    pub done: u32,
    /// What the steps pretend to do; nothing where it is left out. They are no local activities then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub synthetic: Option<Synthetic>,
    /// Whether one execution has all of the steps and, of a fan-out, asks for all of them at once,
    /// whatever the server's limits are.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unbounded: bool,
    /// How many bytes each step hands to the next one; none where it is left out. The steps are an unbounded
    /// chain of activities then, and do nothing else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payload_bytes: Option<u32>,
}

impl NoopInput {
    /// So many steps that do nothing, each an activity.
    #[must_use]
    pub fn new(shape: Shape, steps: u32) -> Self {
        Self {
            shape,
            steps,
            local: false,
            done: 0,
            synthetic: None,
            unbounded: false,
            payload_bytes: None,
        }
    }
}

impl Validate for NoopInput {
    fn validate(&self) -> Result<(), String> {
        within("steps", self.steps, 0..=MAX_STEPS)?;
        within("done", self.done, 0..=self.steps)?;
        let is_chain = self.unbounded && self.shape == Shape::Chain && self.done == 0;
        let is_plain = is_chain && !self.local && self.synthetic.is_none();
        if self.payload_bytes.is_some() && !is_plain {
            let expected = "expected an unbounded chain of activities without other work";
            return Err(format!("payload_bytes: {expected}, found another"));
        }
        Ok(())
    }
}

/// The result of `NoopWorkflow`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NoopOutcome {
    /// How many steps were executed, over all runs of the chain.
    pub steps: u32,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_handed_on_is_by_a_plain_chain() {
        let handing = |shape, unbounded, local| NoopInput {
            unbounded,
            local,
            payload_bytes: Some(1),
            ..NoopInput::new(shape, 2)
        };
        assert_eq!(handing(Shape::Chain, true, false).validate(), Ok(()));
        for other in [
            handing(Shape::FanOut, true, false),
            handing(Shape::Chain, false, false),
            handing(Shape::Chain, true, true),
        ] {
            let refused = other.validate().expect_err("no plain chain");
            assert!(refused.starts_with("payload_bytes: expected an unbounded chain"));
        }
    }
}
