/// How the server answers a call instead of executing it, or of telling what came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// 500.
    InternalError,
    /// 503.
    Unavailable,
    /// The call is executed, and its reply lost behind a gateway: 502.
    BadGateway,
    /// 429 without `Retry-After`.
    TooMany,
    /// 429 with `Retry-After: 1`.
    TooManyForSeconds,
    /// 429 with `Retry-After` as an HTTP-date, one to two seconds ahead.
    TooManyUntilDate,
}
