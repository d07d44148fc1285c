//! A step that waits at a named point until the test lets it go on.

use std::io::{BufRead as _, BufReader};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};

use orchbench_etl::{
    CrashAction, CrashPlan, CrashPoint, CrashRule, EtlConfig, Rendezvous, StepName,
};

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
    /// Makes the first attempt at `step` wait at `point`.
    pub fn arrange(config: &mut EtlConfig, dir: &Path, step: StepName, point: CrashPoint) -> Self {
        let socket: PathBuf = dir.join("meeting");
        let listener = UnixListener::bind(&socket).unwrap();
        config.crash = Some(CrashPlan {
            rules: vec![CrashRule {
                id: "meeting".to_owned(),
                step,
                partition: None,
                attempt: None,
                point,
                action: CrashAction::Rendezvous { socket },
            }],
            dir: dir.join("crash"),
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
