//! The when-to-use table as it was put to the test.

/// A row of the when-to-use table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row {
    /// The consideration.
    pub name: &'static str,
    /// What the guidance says of Temporal.
    pub temporal: &'static str,
    /// What the guidance says of asset-style orchestrators.
    pub asset_style: &'static str,
}

/// The rule of thumb's name as a row.
pub const RULE_OF_THUMB: &str = "Rule of thumb";

/// The rows, in the table's order; the rule of thumb is the last.
pub const GUIDANCE: [Row; 6] = [
    Row {
        name: "Core model",
        temporal: "durable workflow execution, code as workflow",
        asset_style: "asset-based, declarative data lineage",
    },
    Row {
        name: "Long-running processes",
        temporal: "survives restarts, runs for days or months",
        asset_style: "designed for batch; long-running work needs workarounds",
    },
    Row {
        name: "Retries and failure handling",
        temporal: "per-activity retry policies, saga patterns",
        asset_style: "per-op retry policies, no built-in saga",
    },
    Row {
        name: "Observability",
        temporal: "step-by-step execution history",
        asset_style: "asset lineage and materialization history",
    },
    Row {
        name: "Best for",
        temporal: "multi-step durable workflows, microservice orchestration, human in the loop",
        asset_style: "analytics pipelines, dbt orchestration, asset-centric data platforms",
    },
    Row {
        name: RULE_OF_THUMB,
        temporal: "durable execution of long-running or complex workflows with fine-grained failure handling",
        asset_style: "a pipeline that centres on data assets and wants declarative lineage and materialization tracking",
    },
];
