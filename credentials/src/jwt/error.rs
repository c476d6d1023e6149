use abide_net as net;

/// Why a token is not valid. Never holds the token.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// It is too long to be looked at.
    #[error("it has {0} bytes, more than {max}", max = super::MAX_TOKEN)]
    TooLong(usize),
    /// It is no JWT, or one that cannot be read.
    #[error("it is malformed: {0}")]
    Malformed(String),
    /// Its header's `typ` is not that of an access token.
    #[error("its type is `{0}`, expected `at+jwt` or `JWT`")]
    Type(String),
    /// It says to be a `JWT`, and has a claim of tokens for other uses.
    #[error("it is not an access token: its type is `JWT` and it has `{0}`")]
    Foreign(&'static str),
    /// Its header has a `crit` (or `b64`), which we do not understand.
    #[error("it has a critical header")]
    Critical,
    /// Its header names no key, or one by an empty name, and too many could be meant.
    #[error("it names no key, and more than a few of the issuer's could be meant: the issuer must set `kid`")]
    NoKeyId,
    /// Its header names no key, and the issuer publishes none for its algorithm.
    #[error("it names no key, and the issuer's key set has none for its algorithm `{0}`")]
    NoKey(String),
    /// The issuer publishes no such key.
    #[error("its key `{0}` is not in the issuer's key set")]
    UnknownKey(String),
    /// The algorithm does not belong to the key, or is not allowed.
    #[error("its algorithm `{0}` is not accepted, or not for its key")]
    Algorithm(String),
    /// The signature is not that of the key.
    #[error("its signature is wrong")]
    Signature,
    /// A claim that it must have is missing.
    #[error("it has no `{0}`")]
    Missing(&'static str),
    /// Another issuer issued it.
    #[error("it was issued by `{found}`, expected `{expected}`")]
    Issuer {
        /// The issuer it names.
        found: String,
        /// The pinned issuer.
        expected: String,
    },
    /// Its audience is another server.
    #[error("it is for `{found}`, expected `{expected}`")]
    Audience {
        /// The audiences it names.
        found: String,
        /// The server it must be for.
        expected: String,
    },
    /// It is no longer good.
    #[error("it has expired: compare the clocks")]
    Expired,
    /// It is not good yet.
    #[error("it is not valid yet: compare the clocks")]
    Early,
    /// The key set could not be fetched.
    #[error("cannot fetch the issuer's keys: {0}")]
    KeySet(net::Error),
    /// The key set was refused.
    #[error("cannot fetch the issuer's keys: status {0}")]
    KeySetStatus(u16),
    /// The key set cannot be read.
    #[error("the issuer's key set is no JWK set (RFC 7517)")]
    KeySetMalformed,
}

impl Error {
    /// Whether it is the issuer's keys that could not be had or read.
    pub fn is_key_set_unusable(&self) -> bool {
        matches!(self, Self::KeySet(_) | Self::KeySetStatus(_) | Self::KeySetMalformed)
    }

    /// Whether the issuer could not be asked for its keys, which says nothing about the token.
    pub fn is_infrastructure(&self) -> bool {
        match self {
            Self::KeySet(error) => error.is_transient(),
            Self::KeySetStatus(status) => *status == 429 || *status >= 500,
            _ => false,
        }
    }
}
