use std::time::Duration;

use serde_json::{Map, Value};

use super::{duration::duration, html};

/// What the body of a failure says, whatever form the server gives it. Not scrubbed: it never leaves this crate as it is.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Said {
    /// The message.
    pub(crate) words: String,
    /// The provider's code, as a text.
    pub(crate) code: Option<String>,
    /// The type, or Google's status.
    pub(crate) kind: Option<String>,
    /// The parameter of the request that is at fault.
    pub(crate) param: Option<String>,
    /// Google's `RetryInfo`.
    pub(crate) retry_delay: Option<Duration>,
    pub(crate) claimed: Option<u16>,
}

/// Words for what HTTP has a status for.
const STATUSES: [(u16, &[&str]); 11] = [
    (400, &["invalid_request_error", "invalid_argument", "failed_precondition", "bad_request", "badrequesterror"]),
    (401, &["authentication_error", "unauthenticated", "unauthorized", "invalid_api_key", "invalid_authentication"]),
    (402, &["billing_error", "insufficient_balance", "payment_required", "insufficient_credits"]),
    (403, &["permission_error", "permission_denied", "forbidden"]),
    (404, &["not_found_error", "not_found", "model_not_found", "notfounderror"]),
    (408, &["timeout_error", "timeout", "request_timeout", "deadline_exceeded"]),
    (413, &["request_too_large"]),
    (
        429,
        &["rate_limit_error", "rate_limit_exceeded", "resource_exhausted", "too_many_requests", "insufficient_quota"],
    ),
    (500, &["api_error", "server_error", "internal", "internal_error", "internal_server_error"]),
    (503, &["unavailable", "service_unavailable"]),
    (529, &["overloaded_error", "overloaded", "engine_overloaded"]),
];

impl Said {
    /// What any body says: JSON in the forms of the known servers, a page, or a text.
    pub(super) fn of(body: &[u8]) -> Self {
        let text = String::from_utf8_lossy(body);
        let json = serde_json::from_slice::<Value>(body).ok();
        if let Some(said) = json.as_ref().and_then(Self::of_json) {
            return said;
        }
        Self { words: html::text(&text).unwrap_or_else(|| text.into_owned()), ..Self::default() }
    }

    /// The failure that a body tells of though its status is a success.
    pub(super) fn in_success(body: &Value) -> Option<Self> {
        let choices = body.get("choices").and_then(Value::as_array);
        if let Some(choice) = choices.and_then(|choices| choices.first()) {
            return choice.get("error").filter(|error| error.is_object()).and_then(Self::of_detail);
        }
        let is_error = body.get("object").or_else(|| body.get("type")).and_then(Value::as_str) == Some("error");
        let first = body.as_array().and_then(|items| items.first()).unwrap_or(body);
        match first.get("error") {
            Some(error) if says_something(error) => Self::of_json(first),
            _ if is_error => Self::of_json(body),
            _ => None,
        }
    }

    /// The status that the body itself names; 500 where it names none.
    pub(super) fn status(&self) -> u16 {
        let by_word = |word: &Option<String>| {
            let word = word.as_ref()?.to_ascii_lowercase();
            STATUSES.iter().find(|(_, words)| words.contains(&word.as_str())).map(|(status, _)| *status)
        };
        self.claimed.or_else(|| by_word(&self.code)).or_else(|| by_word(&self.kind)).unwrap_or(500)
    }

    fn of_json(body: &Value) -> Option<Self> {
        // Gemini puts its error into a list
        let body = body.as_array().and_then(|items| items.first()).unwrap_or(body);
        match body.get("error").filter(|error| says_something(error)) {
            Some(detail @ Value::Object(_)) => Self::of_detail(detail),
            Some(Value::String(words)) => {
                let outer = body.as_object().map(Self::of_map).unwrap_or_default();
                let words = if outer.words.is_empty() { words.clone() } else { format!("{words}: {}", outer.words) };
                Some(Self { words, ..outer })
            }
            _ => Self::of_detail(body),
        }
    }

    fn of_detail(detail: &Value) -> Option<Self> {
        let said = Self::of_map(detail.as_object()?);
        (!said.words.is_empty() || said.code.is_some() || said.kind.is_some()).then_some(said)
    }

    fn of_map(detail: &Map<String, Value>) -> Self {
        let (words, located) = words_of(detail);
        let text = |name: &str| detail.get(name).and_then(word);
        let number = |name: &str| detail.get(name).and_then(number);
        let claimed = ["code", "status", "status_code", "statusCode"].into_iter().find_map(number);
        Self {
            words,
            code: text("code"),
            kind: text("type").or_else(|| text("status")),
            param: text("param").or(located),
            retry_delay: detail.get("details").and_then(retry_delay),
            claimed,
        }
    }
}

fn says_something(error: &Value) -> bool {
    match error {
        Value::Object(detail) => !detail.is_empty(),
        Value::String(words) => !words.is_empty(),
        _ => false,
    }
}

/// The message, and the parameter that it is about where it says so. OpenRouter has the words of the server behind it in `metadata`.
fn words_of(detail: &Map<String, Value>) -> (String, Option<String>) {
    let found = ["message", "detail", "msg", "error_description", "title"].iter().find_map(|name| detail.get(*name));
    let (words, located) = found.map(words_in).unwrap_or_default();
    let behind = detail.get("metadata").and_then(|metadata| metadata.get("raw")).and_then(Value::as_str);
    match behind.map(|raw| Said::of(raw.as_bytes()).words).filter(|raw| !raw.is_empty()) {
        Some(raw) => (format!("{words}: {raw}"), located),
        None => (words, located),
    }
}

/// A text, or a list of what validation found, as FastAPI (vLLM, Mistral) sends it.
fn words_in(value: &Value) -> (String, Option<String>) {
    match value {
        Value::String(words) => (words.clone(), None),
        Value::Object(detail) => words_of(detail),
        Value::Array(findings) => {
            let findings: Vec<(String, Option<String>)> =
                findings.iter().filter_map(Value::as_object).map(finding).collect();
            let located = findings.iter().find_map(|(_, located)| located.clone());
            (findings.into_iter().map(|(words, _)| words).collect::<Vec<_>>().join("; "), located)
        }
        _ => (String::new(), None),
    }
}

fn finding(finding: &Map<String, Value>) -> (String, Option<String>) {
    let (words, _) = words_of(finding);
    let place: Vec<&str> = finding
        .get("loc")
        .and_then(Value::as_array)
        .map(|place| place.iter().filter_map(Value::as_str).filter(|part| *part != "body").collect())
        .unwrap_or_default();
    match place.first() {
        Some(parameter) => (format!("{}: {words}", place.join(".")), Some((*parameter).to_owned())),
        None => (words, None),
    }
}

fn word(value: &Value) -> Option<String> {
    value.as_str().filter(|word| !word.is_empty()).map(str::to_owned)
}

fn number(value: &Value) -> Option<u16> {
    let number = match value {
        Value::Number(number) => number.as_u64()?,
        Value::String(text) => text.parse().ok()?,
        _ => return None,
    };
    u16::try_from(number).ok().filter(|status| (400..=599).contains(status))
}

fn retry_delay(details: &Value) -> Option<Duration> {
    let info = details.as_array()?.iter().find(|detail| {
        detail.get("@type").and_then(Value::as_str).is_some_and(|kind| kind.ends_with("google.rpc.RetryInfo"))
    })?;
    duration(info.get("retryDelay")?.as_str()?)
}

#[cfg(test)]
mod tests;
