//! The exit codes of `orchbench`, in the one place that documents them.

use asset_engine::CatalogError;
use orchbench_evidence::check::mutation::NothingGood;
use orchbench_evidence::results::{Analysis, Conclusion};
use orchbench_temporal::failure::End;

use crate::output;

/// How the process ends. Where several apply: 1, 3, 5, 4.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Done; undecided claims and expected violations (the naive sink's) included.
    Done = 0,
    /// Something that should not happen, in the harness itself.
    Unexpected = 1,
    /// The command line or a configuration file is wrong.
    Usage = 2,
    /// A correctness invariant is broken.
    Broken = 3,
    /// The checker says unknown, trials that are required are void or missing, or the evidence is not
    /// as it was sealed.
    Inconclusive = 4,
    /// An engine that was asked for could not be reached.
    Unreachable = 5,
    /// A workflow failed: the tool did its part.
    WorkflowFailed = 6,
    /// A workflow was cancelled.
    WorkflowCancelled = 7,
    /// A workflow was terminated.
    WorkflowTerminated = 8,
    /// A workflow timed out.
    WorkflowTimedOut = 9,
    /// Two runs have nothing that can be compared, or not everything where that was asked for.
    NotComparable = 10,
    /// A comparison found what it was told to fail on.
    Regression = 11,
    /// Interrupted by the user.
    Interrupted = 130,
}

impl Exit {
    /// The process exit code.
    pub fn code(self) -> i32 {
        self as i32
    }
}

impl From<Conclusion> for Exit {
    fn from(conclusion: Conclusion) -> Self {
        match conclusion {
            Conclusion::Sound => Self::Done,
            Conclusion::Broken => Self::Broken,
            Conclusion::Unreachable => Self::Unreachable,
            Conclusion::Inconclusive => Self::Inconclusive,
        }
    }
}

impl Exit {
    /// The exit code of what a results folder comes to; what keeps it from 0 is said on stderr.
    pub fn told(analysis: &Analysis) -> Self {
        const SHOWN: usize = 12;
        let mut against = analysis.against();
        for (conclusion, words) in against.by_ref().take(SHOWN) {
            output::note(&format!("{}: {words}", conclusion.as_str()));
        }
        let more = against.count();
        if more > 0 {
            output::note(&format!("and {more} more: see the report"));
        }
        analysis.conclusion().into()
    }

    /// The exit code of an error that ended a command.
    pub fn of(error: &anyhow::Error) -> Self {
        use crate::engine::TrialError;
        use crate::engine::WorkerConfigError;
        use crate::scenario::ConfigError;
        use orchbench_evidence::advice::WorkloadError;
        use orchbench_evidence::record::FolderError;
        for cause in error.chain() {
            if cause.is::<ConfigError>()
                || cause.is::<WorkerConfigError>()
                || cause.is::<UsageError>()
                || cause.is::<NothingGood>()
                || cause.is::<WorkloadError>()
                || cause.is::<orchbench_etl::journal::IdError>()
            {
                return Self::Usage;
            }
            // What a folder holds is the user's to mend; what the system refuses is not.
            if cause
                .downcast_ref::<FolderError>()
                .is_some_and(|error| !matches!(error, FolderError::Io { .. }))
            {
                return Self::Usage;
            }
            if asked_wrongly(cause) {
                return Self::Usage;
            }
            if cause.is::<orchbench_lab::server::Unavailable>() {
                return Self::Unreachable;
            }
            if of_catalog(cause).is_some_and(CatalogError::is_unreachable) {
                return Self::Unreachable;
            }
            if let Some(exit) = of_temporal(cause).or_else(|| of_etl(cause)) {
                return exit;
            }
            match cause.downcast_ref() {
                Some(TrialError::Unreachable { .. }) => return Self::Unreachable,
                Some(TrialError::Interrupted) => return Self::Interrupted,
                _ => {}
            }
        }
        Self::Unexpected
    }
}

