use abide_lm::{Finish, LmReply, Message, ReplyFormat, Tool, ToolChoice};

use crate::{FieldError, Fields, Flag, Leniency, SignatureSpec, SlotState};

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

    /// The outputs in a reply that is whole: one that ended before its own end counts only where its layout is closed.
    ///
    /// # Errors
    /// As [`Adapter::parse`]; the model declined to answer; or the reply was cut off.
    fn accept(&self, task: &Task<'_>, reply: &LmReply) -> Result<Parsed, ParseError> {
        accept(self, task, reply)
    }

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

/// What [`Adapter::accept`] does where an adapter has no rule of its own.
pub(super) fn accept(
    adapter: &(impl Adapter + ?Sized),
    task: &Task<'_>,
    reply: &LmReply,
) -> Result<Parsed, ParseError> {
    if reply.refusal.is_some() || (reply.finish == Finish::Filtered && reply.text.trim().is_empty()) {
        return Err(ParseError::Declined);
    }
    match (adapter.parse(task, reply), ParseError::of_end(&reply.finish)) {
        (Ok(parsed), Some(end)) if parsed.is_open() => Err(end),
        (Ok(parsed), _) => Ok(parsed),
        (Err(_), Some(end)) => Err(end),
        (Err(error), None) => Err(error),
    }
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
    /// Where the reply strayed from the layout, or a value from its type, and was understood all the same.
    pub flags: Vec<Flag>,
}

/// Why a reply has no outputs. Says what is wrong, never what the reply said.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ParseError {
    /// The reply has no layout that is known.
    #[error("the reply has no field marker")]
    NoMarker,
    /// The reply has no JSON object with any of the fields.
    #[error("the reply has no JSON object with the fields")]
    NoObject,
    /// The reply has no tag of any of the fields.
    #[error("the reply has no tag of a field")]
    NoTag,
    /// The reply has nothing in it but what the model thought.
    #[error("the reply ends before its answer begins")]
    OnlyThoughts,
    /// What the model thought ends more than once, so where its answer begins is not known.
    #[error("the reply has more than one end of thoughts, so where its answer begins is not known")]
    Thoughts,
    /// The reply ran out of tokens before its end, so the end of its last value may be missing.
    #[error("the reply was cut off at the limit of its tokens; be brief")]
    CutOff,
    /// The provider ended the reply for a reason of its own.
    #[error("the reply was ended by the model's provider ({0})")]
    Ended(&'static str),
    /// The model, or its provider, declined to answer.
    #[error("the model declined to answer")]
    Declined,
    /// A field was written twice, with two values: neither is taken.
    #[error("field `{0}` stands in the reply twice, with two values; write it once")]
    Repeated(String),
    /// A marker stands within a line where it may be quoted.
    #[error(
        "the marker of `{0}` stands within a line, where it may be a part of a value; write each marker on a line of its own, in order"
    )]
    Misplaced(String),
    /// The reply has several objects that fit and differ: none is taken.
    #[error("the reply has several JSON objects that fit and differ; write one")]
    Ambiguous,
    /// The fields do not fit the signature: all that is wrong with them.
    #[error("{}", join(.0))]
    Fields(Vec<FieldError>),
}

impl Parsed {
    /// With a flag of the reply as a whole, before the others.
    pub(super) fn flagged(mut self, leniency: Leniency) -> Self {
        self.flags.insert(0, Flag::new("", leniency));
        self
    }

    /// Whether more of the reply could have followed.
    fn is_open(&self) -> bool {
        self.flags.iter().any(|flag| matches!(flag.leniency, Leniency::Unclosed | Leniency::Unmarked | Leniency::Prose))
    }
}

impl ParseError {
    /// What an end of a reply that is not its own means.
    pub(super) fn of_end(finish: &Finish) -> Option<Self> {
        match finish {
            Finish::Complete => None,
            Finish::Limit => Some(Self::CutOff),
            Finish::Filtered => Some(Self::Ended("content filter")),
            Finish::Error => Some(Self::Ended("error")),
            Finish::Paused => Some(Self::Ended("pause")),
            _ => Some(Self::Ended("a word that is not known")),
        }
    }
}

/// What is wrong, in one line.
pub(crate) fn join(errors: &[FieldError]) -> String {
    errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}
