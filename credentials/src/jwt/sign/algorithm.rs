use std::{fmt, str::FromStr};

/// The signature algorithms that can be used and accepted (RFC 7518, RFC 8037): nothing symmetric, nothing with SHA-1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Algorithm {
    /// RSA of 2048 bits or more, PKCS #1 v1.5, SHA-256.
    Rs256,
    /// RSA of 2048 bits or more, PKCS #1 v1.5, SHA-384.
    Rs384,
    /// RSA of 2048 bits or more, PKCS #1 v1.5, SHA-512.
    Rs512,
    /// RSA of 2048 bits or more, PSS, SHA-256.
    Ps256,
    /// RSA of 2048 bits or more, PSS, SHA-384.
    Ps384,
    /// RSA of 2048 bits or more, PSS, SHA-512.
    Ps512,
    /// ECDSA on P-256 with SHA-256.
    Es256,
    /// ECDSA on P-384 with SHA-384.
    Es384,
    /// ECDSA on P-521 with SHA-512.
    Es512,
    /// Ed25519.
    EdDsa,
}

/// A text that names no signature algorithm.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a signature algorithm: use `RS256`, `PS256`, `ES256`, `ES384` or `EdDSA`")]
pub struct UnknownAlgorithm(pub String);

impl Algorithm {
    /// Every algorithm.
    pub const fn all() -> [Self; 10] {
        [
            Self::Rs256,
            Self::Rs384,
            Self::Rs512,
            Self::Ps256,
            Self::Ps384,
            Self::Ps512,
            Self::Es256,
            Self::Es384,
            Self::Es512,
            Self::EdDsa,
        ]
    }

    /// Those that tokens may be signed with unless a boundary names others.
    pub const fn usual() -> [Self; 5] {
        [Self::Rs256, Self::Ps256, Self::Es256, Self::Es384, Self::EdDsa]
    }

    /// The name in a JOSE header.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Rs256 => "RS256",
            Self::Rs384 => "RS384",
            Self::Rs512 => "RS512",
            Self::Ps256 => "PS256",
            Self::Ps384 => "PS384",
            Self::Ps512 => "PS512",
            Self::Es256 => "ES256",
            Self::Es384 => "ES384",
            Self::Es512 => "ES512",
            Self::EdDsa => "EdDSA",
        }
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Algorithm {
    type Err = UnknownAlgorithm;

    /// Reads the exact name.
    fn from_str(name: &str) -> Result<Self, UnknownAlgorithm> {
        let known = Self::all().into_iter().find(|algorithm| algorithm.name() == name);
        known.ok_or_else(|| UnknownAlgorithm(name.chars().take(80).collect()))
    }
}

/// The kind of key that an algorithm signs with.
pub(crate) fn needed(algorithm: Algorithm) -> &'static str {
    match algorithm {
        Algorithm::Rs256
        | Algorithm::Rs384
        | Algorithm::Rs512
        | Algorithm::Ps256
        | Algorithm::Ps384
        | Algorithm::Ps512 => "an rsa key",
        Algorithm::Es256 => "a key on the curve P-256",
        Algorithm::Es384 => "a key on the curve P-384",
        Algorithm::Es512 => "a key on the curve P-521",
        Algorithm::EdDsa => "an Ed25519 key",
    }
}
