//! What lies in a write-ahead log beyond what SQLite reads of it.
//!
//! SQLite takes the frames of a log up to the last commit before the first one whose checksum does
//! not fit, and says nothing of the rest: after a crash that is a commit that was never
//! acknowledged. But a byte that changed on the disk hides in the same way everything that was
//! committed behind it, and the next checkpoint throws that away. The format is that of
//! <https://www.sqlite.org/fileformat2.html#walformat>.

use std::fmt;
use std::fs::File;
use std::io::{ErrorKind, Read as _};
use std::path::Path;

use super::open::wal_beside;

/// Bytes before the first frame, and before the page of a frame.
const HEADER: usize = 32;
const FRAME_HEADER: usize = 24;

/// The log's first word; its lowest bit says that the words of checksums are big-endian.
const MAGIC: u32 = 0x377f_0682;

/// Commits that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Beyond {
    /// The first frame that does not fit, from 1; 0 = the header.
    frame: usize,
    /// Frames from there on that were written since the log was last begun.
    frames: usize,
    /// How many of them end a commit; at least 1.
    commits: usize,
}

impl fmt::Display for Beyond {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            frame,
            frames,
            commits,
        } = self;
        match frame {
            0 => f.write_str("write-ahead log: the header does not match its checksum")?,
            _ => write!(
                f,
                "write-ahead log: frame {frame} does not match its checksum"
            )?,
        }
        write!(
            f,
            "; {commits} commits in {frames} frames lie beyond what can be read (damaged, or torn \
             by a power cut before they were acknowledged)"
        )
    }
}

/// What lies beyond in the log of a database; `None` when everything in it counts, or was never
/// committed.
///
/// # Errors
/// The log, or the database, cannot be read.
pub(super) fn beyond(database: &Path) -> std::io::Result<Option<Beyond>> {
    let read = || match std::fs::read(wal_beside(database)) {
        Ok(log) => Ok(look(&log, page_bytes(database)?)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    };
    let mut found = read()?;
    // A frame that is being written just now does not fit yet; damage stays as it is.
    while found.is_some() {
        let again = read()?;
        if again == found {
            break;
        }
        found = again;
    }
    Ok(found)
}

/// The size of a page, as the database's own header has it.
fn page_bytes(database: &Path) -> std::io::Result<Option<usize>> {
    let mut header = [0; 18];
    let read = File::open(database).and_then(|mut file| file.read_exact(&mut header));
    match read {
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::UnexpectedEof) => {
            return Ok(None);
        }
        read => read?,
    }
    Ok(match u16::from_be_bytes([header[16], header[17]]) {
        1 => Some(65_536),
        bytes => Some(usize::from(bytes)).filter(|bytes| bytes.is_power_of_two() && *bytes >= 512),
    })
}

fn look(log: &[u8], page_bytes: Option<usize>) -> Option<Beyond> {
    let header = log.get(..HEADER)?;
    let mut sum = Checksum::new(word(header, 0) & 1 == 1);
    sum.add(&header[..24]);
    let whole = word(header, 0) & !1 == MAGIC && sum.is(header, 24);
    let frames: Vec<&[u8]> = log[HEADER..]
        .chunks_exact(FRAME_HEADER + page_bytes?)
        .collect();
    // The salts in a header that does not fit may be wrong; the first frame was written with them.
    let salts = salts(if whole {
        &header[8..]
    } else {
        frames.first()? as &[u8]
    });
    let mut good = 0;
    while whole
        && frames
            .get(good)
            .is_some_and(|frame| sum.takes(frame, salts))
    {
        good += 1;
    }
    // A log is begun anew over the old one with other salts; one of the two that is the same is one
    // of which the other was changed.
    let own = |frame: &&&[u8]| {
        let (first, second) = self::salts(frame);
        first == salts.0 || second == salts.1
    };
    let rest = frames[good..].iter().filter(own);
    let (frames, commits) = rest.fold((0, 0), |(frames, commits), frame| {
        (frames + 1, commits + usize::from(word(frame, 4) > 0))
    });
    (commits > 0).then_some(Beyond {
        frame: if whole { good + 1 } else { 0 },
        frames,
        commits,
    })
}

/// The salts in the header of a frame; those of a log lie 8 bytes further.
fn salts(header: &[u8]) -> (u32, u32) {
    (word(header, 8), word(header, 12))
}

/// The big-endian word at a place.
fn word(bytes: &[u8], at: usize) -> u32 {
    let word = bytes.get(at..at + 4).and_then(|word| word.try_into().ok());
    word.map_or(0, u32::from_be_bytes)
}

/// The running checksum of a log.
struct Checksum {
    big_endian: bool,
    sums: (u32, u32),
}

impl Checksum {
    fn new(big_endian: bool) -> Self {
        Self {
            big_endian,
            sums: (0, 0),
        }
    }

    fn add(&mut self, bytes: &[u8]) {
        let read = |at| {
            let word = word(bytes, at);
            if self.big_endian {
                word
            } else {
                word.swap_bytes()
            }
        };
        let (mut a, mut b) = self.sums;
        for at in (0..bytes.len()).step_by(8) {
            a = a.wrapping_add(read(at)).wrapping_add(b);
            b = b.wrapping_add(read(at + 4)).wrapping_add(a);
        }
        self.sums = (a, b);
    }

    /// Whether it stands at a place.
    fn is(&self, bytes: &[u8], at: usize) -> bool {
        self.sums == (word(bytes, at), word(bytes, at + 4))
    }

    /// Goes on over a frame, when it is the next one.
    fn takes(&mut self, frame: &[u8], of: (u32, u32)) -> bool {
        let before = self.sums;
        self.add(&frame[..8]);
        self.add(&frame[FRAME_HEADER..]);
        let fits = salts(frame) == of && self.is(frame, 16);
        if !fits {
            self.sums = before;
        }
        fits
    }
}
