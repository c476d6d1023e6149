use std::{error::Error, fmt, sync::Arc};

use abide_base::event::EventKind;

use crate::audit::OutcomeStatus;

/// Why a permitted call has no reply that may be shown. Its source says what went wrong; [`CallFailure::told`] is for the model.
#[derive(Clone, Debug)]
pub struct CallFailure {
    pub(super) kind: FailureKind,
    code: EventKind,
    told: String,
    recorded: Recorded,
    source: Option<Arc<dyn Error + Send + Sync>>,
}

/// Who records the event of a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Recorded {
    ByTransport,
    ByGuard,
}

/// Whether the tool did what was wanted, as far as that is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailureKind {
    /// It did not: the call was refused before it was carried out. To make it again is no repetition.
    Refused,
    /// It says that it did not, after it had looked at the call.
    Rejected,
    /// It may have done it: what it replied cannot be used.
    Unconfirmed,
    /// It could not be reached. Says nothing about the program.
    Unreachable,
    /// It may have done it: its reply did not come. Says nothing about the program.
    Lost,
    /// It did, and a rule of the boundary keeps the reply from the program. Only the guard says this; from a transport it counts as
    /// [`FailureKind::Unconfirmed`].
    Withheld,
}

impl CallFailure {
    /// A failure. `code` is what is recorded, and `told` is what the model is told of it: no address, no words of the server.
    pub fn new(kind: FailureKind, code: EventKind, told: impl Into<String>) -> Self {
        Self { kind, code, told: told.into(), recorded: Recorded::ByGuard, source: None }
    }

    /// Because of this error.
    #[must_use]
    pub fn because(self, source: impl Error + Send + Sync + 'static) -> Self {
        Self { source: Some(Arc::new(source)), ..self }
    }

    /// Of a transport that has recorded the event itself: the guard records none.
    #[must_use]
    pub fn recorded(self) -> Self {
        Self { recorded: Recorded::ByTransport, ..self }
    }

    pub(super) fn is_to_record(&self) -> bool {
        self.recorded == Recorded::ByGuard
    }

    pub(super) fn withheld() -> Self {
        let told = "the reply broke a rule of the boundary, and is not shown";
        Self::new(FailureKind::Withheld, EventKind::ReplyDenied, told)
    }

    /// Whether the tool did what was wanted.
    pub fn kind(&self) -> FailureKind {
        self.kind
    }

    /// What is recorded.
    pub fn code(&self) -> EventKind {
        self.code
    }

    /// What the model is told.
    pub fn told(&self) -> &str {
        &self.told
    }

    /// The error that it comes from, where that is one of this type: `ToolError` where the tool is one of an MCP server.
    pub fn downcast_ref<E: Error + 'static>(&self) -> Option<&E> {
        self.source().and_then(|source| source.downcast_ref())
    }

    /// What went wrong: its source in words, or what it is itself where it has none.
    pub fn reason(&self) -> String {
        self.source().map_or_else(|| self.to_string(), ToString::to_string)
    }

    /// Whether the infrastructure failed, which says nothing about the program.
    pub fn is_infrastructure(&self) -> bool {
        matches!(self.kind, FailureKind::Unreachable | FailureKind::Lost)
    }

    pub(super) fn status(&self) -> OutcomeStatus {
        match self.kind {
            FailureKind::Refused | FailureKind::Rejected => OutcomeStatus::Refused,
            FailureKind::Unconfirmed | FailureKind::Lost => OutcomeStatus::Unconfirmed,
            FailureKind::Unreachable => OutcomeStatus::Unreachable,
            FailureKind::Withheld => OutcomeStatus::Withheld,
        }
    }
}

/// Alike in kind and in words.
impl PartialEq for CallFailure {
    fn eq(&self, other: &Self) -> bool {
        (self.kind, self.code, &self.told, self.reason()) == (other.kind, other.code, &other.told, other.reason())
    }
}

impl fmt::Display for CallFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.kind {
            FailureKind::Refused => "the call was refused",
            FailureKind::Rejected => "the tool does not take the call",
            FailureKind::Unconfirmed => "the tool may have done it, and its reply cannot be used",
            FailureKind::Unreachable => "the tool could not be reached",
            FailureKind::Lost => "the tool may have done it, and its reply did not come",
            FailureKind::Withheld => "the reply breaks a rule of the boundary, and is not shown",
        })
    }
}

impl Error for CallFailure {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}
