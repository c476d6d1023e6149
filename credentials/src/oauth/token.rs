use std::time::{Duration, SystemTime};

use abide_base::{Digest, clock::Clock, scope::ScopeSet, secret::Secret};
use http::HeaderValue;
use zeroize::Zeroizing;

use crate::oauth::config::Proof;

/// A token that the pinned issuer issued, verified when it came.
#[derive(Debug)]
#[non_exhaustive]
pub struct AccessToken {
    /// The scopes it grants.
    pub granted: ScopeSet,
    /// When it stops being good.
    pub expires: SystemTime,
    /// The first 16 hex digits of its SHA-256, for audit.
    pub hash: String,
    /// SHA-256 of its own name (`jti`), for audit; `None` if it is opaque or has none.
    pub jti_hash: Option<Digest>,
    secret: Secret<String>,
    authorization: HeaderValue,
    proof: Proof,
    generation: u64,
    renew_at: Duration,
}

/// A token is renewed this long before its end, or after half of its life if that is shorter.
const MARGIN: Duration = Duration::from_secs(60);

impl AccessToken {
    pub(super) fn new(
        secret: Secret<String>,
        proof: Proof,
        granted: ScopeSet,
        life: Duration,
        clock: &dyn Clock,
        generation: u64,
    ) -> Self {
        let digest = Digest::of_bytes(secret.expose().as_bytes());
        let authorization = authorization(&secret, proof);
        Self {
            granted,
            expires: clock.now() + life,
            hash: digest.as_str().chars().skip("sha256:".len()).take(16).collect(),
            jti_hash: None,
            secret,
            authorization,
            proof,
            generation,
            renew_at: clock.elapsed() + life - MARGIN.min(life / 2),
        }
    }

    /// With the name that it gives itself.
    pub(super) fn named(mut self, id: Option<&str>) -> Self {
        self.jti_hash = id.map(|id| Digest::of_bytes(id.as_bytes()));
        self
    }

    /// The token itself, for the one place that sends it.
    pub(crate) fn expose(&self) -> &str {
        self.secret.expose()
    }

    /// What the `Authorization` header says.
    pub(super) fn authorization(&self) -> &HeaderValue {
        &self.authorization
    }

    /// Whether it is bound to a key.
    pub(super) fn proof(&self) -> Proof {
        self.proof
    }

    pub(super) fn generation(&self) -> u64 {
        self.generation
    }

    /// Both clocks count: the steady one stands still while a machine sleeps, the other one may jump.
    pub(super) fn is_fresh(&self, clock: &dyn Clock) -> bool {
        clock.elapsed() < self.renew_at && clock.now() < self.expires
    }
}

fn authorization(secret: &Secret<String>, proof: Proof) -> HeaderValue {
    let scheme = match proof {
        Proof::Bearer => "Bearer",
        Proof::Dpop => "DPoP",
    };
    let text = Zeroizing::new(format!("{scheme} {}", secret.expose()));
    // a token was looked at when it came: it has visible ASCII only
    let mut value = HeaderValue::from_str(&text).unwrap_or_else(|_| HeaderValue::from_static(""));
    value.set_sensitive(true);
    value
}
