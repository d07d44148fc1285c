//! `cargo first …`: builds `orchbench` and, beside it, provisions the Temporal server and the
//! Python with Dagster that its runs need; then becomes `orchbench …`. Either alone leaves a processor idle for much of its
//! time: a build ends in one long link, and a server's build begins with a download.

use std::env;
use std::ffi::OsString;
use std::os::unix::process::CommandExt as _;
use std::process::{Command, ExitCode};
use std::thread;

use orchbench_start::{in_lines, provision, python};

/// Where these are set the user has a server.
const NAMED: [&str; 2] = ["TEMPORAL_ADDRESS", "TEMPORAL_PROFILE"];

fn main() -> ExitCode {
    // In lines, as cargo's own progress has the terminal's last one.
    let progress = || in_lines(|line| eprintln!("{line}"));
    let python = thread::spawn(move || match python::provision(&progress()) {
        Ok(python) => eprintln!("Dagster {} ({})", python.dagster, python.path.display()),
        Err(why) => eprintln!("no Dagster: {why}"),
    });
    let server = (!NAMED.iter().any(|name| env::var_os(name).is_some())).then(|| {
        thread::spawn(move || match provision(&progress()) {
            Ok(program) => eprintln!("{} ({})", program.path.display(), program.way),
            // The run tries again, and says what each way lacked.
            Err(tried) => tried
                .iter()
                .for_each(|each| eprintln!("{}: {}", each.way, each.why)),
        })
    });
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let orchbench = ["--release", "--bin", "orchbench"];
    match Command::new(&cargo).arg("build").args(orchbench).status() {
        Ok(status) if status.success() => {}
        // Its errors stand above; the server's build ends with this process.
        Ok(status) => return ExitCode::from(status.code().map_or(1, |code| code as u8)),
        Err(error) => return failed(&cargo, &error),
    }
    for provisioned in [Some(python), server].into_iter().flatten() {
        // A panic there is printed; the run provisions by itself then.
        let _ = provisioned.join();
    }
    let words: Vec<OsString> = env::args_os().skip(1).collect();
    let run = ["run", "--quiet"]
        .into_iter()
        .chain(orchbench)
        .chain(["--"]);
    failed(&cargo, &Command::new(&cargo).args(run).args(words).exec())
}

fn failed(cargo: &OsString, error: &std::io::Error) -> ExitCode {
    eprintln!("error: {} cannot be run: {error}", cargo.display());
    ExitCode::FAILURE
}
