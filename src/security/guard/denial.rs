use std::fmt;

use crate::{
    secret::Redactor,
    security::check::{Denied, token::GrantError},
};

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
