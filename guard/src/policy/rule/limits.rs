use std::{num::NonZeroU32, str::FromStr, time::Duration};

use serde::Serialize;

/// Limits over all tools.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Limits {
    /// Most calls that one run may ask for; refused ones count, so that a loop ends.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tool_calls: Option<NonZeroU32>,
    /// Most bytes of text that one run may send to outside recipients: the arguments of its permitted calls with the effect `external`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outgoing_bytes: Option<NonZeroU32>,
    /// Permitted calls in a time, over all runs together.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rate: Option<Rate>,
    /// What all runs of one caller may do in a time; runs without a caller count as those of one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub caller: Option<WindowLimit>,
    /// What all runs together may do in a time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub all: Option<WindowLimit>,
}

/// What may be done in a time, over many runs. Kept in memory, for each process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct WindowLimit {
    /// The time that counts, up to now.
    pub window: Duration,
    /// Most permitted calls in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub calls: Option<NonZeroU32>,
    /// Most distinct values in it of all arguments that tools count by `distinct`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub distinct: Option<NonZeroU32>,
    /// Most bytes sent to outside recipients in it, counted as in [`Limits::outgoing_bytes`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outgoing_bytes: Option<NonZeroU32>,
}

/// Calls in a time: `10/s` or `600/m`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Rate {
    /// Calls in one `per`.
    pub calls: NonZeroU32,
    /// One second or one minute.
    pub per: Duration,
    /// Calls that may come at once after a pause.
    pub burst: NonZeroU32,
}

/// A text that is not a rate.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a rate: write calls in a second or a minute, such as `10/s` or `600/m`")]
pub struct RateError(String);

impl WindowLimit {
    /// A window in which everything may be done.
    pub fn new(window: Duration) -> Self {
        Self { window, calls: None, distinct: None, outgoing_bytes: None }
    }
}

impl FromStr for Rate {
    type Err = RateError;

    fn from_str(text: &str) -> Result<Self, RateError> {
        let error = || RateError(text.chars().take(40).collect());
        let (calls, per) = text.split_once('/').ok_or_else(error)?;
        let per = match per {
            "s" => Duration::from_secs(1),
            "m" => Duration::from_secs(60),
            _ => return Err(error()),
        };
        let calls: NonZeroU32 = calls.parse().map_err(|_| error())?;
        Ok(Self { calls, per, burst: calls })
    }
}
