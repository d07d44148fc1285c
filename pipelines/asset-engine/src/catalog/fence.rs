//! On which terms something is committed: by the newest executor, or beside it by the newest of attempts that may
//! overlap.

use std::path::Path;

use super::CatalogError;

/// One of several attempts at the same thing. What it commits is refused once a later one has committed
/// ([`CatalogError::Overtaken`]), so that a process that was thought dead and wakes up changes nothing. The
/// same attempt again is not refused: the answer to its first commit may have been lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fence<'a> {
    /// What is tried, such as a piece in a run.
    pub what: &'a str,
    /// Which attempt it is; later ones have higher numbers.
    pub attempt: u32,
}

/// On which terms something is committed.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Terms<'a> {
    /// By the executor of an epoch, if that is the newest.
    Executor(u64),
    /// Beside the executor, if there is one, in its epoch; for an attempt, if no later one has committed.
    Beside(Option<&'a Fence<'a>>),
    /// The same for an attempt that begins, if none of its number or a later one has committed.
    Beginning(&'a Fence<'a>),
}

/// The newest attempt at something, and where the catalog stood when that was looked up.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct NewestAttempt {
    /// 0 = none.
    pub attempt: u32,
    pub epoch: u64,
    /// The newest event.
    pub seq: u64,
}

/// Terms that do not hold.
#[derive(Debug)]
pub(crate) enum Refusal {
    Epoch { own: u64, current: u64 },
    Attempt { what: String, own: u32, newest: u32 },
}

/// Why a transaction did not come about; `E` is the database's word.
pub(super) enum Refused<E> {
    Failed(E),
    Planned(CatalogError),
    Terms(Refusal),
}

impl<'a> Terms<'a> {
    /// The epoch of what is committed, where the newest is this one.
    pub fn epoch(self, current: u64) -> Result<u64, Refusal> {
        match self {
            Self::Executor(own) if own != current => Err(Refusal::Epoch { own, current }),
            _ => Ok(current),
        }
    }

    /// The attempt, and the highest number that may have committed before it.
    pub(super) fn fence(self) -> Option<(&'a Fence<'a>, u32)> {
        match self {
            Self::Executor(_) => None,
            Self::Beside(fence) => fence.map(|fence| (fence, fence.attempt)),
            Self::Beginning(fence) => Some((fence, fence.attempt.saturating_sub(1))),
        }
    }
}

impl Fence<'_> {
    /// That another attempt is the newest.
    pub(super) fn overtaken(&self, newest: u32) -> Refusal {
        Refusal::Attempt {
            what: self.what.to_owned(),
            own: self.attempt,
            newest,
        }
    }
}

impl Refusal {
    /// As the error of a catalog.
    pub fn of(self, path: &Path) -> CatalogError {
        let path = path.to_owned();
        match self {
            Self::Epoch { own, current } => CatalogError::Fenced { path, own, current },
            Self::Attempt { what, own, newest } => CatalogError::Overtaken {
                path,
                what,
                own,
                newest,
            },
        }
    }
}

impl<E> From<Refusal> for Refused<E> {
    fn from(refusal: Refusal) -> Self {
        Self::Terms(refusal)
    }
}

impl<E> From<CatalogError> for Refused<E> {
    fn from(error: CatalogError) -> Self {
        Self::Planned(error)
    }
}
