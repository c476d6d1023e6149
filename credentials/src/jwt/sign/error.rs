use super::Algorithm;

/// Why a key cannot be used to sign. Never holds any of it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// There is no PEM block.
    #[error("it is not PEM: it must have a block `-----BEGIN PRIVATE KEY-----` to its end")]
    NotPem,
    /// There are PEM blocks, but none is a private key.
    #[error("it holds a `{0}`, but no `PRIVATE KEY`: name the file with the private key")]
    NotPrivate(String),
    /// There is more than one private key.
    #[error("it holds {0} private keys: keep one in a file")]
    Several(usize),
    /// The key needs a passphrase.
    #[error(
        "the private key is encrypted, and there is no user to ask for a passphrase: decrypt it with `openssl pkey` into a file that only its owner may read"
    )]
    Encrypted,
    /// The key does not fit the algorithm.
    #[error("it is {found}, but `{algorithm}` needs {needed}", needed = super::algorithm::needed(*algorithm))]
    WrongKey {
        /// The algorithm that was asked for.
        algorithm: Algorithm,
        /// What the key is.
        found: &'static str,
    },
    /// An RSA key is too short.
    #[error("the rsa key is too short: it must have 2048 to 8192 bits")]
    WeakKey,
    /// The claims are no JSON object.
    #[error("the claims to sign are no json object")]
    Claims,
    /// The signature could not be made.
    #[error("the key could not sign")]
    Sign,
    /// The key could not be made.
    #[error("the system gave no random bytes for a key")]
    Generate,
}
