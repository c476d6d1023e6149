//! Which parameter a server refuses, by its words.

use crate::endpoint::Said;

/// A parameter that a request can do without.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Parameter {
    Seed,
    Temperature,
    TopP,
    TokenLimit,
    ParallelToolCalls,
    ResponseFormat,
}

/// The names in errors, and what they stand for.
const NAMES: [(&str, Parameter); 11] = [
    ("seed", Parameter::Seed),
    ("temperature", Parameter::Temperature),
    ("top_p", Parameter::TopP),
    ("max_tokens", Parameter::TokenLimit),
    ("max_completion_tokens", Parameter::TokenLimit),
    ("parallel_tool_calls", Parameter::ParallelToolCalls),
    ("response_format", Parameter::ResponseFormat),
    ("json_schema", Parameter::ResponseFormat),
    ("json_object", Parameter::ResponseFormat),
    // Anthropic
    ("output_config", Parameter::ResponseFormat),
    ("disable_parallel_tool_use", Parameter::ParallelToolCalls),
];
/// Parameters that are never left out. An error that has one of them in its message is about that one.
const KEPT: [&str; 4] = ["tools", "tool_choice", "stop", "functions"];
const CODES: [&str; 4] = ["unsupported_parameter", "unsupported_value", "unknown_parameter", "extra_forbidden"];
/// A bad value is no refusal of the parameter, so that "must be at most 2" is none of these.
const REFUSALS: [&str; 18] = [
    "unsupported",
    "not support",
    "n't support",
    "not yet support",
    "unknown",
    "unrecognized",
    "unrecognised",
    "unexpected",
    "extra inputs",
    "extra fields",
    "not permitted",
    "not allowed",
    "unavailable",
    "not available",
    "deprecated",
    "cannot find field",
    // Anthropic, of `temperature` and `top_p`
    "cannot both be specified",
    // LM Studio, of `json_object`
    "must be 'json_schema' or 'text'",
];

impl Parameter {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Seed => "seed",
            Self::Temperature => "temperature",
            Self::TopP => "top_p",
            Self::TokenLimit => "the name of the token limit",
            Self::ParallelToolCalls => "parallel_tool_calls",
            Self::ResponseFormat => "response_format",
        }
    }

    /// The parameter that a refusal names: by its `param`, or else as the first word of the message that is the name of one.
    pub(super) fn refused(said: &Said) -> Option<Self> {
        let message = said.words.to_ascii_lowercase().replace("response format", "response_format");
        let coded = [&said.code, &said.kind].into_iter().flatten().any(|code| CODES.contains(&code.as_str()));
        let refuses = coded || REFUSALS.iter().any(|words| message.contains(words));
        // a schema with a mistake is the request's, not the server's
        if !refuses || message.contains("invalid schema") {
            return None;
        }
        if let Some(param) = &said.param {
            return words(&param.to_ascii_lowercase()).find(|word| *word != "body").and_then(Self::named);
        }
        if words(&message).any(|word| KEPT.contains(&word)) {
            return None;
        }
        words(&message).find_map(Self::named)
    }

    fn named(word: &str) -> Option<Self> {
        NAMES.iter().find(|(name, _)| *name == word).map(|(_, parameter)| *parameter)
    }
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').filter(|word| !word.is_empty())
}

#[cfg(test)]
mod tests;
