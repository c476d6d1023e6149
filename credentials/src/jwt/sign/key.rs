use std::collections::BTreeMap;

use aws_lc_rs::{
    error::KeyRejected,
    rand::SystemRandom,
    signature::{
        ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, ECDSA_P521_SHA512_FIXED_SIGNING,
        EcdsaKeyPair, EcdsaSigningAlgorithm, Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256, RSA_PKCS1_SHA384,
        RSA_PKCS1_SHA512, RSA_PSS_SHA256, RSA_PSS_SHA384, RSA_PSS_SHA512, RsaEncoding, RsaKeyPair,
        RsaPublicKeyComponents,
    },
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use zeroize::Zeroizing;

use super::{Algorithm, KeyError, algorithm::needed};

/// A private key that was checked.
pub(super) enum Pair {
    Rsa(RsaKeyPair, &'static dyn RsaEncoding),
    Ecdsa(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
}

const P256: &EcdsaSigningAlgorithm = &ECDSA_P256_SHA256_FIXED_SIGNING;
const P384: &EcdsaSigningAlgorithm = &ECDSA_P384_SHA384_FIXED_SIGNING;
const P521: &EcdsaSigningAlgorithm = &ECDSA_P521_SHA512_FIXED_SIGNING;

impl Pair {
    pub(super) fn from_pem(pem: &[u8], algorithm: Algorithm) -> Result<Self, KeyError> {
        let der = private_key(pem)?;
        Self::parse(&der, algorithm)?.ok_or_else(|| KeyError::WrongKey { algorithm, found: kind(&der) })
    }

    pub(super) fn generate() -> Result<Self, KeyError> {
        EcdsaKeyPair::generate(P256).map(Self::Ecdsa).map_err(|_| KeyError::Generate)
    }

    /// `None` for a key of another kind.
    fn parse(der: &[u8], algorithm: Algorithm) -> Result<Option<Self>, KeyError> {
        let rsa = |encoding: &'static dyn RsaEncoding| Ok(rsa(der)?.map(|pair| Self::Rsa(pair, encoding)));
        let ecdsa = |curve| Ok(EcdsaKeyPair::from_private_key_der(curve, der).ok().map(Self::Ecdsa));
        match algorithm {
            Algorithm::Rs256 => rsa(&RSA_PKCS1_SHA256),
            Algorithm::Rs384 => rsa(&RSA_PKCS1_SHA384),
            Algorithm::Rs512 => rsa(&RSA_PKCS1_SHA512),
            Algorithm::Ps256 => rsa(&RSA_PSS_SHA256),
            Algorithm::Ps384 => rsa(&RSA_PSS_SHA384),
            Algorithm::Ps512 => rsa(&RSA_PSS_SHA512),
            Algorithm::Es256 => ecdsa(P256),
            Algorithm::Es384 => ecdsa(P384),
            Algorithm::Es512 => ecdsa(P521),
            Algorithm::EdDsa => Ok(Ed25519KeyPair::from_pkcs8(der).ok().map(Self::Ed25519)),
        }
    }

    pub(super) fn sign(&self, message: &[u8]) -> Result<Vec<u8>, KeyError> {
        let random = SystemRandom::new();
        match self {
            Self::Rsa(pair, padding) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(*padding, &random, message, &mut signature).map(|()| signature)
            }
            Self::Ecdsa(pair) => pair.sign(&random, message).map(|signature| signature.as_ref().to_vec()),
            Self::Ed25519(pair) => pair.try_sign(message).map(|signature| signature.as_ref().to_vec()),
        }
        .map_err(|_| KeyError::Sign)
    }

    /// The required members of the public key (RFC 7638, section 3.2; RFC 8037, section 2).
    pub(super) fn public_members(&self, algorithm: Algorithm) -> BTreeMap<&'static str, String> {
        let encode = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        match self {
            Self::Rsa(pair, _) => {
                let RsaPublicKeyComponents { n, e } = RsaPublicKeyComponents::<Vec<u8>>::from(pair.public_key());
                [("kty", "RSA".to_owned()), ("n", encode(&n)), ("e", encode(&e))].into()
            }
            Self::Ecdsa(pair) => {
                let curve = match algorithm {
                    Algorithm::Es512 => "P-521",
                    Algorithm::Es384 => "P-384",
                    _ => "P-256",
                };
                // an uncompressed point (SEC 1, section 2.3.3): a four, and both coordinates at full length
                let point = pair.public_key().as_ref().split_first().map_or(&[][..], |(_, point)| point);
                let (x, y) = point.split_at(point.len() / 2);
                [("kty", "EC".to_owned()), ("crv", curve.to_owned()), ("x", encode(x)), ("y", encode(y))].into()
            }
            Self::Ed25519(pair) => {
                let x = encode(pair.public_key().as_ref());
                [("kty", "OKP".to_owned()), ("crv", "Ed25519".to_owned()), ("x", x)].into()
            }
        }
    }
}

/// The one private key of a PEM text.
fn private_key(text: &[u8]) -> Result<Zeroizing<Vec<u8>>, KeyError> {
    let blocks = pem::parse_many(text).map_err(|_| KeyError::NotPem)?;
    let other = blocks.first().ok_or(KeyError::NotPem)?.tag().chars().take(80).collect();
    let encrypted =
        blocks.iter().any(|block| block.tag() == "ENCRYPTED PRIVATE KEY" || block.headers().get("DEK-Info").is_some());
    let mut keys: Vec<_> = blocks
        .into_iter()
        .filter(|block| matches!(block.tag(), "PRIVATE KEY" | "RSA PRIVATE KEY" | "EC PRIVATE KEY"))
        .map(|block| Zeroizing::new(block.into_contents()))
        .collect();
    match (keys.pop(), keys.len()) {
        _ if encrypted => Err(KeyError::Encrypted),
        (Some(key), 0) => Ok(key),
        (Some(_), more) => Err(KeyError::Several(more + 1)),
        (None, _) => Err(KeyError::NotPrivate(other)),
    }
}

pub(super) fn rsa(der: &[u8]) -> Result<Option<RsaKeyPair>, KeyError> {
    let weak = |rejected: &KeyRejected| matches!(rejected.to_string().as_str(), "TooSmall" | "TooLarge");
    match RsaKeyPair::from_pkcs8(der).or_else(|first| if weak(&first) { Err(first) } else { RsaKeyPair::from_der(der) })
    {
        Ok(pair) => Ok(Some(pair)),
        Err(rejected) if weak(&rejected) => Err(KeyError::WeakKey),
        Err(_) => Ok(None),
    }
}

fn kind(der: &[u8]) -> &'static str {
    let is = |algorithm| !matches!(Pair::parse(der, algorithm), Ok(None));
    let kinds = [Algorithm::Rs256, Algorithm::Es256, Algorithm::Es384, Algorithm::Es512, Algorithm::EdDsa];
    kinds.into_iter().find(|kind| is(*kind)).map_or("damaged, or a key of another kind", needed)
}
