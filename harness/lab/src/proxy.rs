//! A TCP proxy of the harness between an engine's workers and its server: the network that a
//! fault cuts, delays, resets or leaves half open.

#[cfg(test)]
mod tests;

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use socket2::SockRef;

/// How often a thread looks whether the network's state has changed.
const LOOK: Duration = Duration::from_millis(5);
/// Bytes passed on at a time.
const CHUNK: usize = 16 * 1024;

/// What the network does with bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// It passes them on.
    Open,
    /// It passes nothing, and says nothing: what was sent arrives after the healing.
    Cut,
    /// It passes them on so much later.
    Delay(Duration),
    /// The server has seen the end of each connection, the worker has not: what it sends is
    /// lost, and nobody answers.
    HalfOpen,
}

/// A running proxy. Its threads end after it is dropped.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    network: Arc<Network>,
}

#[derive(Debug)]
struct Network {
    state: Mutex<State>,
    connections: AtomicUsize,
    closing: AtomicBool,
}

#[derive(Debug, Clone, Copy)]
struct State {
    mode: Mode,
    /// Connections of an earlier generation are reset.
    generation: u64,
}

impl Proxy {
    /// Starts a proxy on a free port of the loopback interface.
    ///
    /// # Errors
    /// When no port can be had.
    pub fn start(upstream: &str) -> std::io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let network = Arc::new(Network {
            state: Mutex::new(State {
                mode: Mode::Open,
                generation: 0,
            }),
            connections: AtomicUsize::new(0),
            closing: AtomicBool::new(false),
        });
        let (shared, upstream) = (Arc::clone(&network), upstream.to_owned());
        std::thread::Builder::new()
            .name("proxy".into())
            .spawn(move || accept(&listener, &upstream, &shared))?;
        Ok(Self { address, network })
    }

    /// Where workers connect.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Connections that are open now.
    pub fn connections(&self) -> usize {
        self.network.connections.load(Ordering::Relaxed)
    }

    /// Changes what happens to bytes from now on.
    pub fn set(&self, mode: Mode) {
        self.network.lock().mode = mode;
    }

    /// Resets every connection; new ones are as the mode says.
    pub fn reset(&self) {
        self.network.lock().generation += 1;
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.network.closing.store(true, Ordering::Relaxed);
    }
}

impl Network {
    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The mode, `None` when connections of this generation are to end.
    fn mode(&self, generation: u64) -> Option<Mode> {
        let state = *self.lock();
        let alive = state.generation == generation && !self.closing.load(Ordering::Relaxed);
        alive.then_some(state.mode)
    }
}

fn accept(listener: &TcpListener, upstream: &str, network: &Arc<Network>) {
    while !network.closing.load(Ordering::Relaxed) {
        let state = *network.lock();
        // While nothing passes, nobody is let in: the kernel keeps them waiting.
        let passes = matches!(state.mode, Mode::Open | Mode::Delay(_));
        match listener.accept() {
            Ok((client, _)) if passes => connect(client, upstream, network, state.generation),
            Ok((client, _)) => hold(client, network, state.generation),
            Err(_) => std::thread::sleep(LOOK),
        }
    }
}

/// Pairs a client with a connection of its own to the server; without one it is hung up.
fn connect(client: TcpStream, upstream: &str, network: &Arc<Network>, generation: u64) {
    let Ok(server) = TcpStream::connect(upstream) else {
        return;
    };
    let ready = [&client, &server].iter().all(|stream| {
        stream.set_nonblocking(false).is_ok()
            && stream.set_nodelay(true).is_ok()
            && stream.set_read_timeout(Some(LOOK)).is_ok()
    });
    if !ready {
        return;
    }
    let (client, server) = (Arc::new(client), Arc::new(server));
    network.connections.fetch_add(1, Ordering::Relaxed);
    let up = Pump {
        from: Arc::clone(&client),
        to: Arc::clone(&server),
        upwards: true,
        network: Arc::clone(network),
        generation,
    };
    let down = Pump {
        from: server,
        to: client,
        upwards: false,
        network: Arc::clone(network),
        generation,
    };
    std::thread::spawn(move || up.run());
    std::thread::spawn(move || down.run());
}

/// A client that came while nothing passes: it is connected and hears nothing, until a reset.
fn hold(client: TcpStream, network: &Arc<Network>, generation: u64) {
    let network = Arc::clone(network);
    std::thread::spawn(move || {
        while network
            .mode(generation)
            .is_some_and(|mode| matches!(mode, Mode::Cut | Mode::HalfOpen))
        {
            std::thread::sleep(LOOK);
        }
        drop(client);
    });
}

/// One direction of a connection.
struct Pump {
    from: Arc<TcpStream>,
    to: Arc<TcpStream>,
    upwards: bool,
    network: Arc<Network>,
    generation: u64,
}

impl Pump {
    fn run(self) {
        let mut chunk = [0; CHUNK];
        loop {
            let Some(mode) = self.network.mode(self.generation) else {
                // Closed with bytes to linger for no time, the peer gets RST instead of FIN.
                let _ = SockRef::from(&*self.from).set_linger(Some(Duration::ZERO));
                break;
            };
            match mode {
                Mode::Cut => {
                    std::thread::sleep(LOOK);
                    continue;
                }
                Mode::HalfOpen => {
                    self.lose(&mut chunk);
                    continue;
                }
                Mode::Open | Mode::Delay(_) => {}
            }
            match (&*self.from).read(&mut chunk) {
                Ok(0) => {
                    let _ = self.to.shutdown(Shutdown::Write);
                    break;
                }
                Ok(read) => {
                    if let Mode::Delay(delay) = mode {
                        // The network's own delay: no state is waited for.
                        std::thread::sleep(delay);
                    }
                    if (&*self.to).write_all(&chunk[..read]).is_err() {
                        break;
                    }
                }
                Err(error) if timed_out(&error) => {}
                Err(_) => break,
            }
        }
        if self.upwards {
            self.network.connections.fetch_sub(1, Ordering::Relaxed);
        }
    }

    /// The server's side is closed, the worker's bytes are read and lost.
    fn lose(&self, chunk: &mut [u8]) {
        if !self.upwards {
            let _ = self.from.shutdown(Shutdown::Both);
            std::thread::sleep(LOOK);
            return;
        }
        if !matches!((&*self.from).read(chunk), Ok(read) if read > 0) {
            std::thread::sleep(LOOK);
        }
    }
}

fn timed_out(error: &std::io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut)
}
