//! What can be said of an argument before it is sent.

use serde::de::DeserializeOwned;
use temporalio_common::protos::temporal::api::common::v1::Payload;

use super::argument::read;
use super::{
    ApprovalInput, BackfillInput, DailyInput, EnoughInput, ModelsInput, NoopInput, OrderInput,
    PartitionInput, PipelineInput, RefreshInput, Validate,
};

type Look = fn(&[Payload]) -> Result<(), String>;

/// The workflows of [`crate::workflows`] by name, each with how its argument is read.
pub const WORKFLOWS: [(&str, Look); 15] = [
    ("ApprovalWorkflow", look::<ApprovalInput>),
    ("BackfillWorkflow", look::<BackfillInput>),
    ("DailyWorkflow", look::<DailyInput>),
    ("DataPipelineWorkflow", look::<PipelineInput>),
    ("EnoughWorkflow", look::<EnoughInput>),
    ("ExtractWorkflow", look::<PipelineInput>),
    ("ModelsWorkflow", look::<ModelsInput>),
    ("NoopWorkflow", look::<NoopInput>),
    ("OrderWorkflow", look::<OrderInput>),
    ("ParallelWorkflow", look::<PipelineInput>),
    ("PartitionWorkflow", look::<PartitionInput>),
    ("RefreshWorkflow", look::<RefreshInput>),
    ("ReminderWorkflow", look::<PipelineInput>),
    ("SagaWorkflow", look::<PipelineInput>),
    ("SequentialWorkflow", look::<PipelineInput>),
];

/// Says what the workflow itself would say of its argument, without a server or a worker; nothing of
/// a workflow that is not of this crate.
///
/// # Errors
/// What the workflow would fail with: which field, what is expected, what was found. Whether a source
/// exists only the worker knows.
pub fn check(workflow: &str, arguments: &[serde_json::Value]) -> Result<(), String> {
    let sent = crate::client::payloads(arguments);
    WORKFLOWS
        .iter()
        .find(|(name, _)| *name == workflow)
        .map_or(Ok(()), |(_, look)| look(&sent))
}

fn look<T: DeserializeOwned + Validate>(payloads: &[Payload]) -> Result<(), String> {
    read::<T>(payloads)?.validate()
}
