/// What the authorization server does wrong on purpose. Several may be active at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Fault {
    /// Tokens carry the audience `https://wrong-audience.invalid/mcp`.
    WrongAudience,
    /// Tokens have expired a minute before they are issued; `expires_in` says otherwise.
    Expired,
    /// Tokens are signed by a key that is not in the key set.
    UnknownKey,
    /// Every endpoint answers 503.
    Unavailable,
    /// The key set answers 503; everything else works.
    KeySetUnavailable,
    /// Both metadata documents name the issuer `https://wrong-issuer.invalid`.
    WrongIssuer,
}
