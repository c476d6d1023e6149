use abide_base::scope::ScopeSet;
use http::{HeaderMap, HeaderValue, StatusCode, header::AUTHORIZATION};
use url::Url;

use super::{Claims, Error, Verifier};

/// A server that takes bearer tokens (RFC 6750), and publishes where they are issued (RFC 9728): which requests it admits, and what it
/// answers to all others.
#[derive(Debug)]
pub struct ResourceServer {
    verifier: Verifier,
    metadata: Url,
}

/// Why a request may not pass.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// It carries no bearer token.
    #[error("there is no bearer token")]
    NoToken,
    /// What it carries cannot be a bearer token, or there are several.
    #[error("the request must have one header `Authorization: Bearer TOKEN`")]
    Malformed,
    /// Its token is not valid.
    #[error("the token is not valid: {0}")]
    Invalid(Error),
    /// Its token has the claim `cnf` (RFC 7800): it is bound to a key or a certificate, and such tokens are not taken here.
    #[error("the token is bound to a key (claim `cnf`), and not a bearer token")]
    Bound,
    /// Its token does not grant enough.
    #[error("the token does not grant all of `{0}`")]
    Scope(ScopeSet),
    /// The issuer's keys cannot be had, so nothing can be said of its token.
    #[error("tokens cannot be checked now: {0}")]
    Unavailable(Error),
}

impl ResourceServer {
    /// `verifier` checks its tokens; `metadata` is the address of its protected-resource metadata (RFC 9728).
    pub fn new(verifier: Verifier, metadata: Url) -> Self {
        Self { verifier, metadata }
    }

    /// The claims of the one bearer token in a request's headers. A token in its address or body is not looked at.
    ///
    /// # Errors
    ///
    /// There is no such token, or it is not valid.
    pub async fn admit(&self, headers: &HeaderMap) -> Result<Claims, Refusal> {
        let claims = self.verifier.verify(bearer(headers)?).await.map_err(|error| {
            if error.is_key_set_unusable() { Refusal::Unavailable(error) } else { Refusal::Invalid(error) }
        })?;
        if claims.confirmation.is_some() { Err(Refusal::Bound) } else { Ok(claims) }
    }

    /// Admits a token that grants all of `needed`.
    ///
    /// # Errors
    ///
    /// It does not, or does not say what it grants.
    pub fn require(claims: &Claims, needed: &ScopeSet) -> Result<(), Refusal> {
        let granted = claims.scopes.as_ref().is_some_and(|granted| granted.covers(needed));
        if granted || needed.is_empty() { Ok(()) } else { Err(Refusal::Scope(needed.clone())) }
    }

    /// What to answer in `WWW-Authenticate` (RFC 6750, section 3); `None` where the issuer's keys cannot be had, so that another token
    /// would not help.
    pub fn challenge(&self, refusal: &Refusal) -> Option<HeaderValue> {
        let error = match refusal {
            Refusal::NoToken => String::new(),
            Refusal::Malformed => ", error=\"invalid_request\"".to_owned(),
            Refusal::Invalid(_) | Refusal::Bound => ", error=\"invalid_token\"".to_owned(),
            Refusal::Scope(needed) => format!(", error=\"insufficient_scope\", scope=\"{needed}\""),
            Refusal::Unavailable(_) => return None,
        };
        // neither an address nor a scope can hold a quote
        HeaderValue::from_str(&format!("Bearer resource_metadata=\"{}\"{error}", self.metadata)).ok()
    }
}

impl Refusal {
    /// The status to answer with.
    pub fn status(&self) -> StatusCode {
        match self {
            Self::NoToken | Self::Invalid(_) | Self::Bound => StatusCode::UNAUTHORIZED,
            Self::Malformed => StatusCode::BAD_REQUEST,
            Self::Scope(_) => StatusCode::FORBIDDEN,
            Self::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
        }
    }
}

fn bearer(headers: &HeaderMap) -> Result<&str, Refusal> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let value = match (values.next(), values.next()) {
        (None, _) => return Err(Refusal::NoToken),
        (Some(value), None) => value.to_str().map_err(|_| Refusal::Malformed)?,
        (Some(_), Some(_)) => return Err(Refusal::Malformed),
    };
    let (scheme, token) = value.split_once(' ').unwrap_or((value, ""));
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(Refusal::NoToken);
    }
    let token = token.trim_matches(' ');
    let unpadded = token.trim_end_matches('=');
    let symbol = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~+/".contains(&byte);
    if unpadded.is_empty() || !unpadded.bytes().all(symbol) { Err(Refusal::Malformed) } else { Ok(token) }
}

#[cfg(test)]
mod tests;
