/// How a refusal for too many calls says when to come back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum RetryAfter {
    /// `Retry-After: 1`.
    #[default]
    Seconds,
    /// `Retry-After` as an HTTP-date, one to two seconds ahead.
    Date,
    /// Not at all.
    Absent,
    /// `Retry-After: soon`, which means nothing.
    Nonsense,
    /// The status is 200, and the body a JSON-RPC error (-32000) that names no time.
    InBody,
}
