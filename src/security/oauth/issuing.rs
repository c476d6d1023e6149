//! From what we have to show to an access token that was looked at.

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, SystemTime},
};

use url::Url;

use super::{
    AccessToken, AuthError, code,
    discovery::{self, Metadata, discover},
    dpop::Prover,
    endpoint::{Endpoint, Grant},
    grant::{self, Target},
    introspection::{Expected, Expired, introspect},
};
use crate::{
    clock::Clock,
    net::{Backoff, Client},
    secret::{Redactor, Secret},
    security::{
        ScopeSet,
        jwt::{self, Confirmation, LEEWAY, Verifier},
        oauth::config::{self, ClientAuth, Code, Endpoints, Enterprise, MissingAudience, OAuth},
    },
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
struct Known {
    /// None when it is to be asked again.
    issuer: Option<Arc<Issuer>>,
    /// With the keys that it has, which outlive an outage of the issuer.
    verifier: Option<(Url, Arc<Verifier>)>,
}

/// The issuer, once it is known.
pub(super) struct Issuer {
    pub(super) metadata: Metadata,
    verifier: Option<Arc<Verifier>>,
}

const RETRIES: u32 = 3;
const MAX_WAIT: Duration = Duration::from_secs(30);
/// For tokens that do not say how long they live.
const DEFAULT_LIFE: Duration = Duration::from_secs(300);
const MAX_LIFE: Duration = Duration::from_secs(24 * 3_600);

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

    pub(super) async fn obtain(&self, scopes: &ScopeSet, generation: u64) -> Result<AccessToken, AuthError> {
        let backoff = Backoff::default();
        let mut attempt = 0;
        loop {
            match self.attempt(scopes, generation).await {
                Err(error) if error.is_infrastructure() && attempt < RETRIES => {
                    let wait = error.retry_after().unwrap_or_else(|| backoff.delay(attempt)).min(MAX_WAIT);
                    tracing::warn!(?wait, "{error}");
                    self.clock.sleep(wait).await;
                    attempt += 1;
                }
                result => return result,
            }
        }
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

    async fn attempt(&self, scopes: &ScopeSet, generation: u64) -> Result<AccessToken, AuthError> {
        let issuer = self.issuer().await?;
        let asked = self.clock.elapsed();
        let target = Target { resource: &self.resource, scopes, request: &self.oauth.request };
        let granted = self.ask(&issuer, target).await.map_err(|error| self.explain(error, target));
        if matches!(&granted, Err(AuthError::Refused { .. } | AuthError::Network { .. })) {
            // the endpoint may have moved
            self.lock().issuer = None;
        }
        let grant = granted?;
        self.redactor.learn(&grant.token);
        let underway = self.clock.elapsed().saturating_sub(asked);
        self.accept(grant, &issuer, target, underway, generation).await
    }

    async fn ask(&self, issuer: &Issuer, target: Target<'_>) -> Result<Grant, AuthError> {
        let endpoint = self.endpoint(issuer);
        match &self.oauth.grant {
            config::Grant::ClientCredentials => grant::client_credentials(&endpoint, target).await,
            config::Grant::Workload { assertion } => {
                let assertion = self.read(assertion).await?;
                grant::jwt_bearer(&endpoint, target, &assertion).await
            }
            config::Grant::Enterprise(enterprise) => {
                let assertion = self.identity_assertion(enterprise, target).await?;
                grant::jwt_bearer(&endpoint, target, &assertion).await
            }
            config::Grant::Code(code) => code::obtain(self, issuer, code, target).await,
        }
    }

    /// A statement of the identity provider to the issuer about who we are.
    async fn identity_assertion(
        &self,
        enterprise: &Enterprise,
        target: Target<'_>,
    ) -> Result<Secret<String>, AuthError> {
        let url = match &enterprise.token_endpoint {
            Some(url) => url.clone(),
            None => discover(&self.client, &enterprise.provider, self.clock.now()).await?.token_endpoint,
        };
        let provider = Endpoint {
            client: &self.client,
            url: &url,
            issuer: &enterprise.provider,
            client_id: &enterprise.client_id,
            auth: &enterprise.client,
            prover: None,
            now: self.clock.now(),
        };
        let id_token = self.read(&enterprise.id_token).await?;
        let assertion = grant::identity_assertion(&provider, &self.oauth.issuer, target, &id_token).await?;
        self.redactor.learn(&assertion);
        Ok(assertion)
    }

    async fn read(&self, source: &config::TokenSource) -> Result<Secret<String>, AuthError> {
        let token = grant::read(source).await?;
        self.redactor.learn(&token);
        Ok(token)
    }

    fn explain(&self, error: AuthError, target: Target<'_>) -> AuthError {
        match error {
            AuthError::Refused { issuer, code } if issuer == self.oauth.issuer => match code.as_str() {
                "invalid_target" => AuthError::InvalidTarget { issuer, resource: target.resource.to_owned() },
                "invalid_scope" => AuthError::InvalidScope {
                    issuer,
                    client_id: self.oauth.client_id.clone(),
                    scopes: target.scopes.clone(),
                },
                _ => AuthError::Refused { issuer, code },
            },
            other => other,
        }
    }

    async fn accept(
        &self,
        grant: Grant,
        issuer: &Issuer,
        target: Target<'_>,
        underway: Duration,
        generation: u64,
    ) -> Result<AccessToken, AuthError> {
        let told = grant.life.map(|life| life.saturating_sub(underway));
        // a token that nobody can verify here is opaque, whatever it looks like: nothing is taken from it
        let looked = match &issuer.verifier {
            Some(verifier) if jwt::is_jwt(grant.token.expose()) => self.verified(&grant, verifier).await?,
            _ => self.introspected(&grant, issuer, target.scopes).await?,
        };
        let life = match (told, looked.left) {
            (Some(told), Some(left)) => told.min(left),
            (one, other) => one.or(other).unwrap_or(DEFAULT_LIFE),
        };
        let scopes = looked.scopes.or(grant.scopes).unwrap_or_else(|| target.scopes.clone());
        let token = AccessToken::new(grant.token, grant.proof, scopes, life.min(MAX_LIFE), &*self.clock, generation);
        Ok(token.named(looked.id.as_deref()))
    }

    async fn verified(&self, grant: &Grant, verifier: &Verifier) -> Result<Looked, AuthError> {
        let rejected = |reason| AuthError::TokenRejected { issuer: self.oauth.issuer.clone(), reason };
        let claims = verifier.verify(grant.token.expose()).await.map_err(rejected)?;
        self.check_binding(claims.confirmation.as_ref())?;
        let left = remaining(claims.expires, self.clock.now());
        Ok(Looked { scopes: claims.scopes, left: Some(left), id: claims.id })
    }

    /// A token must be bound to what we can prove, and to nothing else (RFC 7800).
    fn check_binding(&self, confirmation: Option<&Confirmation>) -> Result<(), AuthError> {
        let unusable = |reason| Err(AuthError::Answer { issuer: self.oauth.issuer.clone(), reason });
        match (confirmation, &self.prover) {
            (Some(Confirmation::Key(print)), Some(prover)) if *print == prover.thumbprint() => Ok(()),
            (Some(Confirmation::Key(_)), _) => unusable("its token is bound to a key that is not ours"),
            (_, Some(_)) => unusable("its token is of type `DPoP`, but bound to no key"),
            (Some(Confirmation::Other), None) => unusable("its token is bound to something that we cannot prove"),
            (Some(Confirmation::Certificate(_)) | None, None) => Ok(()),
        }
    }

    /// Who signed tokens say that they are from.
    fn token_issuer(&self) -> &str {
        self.oauth.tokens.issuer.as_deref().unwrap_or(&self.oauth.issuer)
    }

    /// Who tokens may be for.
    fn audiences(&self) -> impl Iterator<Item = &str> {
        let named = &self.oauth.tokens.audiences;
        let resource = named.is_empty().then_some(self.resource.as_str());
        named.iter().map(String::as_str).chain(resource)
    }

    async fn introspected(&self, grant: &Grant, issuer: &Issuer, asked: &ScopeSet) -> Result<Looked, AuthError> {
        let Some(url) = &issuer.metadata.introspection else {
            return Ok(Looked::default());
        };
        let endpoint = Endpoint { url, ..self.endpoint(issuer) };
        let audiences: Vec<&str> = self.audiences().collect();
        let expected = Expected { issuer: self.token_issuer(), audiences: &audiences, asked };
        let Some(found) = introspect(&endpoint, &grant.token, expected).await? else {
            return Ok(Looked::default());
        };
        let left = found.remaining(self.clock.now()).map_err(|Expired| {
            endpoint.unusable(
                "it says that the token it just issued has expired: compare the clock of this machine with the issuer's",
            )
        })?;
        Ok(Looked { scopes: found.scopes, left, id: None })
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

    /// Endpoints that nobody published may belong to anybody, so nothing that was secret before goes there.
    fn may_guess(&self) -> bool {
        let legacy = matches!(&self.oauth.grant, config::Grant::Code(Code { endpoints: Endpoints::OrLegacy, .. }));
        legacy && self.oauth.secrets().next().is_none() && !matches!(self.oauth.client, ClientAuth::PrivateKey(_))
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How long a token is used. One that looks expired, and may be good for a server whose clock differs, is used to the end of the leeway.
pub(super) fn remaining(expires: SystemTime, now: SystemTime) -> Duration {
    let end = if expires > now { expires } else { expires + LEEWAY };
    end.duration_since(now).unwrap_or_default()
}

/// What a token turned out to grant, for how long, and its own name.
#[derive(Default)]
struct Looked {
    scopes: Option<ScopeSet>,
    left: Option<Duration>,
    id: Option<String>,
}

impl fmt::Debug for Issuing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Issuing({})", self.oauth.issuer)
    }
}
