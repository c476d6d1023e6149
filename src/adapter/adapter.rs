use abide_lm::Message;

use crate::{FieldError, Fields, SignatureSpec, SlotState};

/// Turns a signature, a slot's state and input values into messages, and a reply back into output values.
pub trait Adapter: Send + Sync {
    /// The messages that ask for the outputs.
    fn render(&self, spec: &SignatureSpec, state: &SlotState, inputs: &Fields) -> Vec<Message>;

    /// The outputs in a reply.
    ///
    /// # Errors
    /// The reply has no fields, or not those of the signature.
    fn parse(&self, spec: &SignatureSpec, reply: &str) -> Result<Parsed, ParseError>;

    /// What to say when a reply could not be used, so that the next one can.
    fn correct(&self, spec: &SignatureSpec, error: &ParseError) -> Message;
}

/// The outputs in a reply.
#[derive(Clone, Debug, PartialEq)]
pub struct Parsed {
    /// The output fields.
    pub outputs: Fields,
    /// Where the reply strayed from the layout and was understood all the same.
    pub leniencies: Vec<Leniency>,
}

/// Where a reply strayed from the layout and was understood all the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Leniency {
    /// The closing marker is not there.
    Unclosed,
    /// There is text after the closing marker.
    Trailing,
    /// A value begins on its marker's line.
    Inline,
    /// A JSON value stands in a code fence.
    Fenced,
    /// A word of a choice is in another case.
    Case,
    /// An optional text is not written as JSON.
    Unquoted,
}

/// Why a reply has no outputs. Says what is wrong, never what the reply said.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ParseError {
    /// The reply has no marker at all.
    #[error("the reply has no field marker")]
    NoMarker,
    /// The reply ran out of tokens before its closing marker, so the end of its last value may be missing.
    #[error("the reply was cut off at the limit of its tokens; be brief")]
    CutOff,
    /// A field was written twice.
    #[error("field `{0}` stands in the reply twice")]
    Repeated(String),
    /// A value is not JSON.
    #[error("field `{0}` is not valid JSON")]
    NotJson(String),
    /// The fields do not fit the signature.
    #[error("{}", join(.0))]
    Fields(Vec<FieldError>),
}

/// What is wrong, in one line.
pub(crate) fn join(errors: &[FieldError]) -> String {
    errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}
