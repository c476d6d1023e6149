//! Keys of an odd issuer: every algorithm, and tokens of any shape.

use aws_lc_rs::{
    rand::SystemRandom,
    signature::{
        self, ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, ECDSA_P521_SHA512_FIXED_SIGNING,
        EcdsaKeyPair, EcdsaSigningAlgorithm, Ed25519KeyPair, KeyPair as _, RsaEncoding, RsaKeyPair,
    },
};
use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use serde_json::{Value, json};

use super::{Error, case::merge};

/// A key pair for one algorithm (RFC 7518).
pub(super) struct Key {
    algorithm: String,
    pair: Pair,
}

enum Pair {
    Curve(EcdsaKeyPair, &'static str),
    Edwards(Ed25519KeyPair),
    Rsa(RsaKeyPair),
}

/// A key of nobody's.
const RSA: &str = include_str!("../../wild/rsa.pem");

impl Key {
    /// A new one; for RSA the one that is kept here, since making one takes seconds. Algorithms other than RS…, PS…, ES… and `EdDSA` are
    /// none.
    pub(super) fn generate(algorithm: &str) -> Result<Self, Error> {
        let failed = || Error::Key { algorithm: algorithm.to_owned() };
        let curve = |signing: &'static EcdsaSigningAlgorithm, name| {
            EcdsaKeyPair::generate(signing).map(|pair| Pair::Curve(pair, name)).map_err(|_| failed())
        };
        let pair = match algorithm {
            "ES256" => curve(&ECDSA_P256_SHA256_FIXED_SIGNING, "P-256")?,
            "ES384" => curve(&ECDSA_P384_SHA384_FIXED_SIGNING, "P-384")?,
            "ES512" => curve(&ECDSA_P521_SHA512_FIXED_SIGNING, "P-521")?,
            "EdDSA" => Pair::Edwards(Ed25519KeyPair::generate().map_err(|_| failed())?),
            _ if rsa(algorithm).is_some() => {
                Pair::Rsa(der(RSA).and_then(|der| RsaKeyPair::from_pkcs8(&der).ok()).ok_or_else(failed)?)
            }
            _ => return Err(failed()),
        };
        Ok(Self { algorithm: algorithm.to_owned(), pair })
    }

    /// The public part (RFC 7517, RFC 7518, RFC 8037).
    pub(super) fn public(&self) -> Value {
        let mut key = match &self.pair {
            Pair::Curve(pair, name) => {
                // an uncompressed point: 4, then both coordinates
                let point = pair.public_key().as_ref().get(1..).unwrap_or_default();
                let (x, y) = point.split_at(point.len() / 2);
                json!({ "kty": "EC", "crv": name, "x": part(x), "y": part(y) })
            }
            Pair::Edwards(pair) => json!({ "kty": "OKP", "crv": "Ed25519", "x": part(pair.public_key()) }),
            Pair::Rsa(pair) => {
                let public = pair.public_key();
                let (modulus, exponent) = (public.modulus(), public.exponent());
                json!({
                    "kty": "RSA",
                    "n": part(modulus.big_endian_without_leading_zero()),
                    "e": part(exponent.big_endian_without_leading_zero()),
                })
            }
        };
        merge(&mut key, json!({ "kid": "k1", "use": "sig", "alg": self.algorithm }));
        key
    }

    /// A token of these parts.
    pub(super) fn token(&self, header: &Value, claims: &Value) -> Result<String, Error> {
        let message = format!("{}.{}", part(header.to_string()), part(claims.to_string()));
        let signature = self.sign(message.as_bytes())?;
        Ok(format!("{message}.{}", part(signature)))
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Error> {
        let failed = || Error::Key { algorithm: self.algorithm.clone() };
        let random = SystemRandom::new();
        match &self.pair {
            Pair::Curve(pair, _) => {
                pair.sign(&random, message).map(|signature| signature.as_ref().to_vec()).map_err(|_| failed())
            }
            Pair::Edwards(pair) => Ok(pair.sign(message).as_ref().to_vec()),
            Pair::Rsa(pair) => {
                let padding = rsa(&self.algorithm).ok_or_else(failed)?;
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(padding, &random, message, &mut signature).map_err(|_| failed())?;
                Ok(signature)
            }
        }
    }
}

fn rsa(algorithm: &str) -> Option<&'static dyn RsaEncoding> {
    Some(match algorithm {
        "RS256" => &signature::RSA_PKCS1_SHA256,
        "RS384" => &signature::RSA_PKCS1_SHA384,
        "RS512" => &signature::RSA_PKCS1_SHA512,
        "PS256" => &signature::RSA_PSS_SHA256,
        "PS384" => &signature::RSA_PSS_SHA384,
        "PS512" => &signature::RSA_PSS_SHA512,
        _ => return None,
    })
}

/// What a PEM text holds.
fn der(pem: &str) -> Option<Vec<u8>> {
    let lines: String = pem.lines().filter(|line| !line.starts_with("-----")).collect();
    STANDARD.decode(lines).ok()
}

pub(super) fn part(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}
