//! JSON Schemas of what a results folder holds, for readers in other languages.

use schemars::{Schema, schema_for};

use super::{
    AppliedRow, Benchmarks, Claims, Environment, Event, Expected, Manifest, Measurements, Model,
    Plan, Verdicts, WarehouseRow,
};

/// A schema for every JSON file and for a line of every kind of JSONL file, by name. They are
/// committed under `schemas/`; a test holds them to the types.
pub fn schemas() -> [(&'static str, Schema); 13] {
    [
        ("applied-row", schema_for!(AppliedRow)),
        ("benchmarks", schema_for!(Benchmarks)),
        ("claims", schema_for!(Claims)),
        ("environment", schema_for!(Environment)),
        ("event", schema_for!(Event)),
        ("expected", schema_for!(Expected)),
        ("journal-record", schema_for!(orchbench_journal::Record)),
        ("manifest", schema_for!(Manifest)),
        ("measurements", schema_for!(Measurements)),
        ("model", schema_for!(Model)),
        ("plan", schema_for!(Plan)),
        ("verdicts", schema_for!(Verdicts)),
        ("warehouse-row", schema_for!(WarehouseRow)),
    ]
}
