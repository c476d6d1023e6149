use std::borrow::Borrow;

use aws_lc_rs::signature::{ECDSA_P521_SHA512_FIXED, UnparsedPublicKey};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{
    DecodingKey,
    jwk::{
        AlgorithmParameters, EllipticCurve, EllipticCurveKeyParameters, Jwk, KeyOperations, PublicKeyUse,
        RSAKeyParameters,
    },
};
use serde_json::{Map, Value};

use super::{
    Algorithm, Error,
    json::{malformed, short},
};

/// A public key, and the algorithms it may be used with.
#[derive(Debug)]
pub(super) struct Key {
    /// None where it is published without a name.
    pub(super) kid: Option<String>,
    pub(super) algorithms: Vec<Algorithm>,
    material: Material,
}

#[derive(Debug)]
enum Material {
    Jose(DecodingKey),
    /// A point of P-521, with which the library for tokens does not verify.
    P521(Vec<u8>),
}

/// The keys that may have signed a token.
pub(super) struct Candidates<K> {
    pub(super) keys: Vec<K>,
    pub(super) by: By,
}

/// How keys were found.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum By {
    /// The token names it.
    Name,
    /// They fit: the token names none, or they are published without a name.
    Algorithm,
}

const MAX_KEYS: usize = 64;
/// How many keys are tried for a token that does not say which one signed it.
const MAX_TRIED: usize = 4;
const RSA_BITS: std::ops::RangeInclusive<usize> = 2048..=8192;

impl Key {
    pub(super) fn verify(&self, algorithm: Algorithm, message: &str, signature: &str) -> Result<(), Error> {
        let verified = match (&self.material, jose(algorithm)) {
            (Material::Jose(key), Some(algorithm)) => {
                jsonwebtoken::crypto::verify(signature, message.as_bytes(), key, algorithm).ok()
            }
            (Material::P521(point), None) => URL_SAFE_NO_PAD.decode(signature).ok().map(|signature| {
                let key = UnparsedPublicKey::new(&ECDSA_P521_SHA512_FIXED, point);
                key.verify(message.as_bytes(), &signature).is_ok()
            }),
            _ => return Err(Error::Algorithm(algorithm.to_string())),
        };
        match verified {
            Some(true) => Ok(()),
            Some(false) => Err(Error::Signature),
            None => Err(malformed("its signature is not Base64")),
        }
    }
}

/// The keys of a name that fit the algorithm. Where no key has the name, those without one that fit; for a token that names no key
/// (RFC 7515, section 4.1.4), all that fit. In each case few enough to try them all.
pub(super) fn candidates<K: Borrow<Key> + Clone>(
    known: &[K],
    kid: Option<&str>,
    algorithm: Algorithm,
) -> Result<Candidates<K>, Error> {
    let name = |key: &K| key.borrow().kid.clone();
    let fits = |key: &&K| (*key).borrow().algorithms.contains(&algorithm);
    let mut named = known.iter().filter(|key| kid.is_some() && name(key).as_deref() == kid).peekable();
    if named.peek().is_some() {
        let keys: Vec<K> = named.filter(fits).take(MAX_TRIED).cloned().collect();
        if keys.is_empty() {
            return Err(Error::Algorithm(algorithm.to_string()));
        }
        return Ok(Candidates { keys, by: By::Name });
    }
    let possible = known.iter().filter(|key| kid.is_none() || name(key).is_none());
    let keys: Vec<K> = possible.filter(fits).cloned().collect();
    match keys.len() {
        1..=MAX_TRIED => Ok(Candidates { keys, by: By::Algorithm }),
        0 => Err(unknown(kid, algorithm)),
        _ if kid.is_some() => Err(unknown(kid, algorithm)),
        _ => Err(Error::NoKeyId),
    }
}

