use super::{detect::Parameter, token_limit::TokenLimit};
use crate::ReplyFormat;

/// What a compatible server takes of a request. Tools, the choice of a tool and stop texts are always sent: without them a request would
/// be another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Compat {
    /// `seed`.
    pub seed: Param,
    /// `temperature`.
    pub temperature: Param,
    /// `top_p`.
    pub top_p: Param,
    /// The name of the limit of reply tokens.
    pub token_limit: TokenLimit,
    /// `parallel_tool_calls`.
    pub parallel_tool_calls: Param,
    /// `response_format`.
    pub response_format: Formats,
}

/// Whether a parameter is sent where a request has it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Param {
    /// It is.
    #[default]
    Send,
    /// It is left out: the server refuses it, or has none.
    Omit,
}

/// What forms of a reply a server can be asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Formats {
    /// `json_schema` and `json_object`.
    #[default]
    All,
    /// `json_schema` only; where JSON of any form is wanted, nothing is asked for.
    SchemaOnly,
    /// `json_object`, also where a schema is wanted.
    JsonObject,
    /// None: `response_format` is left out.
    Text,
}

impl Default for Compat {
    /// Everything is sent, and the limit is `max_tokens`.
    fn default() -> Self {
        Self {
            seed: Param::Send,
            temperature: Param::Send,
            top_p: Param::Send,
            token_limit: TokenLimit::MaxTokens,
            parallel_tool_calls: Param::Send,
            response_format: Formats::All,
        }
    }
}

impl Compat {
    /// What differs from the default, such as `seed=omit`: for cache keys and provenance.
    pub fn settings(&self) -> Vec<String> {
        let omitted = [
            ("seed", self.seed),
            ("temperature", self.temperature),
            ("top_p", self.top_p),
            ("parallel_tool_calls", self.parallel_tool_calls),
        ];
        let mut settings: Vec<String> = omitted
            .into_iter()
            .filter(|(_, param)| *param == Param::Omit)
            .map(|(name, _)| format!("{name}=omit"))
            .collect();
        let format = match self.response_format {
            Formats::All => None,
            Formats::SchemaOnly => Some("json_schema"),
            Formats::JsonObject => Some("json_object"),
            Formats::Text => Some("omit"),
        };
        settings.extend(format.map(|format| format!("response_format={format}")));
        if self.token_limit == TokenLimit::MaxCompletionTokens {
            settings.push("token_limit=max_completion_tokens".to_owned());
        }
        settings
    }

    /// The form to ask for, of the one that a request wants.
    pub(crate) fn format<'r>(&self, wanted: &'r ReplyFormat) -> Option<&'r ReplyFormat> {
        match (wanted, self.response_format) {
            (ReplyFormat::Text, _) | (_, Formats::Text) | (ReplyFormat::Json, Formats::SchemaOnly) => None,
            (ReplyFormat::Schema { .. }, Formats::JsonObject) => Some(&ReplyFormat::Json),
            (wanted, _) => Some(wanted),
        }
    }

    /// Without a parameter that the server refused, as it was sent for `wanted`; the other name of the limit.
    pub(super) fn without(self, parameter: Parameter, wanted: &ReplyFormat) -> Self {
        match parameter {
            Parameter::Seed => Self { seed: Param::Omit, ..self },
            Parameter::Temperature => Self { temperature: Param::Omit, ..self },
            Parameter::TopP => Self { top_p: Param::Omit, ..self },
            Parameter::ParallelToolCalls => Self { parallel_tool_calls: Param::Omit, ..self },
            Parameter::TokenLimit => Self { token_limit: self.token_limit.other(), ..self },
            Parameter::ResponseFormat => {
                let refused_schema = matches!(self.format(wanted), Some(ReplyFormat::Schema { .. }));
                let response_format = match (self.response_format, refused_schema) {
                    (Formats::All, true) => Formats::JsonObject,
                    (Formats::All, false) => Formats::SchemaOnly,
                    _ => Formats::Text,
                };
                Self { response_format, ..self }
            }
        }
    }

    /// Whether both say the same of a parameter.
    pub(super) fn agrees(&self, other: &Self, parameter: Parameter) -> bool {
        match parameter {
            Parameter::Seed => self.seed == other.seed,
            Parameter::Temperature => self.temperature == other.temperature,
            Parameter::TopP => self.top_p == other.top_p,
            Parameter::ParallelToolCalls => self.parallel_tool_calls == other.parallel_tool_calls,
            Parameter::TokenLimit => self.token_limit == other.token_limit,
            Parameter::ResponseFormat => self.response_format == other.response_format,
        }
    }
}

impl Param {
    pub(crate) fn take<T>(self, value: Option<T>) -> Option<T> {
        match self {
            Self::Send => value,
            Self::Omit => None,
        }
    }
}

#[cfg(test)]
mod tests;
