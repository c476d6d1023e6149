/// What a server calls the most tokens a reply may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TokenLimit {
    /// `max_tokens`, which compatible servers know.
    MaxTokens,
    /// `max_completion_tokens`, which newer models of OpenAI itself demand.
    MaxCompletionTokens,
}
