//! The proxy between real sockets.

use super::*;

/// A server that sends back what it gets, and a proxy before it.
fn echo() -> anyhow::Result<Proxy> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let proxy = Proxy::start(&listener.local_addr()?.to_string())?;
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            std::thread::spawn(move || {
                let mut chunk = [0; 64];
                while let Ok(read @ 1..) = (&stream).read(&mut chunk) {
                    if (&stream).write_all(&chunk[..read]).is_err() {
                        return;
                    }
                }
            });
        }
    });
    Ok(proxy)
}

fn connect(proxy: &Proxy) -> anyhow::Result<TcpStream> {
    let stream = TcpStream::connect(proxy.address())?;
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    say(&stream, b"a")?;
    Ok(stream)
}

fn say(mut stream: &TcpStream, bytes: &[u8]) -> anyhow::Result<()> {
    stream.write_all(bytes)?;
    let mut back = vec![0; bytes.len()];
    stream.read_exact(&mut back)?;
    anyhow::ensure!(back == bytes, "expected {bytes:?}, found {back:?}");
    Ok(())
}

#[test]
fn what_a_cut_holds_back_arrives_after_it() -> anyhow::Result<()> {
    let proxy = echo()?;
    let mut stream = connect(&proxy)?;
    proxy.set(Mode::Cut);
    stream.set_read_timeout(Some(Duration::from_millis(200)))?;
    // A pump that was already reading may still pass one chunk on; the second is held.
    stream.write_all(b"b")?;
    let mut back = [0; 1];
    let first = stream.read(&mut back);
    stream.write_all(b"c")?;
    let held = stream.read(&mut back);
    anyhow::ensure!(held.is_err(), "passed {held:?} after {first:?}");
    proxy.set(Mode::Open);
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    while stream.read(&mut back)? == 1 && back != *b"c" {}
    anyhow::ensure!(back == *b"c", "expected c, found {back:?}");
    Ok(())
}

#[test]
fn a_reset_ends_connections_and_lets_new_ones_through() -> anyhow::Result<()> {
    let proxy = echo()?;
    let mut stream = connect(&proxy)?;
    proxy.reset();
    let error = stream.read(&mut [0; 1]).expect_err("expected a reset");
    anyhow::ensure!(error.kind() == ErrorKind::ConnectionReset, "{error}");
    connect(&proxy).map(drop)
}

#[test]
fn a_half_open_connection_is_silent_until_it_is_reset() -> anyhow::Result<()> {
    let proxy = echo()?;
    let mut stream = connect(&proxy)?;
    proxy.set(Mode::HalfOpen);
    // One chunk may pass before the pumps see the change.
    stream.write_all(b"b")?;
    stream.set_read_timeout(Some(Duration::from_millis(200)))?;
    let _ = stream.read(&mut [0; 1]);
    stream.write_all(b"c")?;
    let silent = stream.read(&mut [0; 1]);
    anyhow::ensure!(silent.is_err(), "expected silence, found {silent:?}");
    proxy.set(Mode::Open);
    proxy.reset();
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    let ended = stream.read(&mut [0; 1]);
    anyhow::ensure!(!matches!(ended, Ok(1)), "expected an end, found {ended:?}");
    connect(&proxy).map(drop)
}
