use std::{sync::Arc, time::Duration};

use jsonwebtoken::{
    Algorithm, DecodingKey,
    jwk::{AlgorithmParameters, EllipticCurve, Jwk, PublicKeyUse},
};
use serde::Deserialize;
use serde_json::Value;

use super::Error;

/// A public key, and the algorithms it may be used with.
#[derive(Debug)]
pub(super) struct Key {
    kid: String,
    pub(super) algorithms: Vec<Algorithm>,
    pub(super) decoding: DecodingKey,
}

/// The issuer's keys, as last seen.
#[derive(Debug, Default)]
pub(super) struct Keys {
    known: Vec<Arc<Key>>,
    fetched: Option<Duration>,
}

#[derive(Deserialize)]
struct KeySet {
    keys: Vec<Value>,
}

const MAX_KEYS: usize = 64;

impl Keys {
    pub(super) fn find(&self, kid: &str) -> Option<Arc<Key>> {
        self.known.iter().find(|key| key.kid == kid).cloned()
    }

    /// Without any key, there is nothing to spare the issuer from.
    pub(super) fn may_fetch(&self, now: Duration, pause: Duration) -> bool {
        self.is_empty() || self.fetched.is_none_or(|at| now.saturating_sub(at) >= pause)
    }

    pub(super) fn fetching(&mut self, now: Duration) {
        self.fetched = Some(now);
    }

    pub(super) fn replace(&mut self, keys: Vec<Key>) {
        self.known = keys.into_iter().map(Arc::new).collect();
    }

    pub(super) fn is_empty(&self) -> bool {
        self.known.is_empty()
    }
}

/// The usable keys of a set; the others are skipped.
pub(super) fn parse(body: &[u8]) -> Result<Vec<Key>, Error> {
    let set: KeySet = serde_json::from_slice(body).map_err(|_| Error::KeySetMalformed)?;
    Ok(set.keys.into_iter().take(MAX_KEYS).filter_map(|key| usable(&serde_json::from_value(key).ok()?)).collect())
}

fn usable(jwk: &Jwk) -> Option<Key> {
    let for_signatures = matches!(jwk.common.public_key_use, None | Some(PublicKeyUse::Signature));
    let algorithms: Vec<_> = algorithms_of(&jwk.algorithm)
        .iter()
        .copied()
        .filter(|algorithm| {
            jwk.common.key_algorithm.is_none_or(|named| Algorithm::try_from(named).is_ok_and(|n| n == *algorithm))
        })
        .collect();
    if !for_signatures || algorithms.is_empty() {
        return None;
    }
    Some(Key { kid: jwk.common.key_id.clone()?, algorithms, decoding: DecodingKey::from_jwk(jwk).ok()? })
}

/// What a key of this kind may verify, which is all that is allowed: never HMAC, never SHA-1.
fn algorithms_of(parameters: &AlgorithmParameters) -> &'static [Algorithm] {
    match parameters {
        AlgorithmParameters::RSA(_) => &[Algorithm::RS256, Algorithm::PS256],
        AlgorithmParameters::EllipticCurve(key) => match key.curve {
            EllipticCurve::P256 => &[Algorithm::ES256],
            EllipticCurve::P384 => &[Algorithm::ES384],
            _ => &[],
        },
        AlgorithmParameters::OctetKeyPair(key) if key.curve == EllipticCurve::Ed25519 => &[Algorithm::EdDSA],
        _ => &[],
    }
}
