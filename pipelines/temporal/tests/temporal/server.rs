//! The Temporal server of the tests: one for the whole test process, which dies with it.

use std::sync::OnceLock;

use orchbench_lab::process::{self, TempFolder};
use orchbench_lab::server::{self, Choice, Provisioned, Server, ServerSettings, ServerSpec};

/// The address of the server, which the first caller starts.
pub fn address() -> &'static str {
    static SERVER: OnceLock<(Server, TempFolder)> = OnceLock::new();
    SERVER.get_or_init(start).0.address()
}

fn start() -> (Server, TempFolder) {
    process::bind_with_setpriv();
    // Nobody drops what is in a static: the next test process removes this one's folder.
    process::sweep().unwrap();
    let folder = TempFolder::create("temporal-tests").unwrap();
    // Otherwise each task waits for the next 50 ms and each retry for the next second.
    let spec = ServerSpec::new(folder.path()).settings(ServerSettings::tuned());
    let server = Server::start(&program(), &spec).unwrap();
    (server, folder)
}

fn program() -> Provisioned {
    server::find(&Choice::Cache)
        .unwrap_or_else(|unavailable| panic!("{unavailable}\nrun `orchbench server provision`"))
}
