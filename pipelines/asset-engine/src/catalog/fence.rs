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

    pub fn fence(self) -> Option<&'a Fence<'a>> {
        match self {
            Self::Executor(_) => None,
            Self::Beside(fence) => fence,
        }
    }
}

impl Fence<'_> {
    /// Whether it may commit, where the newest attempt is this one, itself included.
    pub(super) fn check(&self, newest: u32) -> Result<(), Refusal> {
        if newest > self.attempt {
            return Err(Refusal::Attempt {
                what: self.what.to_owned(),
                own: self.attempt,
                newest,
            });
        }
        Ok(())
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
