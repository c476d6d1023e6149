use abide_lm::{LmReply, Message, ReplyFormat, Tool, ToolChoice};

use crate::{FieldError, Fields, SignatureSpec, SlotState};

/// Turns a task into a prompt, and a reply back into output values. Pure: values in, values out.
pub trait Adapter: Send + Sync {
    /// What to ask a model for the task's outputs.
    fn render(&self, task: &Task<'_>) -> Prompt;

    /// What a right reply with these outputs looks like; demonstrations are made of it. [`Adapter::parse`] reads it back to the same
    /// outputs.
    fn reply(&self, task: &Task<'_>, outputs: &Fields) -> Message;

    /// The outputs in a reply.
    ///
    /// # Errors
    /// The reply has no fields, or not those of the signature.
    fn parse(&self, task: &Task<'_>, reply: &LmReply) -> Result<Parsed, ParseError>;

    /// What to say when a reply could not be used, so that the next one can.
    fn correct(&self, task: &Task<'_>, error: &ParseError) -> Message;
}

/// What is asked of a model: the outputs of a signature, for these inputs.
#[derive(Clone, Copy, Debug)]
pub struct Task<'a> {
    /// The signature.
    pub spec: &'a SignatureSpec,
    /// What compiling may change: instruction and demonstrations.
    pub state: &'a SlotState,
    /// The input values.
    pub inputs: &'a Fields,
    /// Tools that the model may call by its provider's own means.
    pub tools: &'a [Tool],
}

/// What a model is asked, as far as an adapter decides.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Prompt {
    /// The chat so far.
    pub messages: Vec<Message>,
    /// How many messages of the beginning are the same whatever the inputs.
    pub stable_messages: usize,
    /// What form the reply must have.
    pub format: ReplyFormat,
    /// Tools that the model may call by its provider's own means.
    pub tools: Vec<Tool>,
    /// Whether it must call one.
    pub tool_choice: ToolChoice,
}

impl<'a> Task<'a> {
    /// A task without tools.
    pub fn new(spec: &'a SignatureSpec, state: &'a SlotState, inputs: &'a Fields) -> Self {
        Self { spec, state, inputs, tools: &[] }
    }
}

impl Prompt {
    /// A prompt for any text.
    pub fn new(messages: Vec<Message>) -> Self {
        Self { messages, ..Self::default() }
    }
}

impl From<Vec<Message>> for Prompt {
    fn from(messages: Vec<Message>) -> Self {
        Self::new(messages)
    }
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
