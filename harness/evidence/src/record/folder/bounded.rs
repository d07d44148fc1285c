//! Reading no more than a bound: a folder may come from anywhere, and a few kilobytes of gzip, or
//! a file with holes, may unpack to more than the memory there is.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

/// What a file of a results folder may hold, unpacked, in bytes. The largest, the row set of a
/// year of flights, has a tenth of it.
pub(super) const MAX_BYTES: u64 = 512 << 20;

/// Reads on to at most [`MAX_BYTES`]; beyond, it is an error.
pub(super) struct Bounded<R> {
    inner: R,
    left: u64,
}

impl<R> Bounded<R> {
    pub(super) fn new(inner: R) -> Self {
        Self {
            inner,
            left: MAX_BYTES,
        }
    }
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        match self.left.checked_sub(count as u64) {
            Some(left) => self.left = left,
            None => {
                let found = format!("expected at most {MAX_BYTES} bytes, found more");
                return Err(io::Error::new(io::ErrorKind::InvalidData, found));
            }
        }
        Ok(count)
    }
}

/// A whole file.
pub(super) fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    Bounded::new(File::open(path)?).read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests stop at the first surprise")]

    use super::*;

    #[test]
    fn what_is_within_the_bound_is_read_and_no_more() {
        let mut some = Vec::new();
        Bounded::new(&b"abc"[..]).read_to_end(&mut some).unwrap();
        assert_eq!(some, b"abc");
        let refused = io::copy(&mut Bounded::new(io::repeat(0)), &mut io::sink());
        let message = refused.unwrap_err().to_string();
        assert_eq!(message, "expected at most 536870912 bytes, found more");
    }
}
