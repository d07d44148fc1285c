//! The instance of a trial, asked by a program of the project. It is started with the engine, as it takes
//! seconds to import Dagster, and lives as long as the session.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::ChildStdin;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::project::Project;
use orchbench_lab::process::{Child, Stream};

/// How long the program may take for an answer, and to be there.
const ANSWERED: Duration = Duration::from_secs(120);

/// How long a program that says nothing more may take to end.
const ENDED: Duration = Duration::from_secs(1);

/// What the instance in a home says.
pub(super) struct Instance {
    pub project: Project,
    home: PathBuf,
    /// `None` before the start and after a failure: the next question starts another.
    program: Mutex<Option<Program>>,
}

impl Instance {
    /// Starts the program, which opens the instance when it is asked.
    pub fn of(project: Project, home: PathBuf) -> Result<Self, String> {
        let program = Program::start(&project, &home)?;
        Ok(Self {
            project,
            home,
            program: Mutex::new(Some(program)),
        })
    }

    /// Waits until the program can be asked.
    pub fn await_ready(&self) -> Result<(), String> {
        self.with_program(|program| program.await_ready())
    }

    /// What the module of a question tells about a word.
    ///
    /// # Errors
    /// What the module raised, how the program ended, or how what is told differs from what is expected.
    pub fn told<T: DeserializeOwned>(
        &self,
        question: &str,
        word: &impl Serialize,
    ) -> Result<T, String> {
        let reply = self.with_program(|program| program.asked(question, word));
        let told = reply.and_then(|reply| match reply {
            Reply::Told(told) => serde_json::from_value(told).map_err(|error| error.to_string()),
            Reply::Error(error) => Err(error),
        });
        told.map_err(|reason| format!("{question}: {reason}"))
    }

    /// Has the program asked; one that fails is not asked again.
    fn with_program<T>(
        &self,
        ask: impl FnOnce(&mut Program) -> Result<T, String>,
    ) -> Result<T, String> {
        let mut program = self.program.lock().unwrap_or_else(PoisonError::into_inner);
        let mut asked = match program.take() {
            Some(started) => started,
            None => Program::start(&self.project, &self.home)?,
        };
        let answer = ask(&mut asked)?;
        *program = Some(asked);
        Ok(answer)
    }
}

/// What the program says to each question, and once when it can be asked.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Reply {
    Told(Value),
    Error(String),
}

/// The program, which ends when this is dropped.
struct Program {
    child: Child,
    questions: ChildStdin,
    replies: Receiver<String>,
    log: PathBuf,
    ready: bool,
}

impl Program {
    fn start(project: &Project, home: &Path) -> Result<Self, String> {
        let log = project.folder().join("records.log");
        let words = ["--home".as_ref(), home.as_os_str()];
        let spec = project
            .module("records", &words)
            .stdin(Stream::Piped)
            .stdout(Stream::Piped)
            .stderr(Stream::Log(log.clone()));
        let mut child = Child::spawn(&spec, "records").map_err(|error| error.to_string())?;
        let (Some(questions), Some(stdout)) = (child.take_stdin(), child.take_stdout()) else {
            return Err("its program has no pipes".to_owned());
        };
        let (say, replies) = channel();
        // It ends with the program, or when nobody listens any more.
        std::thread::spawn(move || {
            let mut lines = BufReader::new(stdout).lines().map_while(Result::ok);
            lines.try_for_each(|line| say.send(line).ok())
        });
        Ok(Self {
            child,
            questions,
            replies,
            log,
            ready: false,
        })
    }

    fn await_ready(&mut self) -> Result<(), String> {
        if !self.ready {
            self.reply()?;
            self.ready = true;
        }
        Ok(())
    }

    fn asked(&mut self, question: &str, word: &impl Serialize) -> Result<Reply, String> {
        self.await_ready()?;
        let line = serde_json::to_string(&(question, word)).map_err(|error| error.to_string())?;
        match writeln!(self.questions, "{line}") {
            Ok(()) => self.reply(),
            Err(_) => Err(self.end()),
        }
    }

    fn reply(&mut self) -> Result<Reply, String> {
        match self.replies.recv_timeout(ANSWERED) {
            Ok(line) => {
                serde_json::from_str(&line).map_err(|_| format!("expected a reply, found {line:?}"))
            }
            Err(RecvTimeoutError::Timeout) => {
                Err(format!("no reply within {} s", ANSWERED.as_secs()))
            }
            Err(RecvTimeoutError::Disconnected) => Err(self.end()),
        }
    }

    /// How it ended, with the last line of its standard error.
    fn end(&mut self) -> String {
        let status = match self.child.wait_for(ENDED) {
            Ok(Some(status)) => status.to_string(),
            Ok(None) => "it has closed its output".to_owned(),
            Err(error) => error.to_string(),
        };
        let text = std::fs::read_to_string(&self.log).unwrap_or_default();
        let last = text.lines().last().unwrap_or_default();
        format!("its program ended, {status}: {last}")
    }
}
