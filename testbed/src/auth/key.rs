//! Keys that sign access tokens, and what is published of them (RFC 7517).

use jsonwebtoken::{
    DecodingKey, EncodingKey,
    jwk::{Jwk, PublicKeyUse, ThumbprintHash},
};
use rcgen::{KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_RSA_SHA256, RsaKeySize};

use super::Error;

/// The signature algorithm of access tokens (RFC 7518).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Algorithm {
    /// ECDSA with P-256 and SHA-256.
    #[default]
    Es256,
    /// RSA 2048 with SHA-256, PKCS #1 v1.5.
    Rs256,
}

impl Algorithm {
    pub(crate) fn jws(self) -> jsonwebtoken::Algorithm {
        match self {
            Self::Es256 => jsonwebtoken::Algorithm::ES256,
            Self::Rs256 => jsonwebtoken::Algorithm::RS256,
        }
    }
}

/// One key pair. Its id is the SHA-256 thumbprint of the public part (RFC 7638).
#[derive(Debug)]
pub(crate) struct Key {
    pub(crate) id: String,
    pub(crate) algorithm: Algorithm,
    pub(crate) signing: EncodingKey,
    pub(crate) verifying: DecodingKey,
    pub(crate) public: Jwk,
}

impl Key {
    pub(crate) fn generate(algorithm: Algorithm) -> Result<Self, Error> {
        let signing = match algorithm {
            Algorithm::Es256 => {
                EncodingKey::from_ec_pem(KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?.serialize_pem().as_bytes())?
            }
            Algorithm::Rs256 => EncodingKey::from_rsa_pem(
                KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048)?.serialize_pem().as_bytes(),
            )?,
        };
        let mut public = Jwk::from_encoding_key(&signing, algorithm.jws())?;
        let id = public.thumbprint(ThumbprintHash::SHA256)?;
        public.common.key_id = Some(id.clone());
        public.common.public_key_use = Some(PublicKeyUse::Signature);
        Ok(Self { id, algorithm, verifying: DecodingKey::from_jwk(&public)?, signing, public })
    }
}