/// The exit code of an error of the Temporal client or worker; `None` for other errors.
fn of_temporal(cause: &(dyn std::error::Error + 'static)) -> Option<Exit> {
    use orchbench_temporal::{ClientError, ConnectError, Failure, WorkerError};
    let connect = |error: &ConnectError| {
        if error.is_configuration() {
            Exit::Usage
        } else {
            Exit::Unreachable
        }
    };
    match cause.downcast_ref() {
        Some(ClientError::Connect(error)) => return Some(connect(error)),
        // A name that does not fit: there is none, or there is one already.
        Some(
            ClientError::AlreadyRunning { .. }
            | ClientError::Closed { .. }
            | ClientError::NoNamespace { .. }
            | ClientError::NotFound { .. }
            | ClientError::Refused { .. },
        ) => return Some(Exit::Usage),
        Some(ClientError::Gone { .. } | ClientError::Unanswered { .. }) => {
            return Some(Exit::Unreachable);
        }
        _ => {}
    }
    match cause.downcast_ref() {
        Some(WorkerError::Connect(error)) => return Some(connect(error)),
        Some(WorkerError::Metrics { .. } | WorkerError::NoNamespace { .. }) => {
            return Some(Exit::Usage);
        }
        _ => {}
    }
    if let Some(failure) = cause.downcast_ref::<Failure>() {
        return Some(of_workflow(failure.end()));
    }
    cause.downcast_ref::<ConnectError>().map(connect)
}

fn of_workflow(end: End) -> Exit {
    match end {
        End::Failed => Exit::WorkflowFailed,
        End::Cancelled => Exit::WorkflowCancelled,
        End::Terminated => Exit::WorkflowTerminated,
        End::TimedOut => Exit::WorkflowTimedOut,
    }
}

/// The exit code of an error of the work: what the user's files, flags and names say, and whether the
/// warehouse is there.
fn of_etl(cause: &(dyn std::error::Error + 'static)) -> Option<Exit> {
    use orchbench_etl::{ErrorType, EtlError, SourceError, StepError, WarehouseError};
    let warehouse = |error: &WarehouseError| match error {
        // PostgreSQL answered, and knows no such database, role or password.
        WarehouseError::Postgres { error } if error.as_db_error().is_some() => Exit::Usage,
        WarehouseError::Postgres { .. } => Exit::Unreachable,
        error if error.is_of_the_disk() => Exit::Unexpected,
        _ => Exit::Usage,
    };
    match cause.downcast_ref() {
        Some(EtlError::Warehouse(error)) => return Some(warehouse(error)),
        Some(_) => return Some(Exit::Usage),
        None => {}
    }
    if cause.is::<SourceError>() {
        return Some(Exit::Usage);
    }
    let step: &StepError = cause.downcast_ref()?;
    matches!(
        step.error_type,
        ErrorType::BadInput | ErrorType::Dataset | ErrorType::UnknownSource
    )
    .then_some(Exit::Usage)
}

/// Whether the asset engine refused what it was asked for, rather than failed at it.
fn asked_wrongly(cause: &(dyn std::error::Error + 'static)) -> bool {
    use asset_engine::{EngineError, SelectionError, WhyError};
    use orchbench_assets::AssetsError;
    matches!(
        cause.downcast_ref(),
        Some(
            EngineError::Selection(_)
                | EngineError::RunConflict { .. }
                | EngineError::BackfillConflict { .. }
                | EngineError::UnknownBackfill { .. }
        )
    ) || matches!(
        cause.downcast_ref(),
        Some(WhyError::UnknownAsset(_) | WhyError::Partition { .. })
    ) || matches!(
        cause.downcast_ref(),
        Some(AssetsError::Name { .. } | AssetsError::NothingToApprove { .. })
    ) || cause.is::<SelectionError>()
        || of_catalog(cause).is_some_and(|error| match error {
            CatalogError::FutureVersion { .. } => true,
            error => error.is_refusal(),
        })
}

/// What a catalog says, by itself or through whoever uses it.
fn of_catalog<'a>(cause: &'a (dyn std::error::Error + 'static)) -> Option<&'a CatalogError> {
    use asset_engine::{AutomationError, EngineError, WhyError};
    use orchbench_assets::AssetsError;
    let of_engine = |error: &'a EngineError| match error {
        EngineError::Catalog(error) => Some(&**error),
        _ => None,
    };
    if let Some(AssetsError::Engine(error)) = cause.downcast_ref() {
        return of_engine(error);
    }
    if let Some(AutomationError::Catalog(error)) = cause.downcast_ref() {
        return Some(error);
    }
    if let Some(WhyError::Catalog(error)) = cause.downcast_ref() {
        return Some(error);
    }
    let by_engine = cause.downcast_ref().and_then(of_engine);
    by_engine.or_else(|| cause.downcast_ref())
}

/// The command line's words do not fit together.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct UsageError(pub String);
