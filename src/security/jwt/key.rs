use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{
    DecodingKey,
    jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyOperations, PublicKeyUse, RSAKeyParameters},
};
use serde_json::{Map, Value};

use super::{Algorithm, Error, token::malformed};

/// A public key, and the algorithms it may be used with.
#[derive(Debug)]
pub(super) struct Key {
    pub(super) kid: String,
    pub(super) algorithms: Vec<Algorithm>,
    decoding: DecodingKey,
}

const MAX_KEYS: usize = 64;
const RSA_BITS: std::ops::RangeInclusive<usize> = 2048..=8192;

impl Key {
    pub(super) fn verify(&self, algorithm: Algorithm, message: &str, signature: &str) -> Result<(), Error> {
        let algorithm = jose(algorithm);
        match jsonwebtoken::crypto::verify(signature, message.as_bytes(), &self.decoding, algorithm) {
            Ok(true) => Ok(()),
            Ok(false) => Err(Error::Signature),
            Err(_) => Err(malformed("its signature is not Base64")),
        }
    }
}

/// The usable keys of a set, in its order; the others are skipped.
pub(super) fn parse(body: &[u8]) -> Result<Vec<Key>, Error> {
    // a derived reader would take a list for an object
    let mut set: Map<String, Value> = serde_json::from_slice(body).map_err(|_| Error::KeySetMalformed)?;
    let Some(Value::Array(keys)) = set.remove("keys") else {
        return Err(Error::KeySetMalformed);
    };
    Ok(keys.into_iter().take(MAX_KEYS).filter_map(usable).collect())
}

fn usable(key: Value) -> Option<Key> {
    // whoever publishes the private part has lost the key
    if key.get("d").is_some() {
        return None;
    }
    let jwk: Jwk = serde_json::from_value(key).ok()?;
    let common = &jwk.common;
    let for_signatures = matches!(common.public_key_use, None | Some(PublicKeyUse::Signature))
        && common.key_operations.as_ref().is_none_or(|uses| uses.contains(&KeyOperations::Verify));
    let named = |algorithm: &Algorithm| common.key_algorithm.is_none_or(|named| named == jose(*algorithm).into());
    let algorithms: Vec<_> = algorithms_of(&jwk.algorithm).iter().copied().filter(named).collect();
    if !for_signatures || algorithms.is_empty() {
        return None;
    }
    Some(Key { kid: common.key_id.clone()?, algorithms, decoding: DecodingKey::from_jwk(&jwk).ok()? })
}

/// What a key of this kind may verify, which is all that is allowed: never HMAC, never SHA-1, no weak key.
fn algorithms_of(parameters: &AlgorithmParameters) -> &'static [Algorithm] {
    match parameters {
        AlgorithmParameters::RSA(key) if is_strong(key) => &[Algorithm::Rs256, Algorithm::Ps256],
        AlgorithmParameters::EllipticCurve(key) => match key.curve {
            EllipticCurve::P256 => &[Algorithm::Es256],
            EllipticCurve::P384 => &[Algorithm::Es384],
            _ => &[],
        },
        AlgorithmParameters::OctetKeyPair(key) if key.curve == EllipticCurve::Ed25519 => &[Algorithm::EdDsa],
        _ => &[],
    }
}

/// 2048 bits or more, and an exponent under which a signature is more than the message itself.
fn is_strong(key: &RSAKeyParameters) -> bool {
    let number = |text: &str| {
        let bytes = URL_SAFE_NO_PAD.decode(text).unwrap_or_default();
        bytes.into_iter().skip_while(|byte| *byte == 0).collect::<Vec<_>>()
    };
    let (modulus, exponent) = (number(&key.n), number(&key.e));
    let bits = modulus.first().map_or(0, |first| modulus.len() * 8 - first.leading_zeros() as usize);
    let odd = exponent.last().is_some_and(|last| last % 2 == 1);
    RSA_BITS.contains(&bits) && odd && exponent != [1]
}

fn jose(algorithm: Algorithm) -> jsonwebtoken::Algorithm {
    match algorithm {
        Algorithm::Rs256 => jsonwebtoken::Algorithm::RS256,
        Algorithm::Ps256 => jsonwebtoken::Algorithm::PS256,
        Algorithm::Es256 => jsonwebtoken::Algorithm::ES256,
        Algorithm::Es384 => jsonwebtoken::Algorithm::ES384,
        Algorithm::EdDsa => jsonwebtoken::Algorithm::EdDSA,
    }
}
