//! A step that waits at a named point until the test lets it go on.

use std::io::{BufRead as _, BufReader};
use std::os::unix::net::{UnixListener, UnixStream};

use orchbench_etl::{
    CrashAction, CrashPlan, CrashPoint, CrashRule, EtlConfig, Rendezvous, StepName,
};

use crate::lab::Lab;

/// A lab in which the first attempt at `step` waits at `point`.
pub async fn held_up(
    step: StepName,
    point: CrashPoint,
    configure: impl FnOnce(&mut EtlConfig),
) -> (Lab, Meeting) {
    let mut meeting = None;
    let lab = Lab::new(|config| {
        meeting = Some(Meeting::arrange(config, step, point));
        configure(config);
    })
    .await;
    (lab, meeting.unwrap())
}

/// A meeting point; the step connects to it.
pub struct Meeting {
    listener: UnixListener,
}

/// A step that waits; it goes on when this is dropped.
pub struct Waiting {
    pub met: Rendezvous,
    _stream: UnixStream,
}

impl Meeting {
    /// Makes the first attempt at `step` wait at `point`, in the folder of the lab's ETL, besides what
    /// is arranged already.
    pub fn arrange(config: &mut EtlConfig, step: StepName, point: CrashPoint) -> Self {
        let dir = config.work_dir.parent().unwrap().to_owned();
        let id = format!("meeting-{step}");
        let socket = dir.join(&id);
        let listener = UnixListener::bind(&socket).unwrap();
        let plan = config.crash.get_or_insert_with(|| CrashPlan {
            rules: Vec::new(),
            dir: dir.join("crash"),
        });
        plan.rules.push(CrashRule {
            id,
            step,
            partition: None,
            attempt: None,
            point,
            action: CrashAction::Rendezvous { socket },
        });
        Self { listener }
    }

    /// Waits until the step is there.
    pub async fn met(self) -> Waiting {
        tokio::task::spawn_blocking(move || {
            let (stream, _) = self.listener.accept().unwrap();
            let mut line = String::new();
            BufReader::new(&stream).read_line(&mut line).unwrap();
            Waiting {
                met: serde_json::from_str(&line).unwrap(),
                _stream: stream,
            }
        })
        .await
        .unwrap()
    }
}
