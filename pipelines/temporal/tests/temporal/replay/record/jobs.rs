//! The same of the workflows that are a job of an experiment: reminders, refreshes, loops until enough,
//! orders, models.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use orchbench_etl::services::{Conduct, Services, Trouble};
use orchbench_etl::{CrashPoint, Day, Model, ModelProject, StepName};
use orchbench_temporal::{
    EnoughInput, EnoughWorkflow, Memory, ModelsInput, ModelsWorkflow, OrderInput, OrderWorkflow,
    PipelineInput, RefreshInput, RefreshWorkflow, ReminderWorkflow,
};

use super::{cancel, failing, input, keep_latest};
use crate::lab::{Lab, ended};
use crate::rendezvous::held_up;

pub async fn missing() {
    reminder().await;
    refreshes().await;
    enough().await;
    orders().await;
    models().await;
}

async fn reminder() {
    let lab = Lab::new(|_| ()).await;
    let soon = PipelineInput {
        embargo_ms: 50,
        ..input("one-day")
    };
    let name = "reminder-called";
    let handle = lab.begin(ReminderWorkflow::run, soon.into(), name).await;
    ended(&handle).await.unwrap();
    keep_latest(&lab, name).await;
}

fn refresh(memory: Memory) -> RefreshInput {
    RefreshInput {
        pipeline: PipelineInput {
            concurrency: 1,
            ..input("my-source")
        },
        code_versions: BTreeMap::new(),
        memory,
    }
}

/// One that a day fails, the next, which remembers the rest, and one that is cancelled.
async fn refreshes() {
    let day: Day = "2013-01-03".parse().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let cause = folder.path().join("unmended");
    std::fs::write(&cause, "").unwrap();
    let mut plan = failing(&[StepName::Transform], 1, true);
    plan.partitions = vec![day];
    plan.cause = Some(cause.clone());
    let lab = Lab::new(|config| config.failure = Some(plan)).await;
    let name = "refresh-failed";
    let first = refresh(Memory::default()).into();
    let handle = lab.begin(RefreshWorkflow::run, first, name).await;
    ended(&handle).await.unwrap_err();
    keep_latest(&lab, name).await;
    std::fs::remove_file(cause).unwrap();
    let memory = lab.client.refresh_memory(name).await.unwrap();
    let name = "refresh-remembered";
    let second = refresh(memory).into();
    let handle = lab.begin(RefreshWorkflow::run, second, name).await;
    ended(&handle).await.unwrap();
    keep_latest(&lab, name).await;

    let (lab, meeting) = held_up(StepName::Transform, CrashPoint::BeforeEffect, |_| ()).await;
    let name = "refresh-cancelled";
    let third = refresh(Memory::default()).into();
    let handle = lab.begin(RefreshWorkflow::run, third, name).await;
    cancel(&handle, meeting).await;
    keep_latest(&lab, name).await;
}

async fn enough() {
    let lab = Lab::new(|_| ()).await;
    for (name, rows) in [("enough-found", 1), ("enough-too-few", u64::MAX)] {
        let wanted = EnoughInput {
            pipeline: input("my-source"),
            rows,
        };
        let handle = lab.begin(EnoughWorkflow::run, wanted.into(), name).await;
        ended(&handle).await.unwrap();
        keep_latest(&lab, name).await;
    }
}

async fn orders() {
    for (name, trouble) in [
        ("order-placed", Trouble::Nothing),
        ("order-undone", Trouble::Refuses),
    ] {
        let services = Services::start(|act| Conduct {
            trouble: match act {
                StepName::Book => trouble,
                _ => Trouble::Nothing,
            },
            times: 0,
            latency_ms: 0,
            retry_after_s: 0,
        })
        .unwrap();
        let places = services.places(1_000);
        let lab = Lab::new(|config| config.order_services = Some(places)).await;
        let mut order = OrderInput::new();
        order.0.run = Some(name.to_owned());
        let handle = lab.begin(OrderWorkflow::run, order.into(), name).await;
        let placed = ended(&handle).await;
        assert_eq!(placed.is_ok(), trouble == Trouble::Nothing, "{placed:?}");
        keep_latest(&lab, name).await;
    }
}

/// In the place of dbt a program that says that it has built: a history has no more of it.
async fn models() {
    let lab = Lab::new(|_| ()).await;
    let folder = lab.dir.path().join("project");
    std::fs::create_dir(&folder).unwrap();
    let program = r#"
import json, sys
order = json.load(sys.stdin)
if order["model"] == "wrong":
    print(json.dumps({"error_type": "Models", "message": "wrong"}))
else:
    print(json.dumps({"model": order["model"], "digest": "00", "rows": 1}))
"#;
    std::fs::write(folder.join("journalled.py"), program).unwrap();
    let model = |name: &str, reads: &[&str]| Model {
        name: name.to_owned(),
        reads: reads.iter().map(|read| (*read).to_owned()).collect(),
        tests: BTreeSet::new(),
    };
    let project = ModelsInput {
        run: "recorded".to_owned(),
        project: ModelProject {
            folder,
            python: PathBuf::from("python3"),
            variables: BTreeMap::new(),
        },
        models: vec![model("staged", &[]), model("mart", &["staged"])],
        built: Vec::new(),
    };
    let name = "models-built";
    let all = project.clone().into();
    let handle = lab.begin(ModelsWorkflow::run, all, name).await;
    ended(&handle).await.unwrap();
    keep_latest(&lab, name).await;
    let wrong = ModelsInput {
        models: vec![
            model("wrong", &[]),
            model("other", &[]),
            model("mart", &["wrong"]),
        ],
        ..project
    };
    let name = "models-wrong";
    let handle = lab.begin(ModelsWorkflow::run, wrong.into(), name).await;
    ended(&handle).await.unwrap_err();
    keep_latest(&lab, name).await;
}
