use std::time::Duration;

use abide_base::{scope::ScopeSet, secret::Secret, token_shape::is_jwt};
use abide_net::Backoff;

use super::{
    AccessToken, AuthError,
    answer::Grant,
    code,
    discovery::discover,
    endpoint::Endpoint,
    expiry::remaining,
    grant::{self, Target},
    introspection::{Expected, Expired, introspect},
    issuing::{Issuer, Issuing},
};
use crate::{
    jwt::{Confirmation, Verifier},
    oauth::config::{self, Enterprise},
};

impl Issuing {
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
        // a token that cannot be verified here is opaque, whatever it looks like: nothing is taken from it
        let looked = match &issuer.verifier {
            Some(verifier) if is_jwt(grant.token.expose()) => self.verified(&grant, verifier).await?,
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
}

pub(super) const RETRIES: u32 = 3;

pub(super) const MAX_WAIT: Duration = Duration::from_secs(30);

/// For tokens that do not say how long they live.
pub(super) const DEFAULT_LIFE: Duration = Duration::from_secs(300);

pub(super) const MAX_LIFE: Duration = Duration::from_secs(24 * 3_600);

/// What a token turned out to grant, for how long, and its own name.
#[derive(Default)]
pub(super) struct Looked {
    scopes: Option<ScopeSet>,
    left: Option<Duration>,
    id: Option<String>,
}
