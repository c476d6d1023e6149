//! Reading what servers send where one odd part must not cost the whole: numbers as `10` or `10.0`, lists with strangers in them.

use serde::{Deserialize, Deserializer};
use serde_json::Value;

/// A count that may be written as an integer, as `10.0`, or as a text; 0 where it is anything else.
pub(crate) fn count<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    let value = Value::deserialize(deserializer)?;
    let known = match &value {
        Value::Number(number) => number.as_u64().or_else(|| whole(number.as_f64()?)),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    };
    if known.is_none() && !value.is_null() {
        tracing::warn!("a model server gives a count of tokens that is none; it counts as 0");
    }
    Ok(known.unwrap_or_default())
}

fn whole(number: f64) -> Option<u64> {
    // 2^53: every whole number below is exact
    (number.fract() == 0.0 && (0.0..=9_007_199_254_740_992.0).contains(&number)).then_some(number as u64)
}

/// A text, or none where it is anything else.
pub(crate) fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Ok(match Value::deserialize(deserializer)? {
        Value::String(text) => Some(text),
        _ => None,
    })
}

/// A part that is left at its default where it cannot be read.
pub(crate) fn part<'de, D: Deserializer<'de>, T: serde::de::DeserializeOwned + Default>(
    deserializer: D,
) -> Result<T, D::Error> {
    let value = Value::deserialize(deserializer)?;
    if value.is_null() {
        return Ok(T::default());
    }
    Ok(T::deserialize(value).unwrap_or_else(|error| {
        tracing::warn!(%error, "a part of a model server's reply cannot be read and is left out");
        T::default()
    }))
}
