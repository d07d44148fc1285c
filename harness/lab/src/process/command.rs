//! What to start: a program, its arguments, environment and streams.

use std::ffi::{OsStr, OsString};
use std::fs::OpenOptions;
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use super::{PARENT_ENV, ProcessError, owner_tag};

/// The variable that marks every descendant with its owner's `<pid>-<start>`.
pub const OWNER_ENV: &str = "ORCHBENCH_OWNER";

/// Which program a child runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Program {
    /// The `orchbench` binary itself. It binds itself to its parent with
    /// [`super::adopt_parent`].
    Own,
    /// Any other program, started through `orchbench exec-child`, which binds it to
    /// its parent and then becomes it (same process id).
    Foreign(PathBuf),
}

/// Where a standard stream of a child leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stream {
    /// `/dev/null`.
    Null,
    /// The parent's own stream.
    Inherit,
    /// A pipe that the parent holds.
    Piped,
    /// Appended to this file, created with its folders when absent (output only).
    Log(PathBuf),
}

/// A child to be started by [`super::Child::spawn`].
#[derive(Debug, Clone)]
pub struct CommandSpec {
    /// The program.
    pub program: Program,
    /// Its arguments, without the program's name.
    pub args: Vec<OsString>,
    /// Variables set on top of the parent's environment.
    pub env: Vec<(OsString, OsString)>,
    /// Working folder; `None` = the parent's.
    pub current_dir: Option<PathBuf>,
    /// Standard input; a log file here counts as [`Stream::Null`].
    pub stdin: Stream,
    /// Standard output.
    pub stdout: Stream,
    /// Standard error.
    pub stderr: Stream,
}

impl CommandSpec {
    /// The `orchbench` binary with these arguments, streams to `/dev/null`.
    pub fn own<S: Into<OsString>>(args: impl IntoIterator<Item = S>) -> Self {
        Self::new(Program::Own, args)
    }

    /// A foreign program with these arguments, streams to `/dev/null`.
    pub fn foreign<S: Into<OsString>>(
        program: impl Into<PathBuf>,
        args: impl IntoIterator<Item = S>,
    ) -> Self {
        Self::new(Program::Foreign(program.into()), args)
    }

    fn new<S: Into<OsString>>(program: Program, args: impl IntoIterator<Item = S>) -> Self {
        CommandSpec {
            program,
            args: args.into_iter().map(Into::into).collect(),
            env: Vec::new(),
            current_dir: None,
            stdin: Stream::Null,
            stdout: Stream::Null,
            stderr: Stream::Null,
        }
    }

    /// Sets a variable of the child's environment.
    #[must_use]
    pub fn env(mut self, key: impl Into<OsString>, value: impl Into<OsString>) -> Self {
        self.env.push((key.into(), value.into()));
        self
    }

    /// Sets the child's working folder.
    #[must_use]
    pub fn current_dir(mut self, folder: impl Into<PathBuf>) -> Self {
        self.current_dir = Some(folder.into());
        self
    }

    /// Sets the standard input.
    #[must_use]
    pub fn stdin(mut self, stream: Stream) -> Self {
        self.stdin = stream;
        self
    }

    /// Sets the standard output.
    #[must_use]
    pub fn stdout(mut self, stream: Stream) -> Self {
        self.stdout = stream;
        self
    }

    /// Sets the standard error.
    #[must_use]
    pub fn stderr(mut self, stream: Stream) -> Self {
        self.stderr = stream;
        self
    }

    /// The program's name for messages.
    pub fn program_name(&self) -> String {
        match &self.program {
            Program::Own => "orchbench".to_owned(),
            Program::Foreign(path) => path.display().to_string(),
        }
    }

    /// The system's command for this specification, its own process group included.
    pub(super) fn to_command(&self) -> Result<Command, ProcessError> {
        let parent = std::process::id().to_string();
        let mut command = match &self.program {
            Program::Own => {
                let mut command = Command::new(orchbench_binary()?);
                command.args(&self.args).env(PARENT_ENV, &parent);
                command
            }
            Program::Foreign(path) if WITH_SETPRIV.load(Ordering::Relaxed) => {
                let mut command = Command::new("setpriv");
                command
                    .args(["--pdeathsig", "KILL", "--"])
                    .arg(path)
                    .args(&self.args);
                command
            }
            Program::Foreign(path) => {
                let mut command = Command::new(orchbench_binary()?);
                command
                    .args(["exec-child", "--parent", &parent, "--"])
                    .arg(path)
                    .args(&self.args);
                command
            }
        };
        for (key, value) in &self.env {
            command.env(key, value);
        }
        if let Some(folder) = &self.current_dir {
            command.current_dir(folder);
        }
        command
            .env(OWNER_ENV, owner_tag()?)
            .process_group(0)
            .stdin(input(&self.stdin))
            .stdout(output(&self.stdout)?)
            .stderr(output(&self.stderr)?);
        Ok(command)
    }
}

static BINARY: OnceLock<PathBuf> = OnceLock::new();
static WITH_SETPRIV: AtomicBool = AtomicBool::new(false);

/// Has `setpriv` (util-linux) bind foreign programs to this process from now on: for tests of
/// crates that the `orchbench` binary is not built for. The parent could only be missed if it died
/// within the program's start.
pub fn bind_with_setpriv() {
    WITH_SETPRIV.store(true, Ordering::Relaxed);
}

/// Names the `orchbench` binary from within: a test or a benchmark is a program of its
/// own, and changing the environment is not safe. The first call counts.
pub fn set_orchbench_binary(path: impl Into<PathBuf>) {
    let _ = BINARY.set(path.into());
}

/// The `orchbench` binary: the one of [`set_orchbench_binary`], else `ORCHBENCH_BIN`,
/// else the current program.
///
/// # Errors
/// [`ProcessError::Spawn`] when the system cannot name the current program.
pub fn orchbench_binary() -> Result<PathBuf, ProcessError> {
    if let Some(path) = BINARY.get() {
        return Ok(path.clone());
    }
    match std::env::var_os("ORCHBENCH_BIN") {
        Some(path) if !path.is_empty() => Ok(PathBuf::from(path)),
        _ => std::env::current_exe().map_err(|source| ProcessError::Spawn {
            program: "orchbench".to_owned(),
            source,
        }),
    }
}

fn input(stream: &Stream) -> Stdio {
    match stream {
        Stream::Null | Stream::Log(_) => Stdio::null(),
        Stream::Inherit => Stdio::inherit(),
        Stream::Piped => Stdio::piped(),
    }
}

fn output(stream: &Stream) -> Result<Stdio, ProcessError> {
    match stream {
        Stream::Null => Ok(Stdio::null()),
        Stream::Inherit => Ok(Stdio::inherit()),
        Stream::Piped => Ok(Stdio::piped()),
        Stream::Log(path) => {
            if let Some(folder) = path.parent().filter(|f| *f != OsStr::new("")) {
                std::fs::create_dir_all(folder)
                    .map_err(ProcessError::file("creating folder", folder))?;
            }
            OpenOptions::new()
                .create(true)
                .append(true)
                .open(path)
                .map(Stdio::from)
                .map_err(ProcessError::file("opening log", path))
        }
    }
}
