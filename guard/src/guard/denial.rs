use std::fmt;

use abide_base::{event::EventKind, secret::Redactor};

use crate::check::{Denied, token::GrantError};

/// Why a call is not made, or an answer not shown: one refusal at least.
#[derive(Clone, Debug, PartialEq)]
pub struct Denial {
    /// The refusal that explains most. The program goes on with its [`Denied::model_json`] as its observation.
    pub first: Denied,
    /// What else was objected.
    pub others: Vec<Denied>,
}

/// A call was not authorized.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Unauthorized {
    /// The boundary refuses it.
    #[error("{0}")]
    Denied(Denial),
    /// It could not be decided because of the infrastructure. The run says nothing about the program.
    #[error("{0}")]
    Unavailable(GrantError),
}

impl Denial {
    /// Of refusals; `None` if there are none.
    pub(super) fn of(denials: impl IntoIterator<Item = Denied>) -> Option<Self> {
        let mut denials = denials.into_iter();
        Some(Self { first: denials.next()?, others: denials.collect() })
    }

    /// The refusals, the one that explains most first.
    pub fn all(&self) -> impl Iterator<Item = &Denied> {
        std::iter::once(&self.first).chain(&self.others)
    }

    pub(super) fn scrub(&mut self, redactor: &Redactor) {
        for denied in std::iter::once(&mut self.first).chain(&mut self.others) {
            denied.detail = redactor.scrub(&denied.detail).into_owned();
        }
    }
}

impl Unauthorized {
    /// Of refusals that are there: without any, nothing was decided, and nothing may be permitted.
    pub(super) fn of(denials: impl IntoIterator<Item = Denied>) -> Self {
        let none = || Denied::new(EventKind::CheckFailed, "it was refused without a reason").into();
        Self::Denied(Denial::of(denials).unwrap_or_else(none))
    }
}

impl From<Denied> for Unauthorized {
    fn from(denied: Denied) -> Self {
        Self::Denied(denied.into())
    }
}

impl From<Denied> for Denial {
    fn from(first: Denied) -> Self {
        Self { first, others: Vec::new() }
    }
}

impl fmt::Display for Denial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.first.fmt(f)
    }
}

impl std::error::Error for Denial {}
