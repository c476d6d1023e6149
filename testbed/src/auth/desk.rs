use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Mutex,
};

use crate::serve::lock;

/// What the server does otherwise than it should, or than it usually does, when a person is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Quirk {
    /// The answer has another `state`.
    OtherState,
    /// The answer has no `iss`, although the metadata promise it.
    NoIss,
    /// The metadata do not promise `iss`, and the answer has none.
    SilentIss,
    /// The answer has the `iss` of somebody else.
    ForeignIss,
    /// The answer goes to another path.
    OtherPath,
    /// The answer has two codes.
    TwoCodes,
    /// The person says no.
    Denied,
    /// The metadata promise no S256.
    NoS256,
    /// The authorization endpoint is a `javascript:` address.
    Script,
    /// Nobody can register.
    NoRegistration,
    /// Registration puts another redirect address in the place of the one asked for.
    OtherRedirect,
    /// Registered clients get a secret.
    Secrets,
    /// Clients may be named by the address of a document, which is not looked at.
    Documents,
    /// `offline_access` is a scope.
    Offline,
    /// No refresh tokens.
    NoRefresh,
}

/// Consents, and what came of them.
#[derive(Debug, Default)]
pub struct Desk {
    quirks: Mutex<BTreeSet<Quirk>>,
    /// Clients without a secret, and the redirect addresses of all that registered themselves.
    pub(super) registered: Mutex<BTreeMap<String, Vec<String>>>,
    pub(super) codes: Mutex<BTreeMap<String, Code>>,
    pub(super) refresh: Mutex<BTreeMap<String, Refresh>>,
    pub(super) asked: Mutex<Vec<BTreeMap<String, String>>>,
    pub(super) forms: Mutex<Vec<BTreeMap<String, String>>>,
}

#[derive(Clone, Debug)]
pub(super) struct Code {
    pub(super) client: String,
    pub(super) redirect: String,
    pub(super) challenge: String,
    pub(super) consent: Consent,
    pub(super) used: bool,
}

#[derive(Clone, Debug)]
pub(super) struct Refresh {
    pub(super) client: String,
    pub(super) consent: Consent,
    pub(super) used: bool,
}

/// All tokens that came of one consent end together.
#[derive(Clone, Debug)]
pub(super) struct Consent {
    pub(super) id: String,
    pub(super) resource: String,
    pub(super) scope: String,
}

impl Desk {
    /// Makes the server do something otherwise.
    pub fn set(&self, quirk: Quirk) {
        lock(&self.quirks).insert(quirk);
    }

    /// Ends all of that.
    pub fn heal(&self) {
        lock(&self.quirks).clear();
    }

    /// What persons were asked so far: the fields of each request.
    #[must_use]
    pub fn asked(&self) -> Vec<BTreeMap<String, String>> {
        lock(&self.asked).clone()
    }

    /// The fields of every request for tokens by consent, refused ones included.
    #[must_use]
    pub fn forms(&self) -> Vec<BTreeMap<String, String>> {
        lock(&self.forms).clone()
    }

    /// The ids of clients that registered themselves.
    #[must_use]
    pub fn registered(&self) -> Vec<String> {
        lock(&self.registered).keys().cloned().collect()
    }

    /// How many refresh tokens would be taken now.
    #[must_use]
    pub fn live(&self) -> usize {
        lock(&self.refresh).values().filter(|refresh| !refresh.used).count()
    }

    /// Ends every consent.
    pub fn withdraw(&self) {
        lock(&self.refresh).clear();
    }

    pub(super) fn has(&self, quirk: Quirk) -> bool {
        lock(&self.quirks).contains(&quirk)
    }

    pub(super) fn end(&self, consent: &Consent) {
        lock(&self.refresh).retain(|_, refresh| refresh.consent.id != consent.id);
    }
}
