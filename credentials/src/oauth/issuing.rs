//! From what we have to show to an access token that was looked at.

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use abide_base::{clock::Clock, secret::Redactor};
use abide_net::Client;
use url::Url;

use super::{
    AuthError, code,
    discovery::{self, Metadata, discover},
    dpop::Prover,
    endpoint::Endpoint,
};
use crate::{
    jwt::Verifier,
    oauth::config::{self, ClientAuth, Code, Endpoints, MissingAudience, OAuth},
};

/// All that asking for a token takes.
pub(super) struct Issuing {
    pub(super) oauth: OAuth,
    /// The MCP server, as `resource` (RFC 8707).
    pub(super) resource: String,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) redactor: Redactor,
    pub(super) client: Client,
    pub(super) prover: Option<Prover>,
    pub(super) session: code::Session,
    known: Mutex<Known>,
}

#[derive(Default)]
pub(super) struct Known {
    /// None when it is to be asked again.
    pub(super) issuer: Option<Arc<Issuer>>,
    /// With the keys that it has, which outlive an outage of the issuer.
    verifier: Option<(Url, Arc<Verifier>)>,
}

/// The issuer, once it is known.
pub(super) struct Issuer {
    pub(super) metadata: Metadata,
    pub(super) verifier: Option<Arc<Verifier>>,
}

impl Issuing {
    pub(super) fn new(
        oauth: OAuth,
        resource: String,
        client: Client,
        prover: Option<Prover>,
        clock: Arc<dyn Clock>,
        redactor: Redactor,
    ) -> Self {
        let session = code::Session::default();
        let issuing = Self { oauth, resource, clock, redactor, client, prover, session, known: Mutex::default() };
        issuing.hide();
        issuing
    }

    /// Who we are at the issuer's token endpoint, or at another endpoint of it.
    pub(super) fn endpoint<'a>(&'a self, issuer: &'a Issuer) -> Endpoint<'a> {
        let metadata = &issuer.metadata;
        let alias =
            metadata.mtls_token_endpoint.as_ref().filter(|_| matches!(self.oauth.client, ClientAuth::Certificate));
        Endpoint {
            client: &self.client,
            url: alias.unwrap_or(&metadata.token_endpoint),
            issuer: &self.oauth.issuer,
            client_id: &self.oauth.client_id,
            auth: &self.oauth.client,
            prover: self.prover.as_ref(),
            now: self.clock.now(),
        }
    }

    /// Keeps secrets out of whatever is shown or saved.
    pub(super) fn hide(&self) {
        self.oauth.secrets().for_each(|secret| self.redactor.keep(secret));
    }

    /// Who signed tokens say that they are from.
    pub(super) fn token_issuer(&self) -> &str {
        self.oauth.tokens.issuer.as_deref().unwrap_or(&self.oauth.issuer)
    }

    /// Who tokens may be for.
    pub(super) fn audiences(&self) -> impl Iterator<Item = &str> {
        let named = &self.oauth.tokens.audiences;
        let resource = named.is_empty().then_some(self.resource.as_str());
        named.iter().map(String::as_str).chain(resource)
    }

    /// Only one flight at a time gets here, so nothing is discovered twice.
    pub(super) async fn issuer(&self) -> Result<Arc<Issuer>, AuthError> {
        if let Some(known) = &self.lock().issuer {
            return Ok(known.clone());
        }
        let issuer = &self.oauth.issuer;
        let metadata = match discover(&self.client, issuer, self.clock.now()).await {
            Err(AuthError::NoMetadata { .. }) if self.may_guess() => discovery::legacy(issuer)?,
            found => found?,
        };
        let verifier = metadata.key_set.clone().map(|key_set| self.verifier(key_set));
        let issuer = Arc::new(Issuer { metadata, verifier });
        self.lock().issuer = Some(issuer.clone());
        Ok(issuer)
    }

    /// The same one for the same keys, however often the issuer is asked for its metadata.
    fn verifier(&self, key_set: Url) -> Arc<Verifier> {
        let mut known = self.lock();
        if let Some((_, verifier)) = known.verifier.as_ref().filter(|(url, _)| *url == key_set) {
            return verifier.clone();
        }
        let rules = &self.oauth.tokens;
        let ours = match rules.missing_audience {
            MissingAudience::Refused => None,
            MissingAudience::DangerAccepted => Some(self.oauth.client_id.clone()),
        };
        let (client, issuer, audience) = (self.client.clone(), self.token_issuer().to_owned(), String::new());
        let verifier = Verifier::new(client, key_set.clone(), issuer, audience, self.clock.clone())
            .audiences(self.audiences().map(str::to_owned))
            .algorithms(rules.algorithms.iter().copied())
            .scope_claim(rules.scope_claim.clone())
            .danger_without_audience(ours);
        let verifier = Arc::new(verifier);
        known.verifier = Some((key_set, verifier.clone()));
        verifier
    }

    /// Endpoints that the issuer did not publish may belong to another party, so nothing that was secret before goes there.
    fn may_guess(&self) -> bool {
        let legacy = matches!(&self.oauth.grant, config::Grant::Code(Code { endpoints: Endpoints::OrLegacy, .. }));
        legacy && self.oauth.secrets().next().is_none() && !matches!(self.oauth.client, ClientAuth::PrivateKey(_))
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Issuing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Issuing({})", self.oauth.issuer)
    }
}
