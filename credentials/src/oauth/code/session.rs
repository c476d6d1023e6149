use abide_base::scope::ScopeSet;

use super::super::store::{Consent, Registered};

/// What consents left behind in memory. The caller who asks holds it, so that no refresh token is used twice.
#[derive(Debug, Default)]
pub(in crate::oauth) struct Session(pub(super) tokio::sync::Mutex<Memory>);

#[derive(Debug, Default)]
pub(super) struct Memory {
    /// Who we are where we registered ourselves.
    pub(super) registered: Option<Registered>,
    /// What no file keeps, or not yet.
    pub(super) consent: Option<Consent>,
    /// What a person was asked for before.
    pub(super) asked: ScopeSet,
}
