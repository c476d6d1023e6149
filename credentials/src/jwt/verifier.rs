use std::sync::Arc;

use abide_base::clock::Clock;
use abide_net::Client;
use url::Url;

use super::{
    cache::{Cache, Look},
    claims::{Claims, Expected},
    error::Error,
    key::By,
    limit::LEEWAY,
    sign::Algorithm,
    token::Token,
};

/// Verifies the access tokens (RFC 9068) of one issuer for one audience.
#[derive(Debug)]
pub struct Verifier {
    expected: Expected,
    algorithms: Vec<Algorithm>,
    clock: Arc<dyn Clock>,
    pub(super) keys: Arc<Cache>,
}

impl Verifier {
    /// A verifier that takes keys from the issuer's key set (RFC 7517), when it first needs one.
    ///
    /// Keys are read again once an hour while they are used, without a caller waiting for it, and at once for a key that is
    /// not known. Key ids that the issuer does not publish cost the issuer at most ten requests a minute. While the issuer is down,
    /// known keys stay good for a day.
    pub fn new(client: Client, key_set: Url, issuer: String, audience: String, clock: Arc<dyn Clock>) -> Self {
        let keys = Arc::new(Cache::new(client, key_set, clock.clone()));
        let expected = Expected { issuer, audiences: vec![audience], scope_claim: None, danger_without_audience: None };
        Self { expected, algorithms: Algorithm::usual().into(), clock, keys }
    }

    /// Accepts these algorithms, and no others. Without this, [`Algorithm::usual`].
    #[must_use]
    pub fn algorithms(mut self, algorithms: impl IntoIterator<Item = Algorithm>) -> Self {
        self.algorithms = algorithms.into_iter().collect();
        self
    }

    /// Accepts tokens for any of these audiences, instead of the one that the verifier was made with.
    #[must_use]
    pub fn audiences(mut self, audiences: impl IntoIterator<Item = String>) -> Self {
        self.expected.audiences = audiences.into_iter().collect();
        self
    }

    /// Takes the scopes from one claim, such as `roles`, instead of from `scope` or `scp`. A token without it grants nothing.
    #[must_use]
    pub fn scope_claim(mut self, name: Option<String>) -> Self {
        self.expected.scope_claim = name;
        self
    }

    /// Accepts tokens that have no `aud`, if they were issued to this client. Such a token is good for every server of its issuer, so a
    /// server that gets one can use it elsewhere.
    #[must_use]
    pub fn danger_without_audience(mut self, client_id: Option<String>) -> Self {
        self.expected.danger_without_audience = client_id;
        self
    }

    /// The claims of a token, if they count.
    ///
    /// In this order: size, header, no `crit`, `typ` if there is one, algorithm, key by `kid`, algorithm that is allowed for that key,
    /// signature, `iss`, `aud`, `exp`, `nbf` and `iat`, the times with 30 s of leeway. Keys and addresses of keys in the header are
    /// not looked at. Without a `kid`, or with keys that are published without one, the few keys that fit are tried.
    ///
    /// # Errors
    ///
    /// When any of that fails, or no keys can be had.
    pub async fn verify(&self, token: &str) -> Result<Claims, Error> {
        let token = Token::read(token)?;
        let algorithm = token.algorithm();
        if !self.algorithms.contains(&algorithm) {
            return Err(Error::Algorithm(algorithm.to_string()));
        }
        let signed = |found: super::key::Candidates<Arc<super::key::Key>>| {
            token.claims_if_signed_by(found.keys.iter().map(|key| &**key), self.expected.scope_claim.as_deref())
        };
        let found = self.keys.candidates(token.kid(), algorithm, Look::Known).await?;
        let by = found.by;
        let claims = match signed(found) {
            // a key that is not named may have been replaced unnoticed
            Err(Error::Signature) if by == By::Algorithm => {
                match self.keys.candidates(token.kid(), algorithm, Look::Published).await {
                    Ok(found) => signed(found)?,
                    Err(error) if error.is_key_set_unusable() => return Err(error),
                    Err(_) => return Err(Error::Signature),
                }
            }
            claims => claims?,
        };
        super::claims::check(claims, &self.expected, self.clock.now(), LEEWAY)
    }
}