/// That no published key can be the one that signed a token.
pub(super) fn unknown(kid: Option<&str>, algorithm: Algorithm) -> Error {
    kid.map_or_else(|| Error::NoKey(algorithm.to_string()), |kid| Error::UnknownKey(short(kid)))
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

fn usable(mut key: Value) -> Option<Key> {
    // an issuer that publishes the private part has lost the key
    if key.get("d").is_some() {
        return None;
    }
    // read here, since the library does not know all of them
    let named = match key.as_object_mut()?.remove("alg") {
        None | Some(Value::Null) => None,
        Some(Value::String(name)) => Some(name),
        Some(_) => return None,
    };
    let jwk: Jwk = serde_json::from_value(key).ok()?;
    let common = &jwk.common;
    let for_signatures = matches!(common.public_key_use, None | Some(PublicKeyUse::Signature))
        && common.key_operations.as_ref().is_none_or(|uses| uses.contains(&KeyOperations::Verify));
    let fits = |algorithm: &Algorithm| named.as_deref().is_none_or(|named| named == algorithm.name());
    let algorithms: Vec<_> = algorithms_of(&jwk.algorithm).iter().copied().filter(fits).collect();
    if !for_signatures || algorithms.is_empty() {
        return None;
    }
    let material = match &jwk.algorithm {
        AlgorithmParameters::EllipticCurve(key) if key.curve == EllipticCurve::P521 => Material::P521(point(key)?),
        _ => Material::Jose(DecodingKey::from_jwk(&jwk).ok()?),
    };
    Some(Key { kid: common.key_id.clone().filter(|kid| !kid.is_empty()), algorithms, material })
}

/// What a key of this kind may verify, which is all that is possible: never HMAC, never SHA-1, no weak key.
fn algorithms_of(parameters: &AlgorithmParameters) -> &'static [Algorithm] {
    match parameters {
        AlgorithmParameters::RSA(key) if is_strong(key) => &[
            Algorithm::Rs256,
            Algorithm::Rs384,
            Algorithm::Rs512,
            Algorithm::Ps256,
            Algorithm::Ps384,
            Algorithm::Ps512,
        ],
        AlgorithmParameters::EllipticCurve(key) => match key.curve {
            EllipticCurve::P256 => &[Algorithm::Es256],
            EllipticCurve::P384 => &[Algorithm::Es384],
            EllipticCurve::P521 => &[Algorithm::Es512],
            _ => &[],
        },
        AlgorithmParameters::OctetKeyPair(key) if key.curve == EllipticCurve::Ed25519 => &[Algorithm::EdDsa],
        _ => &[],
    }
}

/// An uncompressed point of P-521 (SEC 1, section 2.3.3): a four, and both coordinates at full length (RFC 7518, section 6.2.1.2).
fn point(key: &EllipticCurveKeyParameters) -> Option<Vec<u8>> {
    const COORDINATE: usize = 66;
    let mut point = vec![4];
    for coordinate in [&key.x, &key.y] {
        let coordinate = URL_SAFE_NO_PAD.decode(coordinate).ok().filter(|bytes| bytes.len() == COORDINATE)?;
        point.extend(coordinate);
    }
    Some(point)
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

/// The same for the library; `None` if it does not know it.
fn jose(algorithm: Algorithm) -> Option<jsonwebtoken::Algorithm> {
    Some(match algorithm {
        Algorithm::Rs256 => jsonwebtoken::Algorithm::RS256,
        Algorithm::Rs384 => jsonwebtoken::Algorithm::RS384,
        Algorithm::Rs512 => jsonwebtoken::Algorithm::RS512,
        Algorithm::Ps256 => jsonwebtoken::Algorithm::PS256,
        Algorithm::Ps384 => jsonwebtoken::Algorithm::PS384,
        Algorithm::Ps512 => jsonwebtoken::Algorithm::PS512,
        Algorithm::Es256 => jsonwebtoken::Algorithm::ES256,
        Algorithm::Es384 => jsonwebtoken::Algorithm::ES384,
        Algorithm::Es512 => return None,
        Algorithm::EdDsa => jsonwebtoken::Algorithm::EdDSA,
    })
}
