use serde_json::Value;

use crate::{
    call::{Effect, ToolCall, ToolName},
    episode::RunId,
    security::policy::CallLimits,
};

/// Proof that the guard permitted exactly this call, once. Tools run only by consuming one. It knows nothing of tokens: those are
/// attached further down, by the HTTP client of the one server that the tool belongs to.
///
/// Only [`Guard::authorize`](super::Guard::authorize) makes one. It cannot be built:
///
/// ```compile_fail,E0451
/// fn forge(call: abide::call::ToolCall, run: abide::episode::RunId) -> abide::security::Permit {
///     abide::security::Permit { call, effect: abide::call::Effect::Read, run, stand_in: None }
/// }
/// ```
///
/// ```compile_fail,E0624
/// fn forge(call: abide::call::ToolCall, run: abide::episode::RunId) -> abide::security::Permit {
///     abide::security::Permit::new(call, abide::call::Effect::Read, run, None)
/// }
/// ```
///
/// It cannot be used twice, nor can what it permits be changed:
///
/// ```compile_fail,E0599
/// fn twice(permit: abide::security::Permit) -> [abide::security::Permit; 2] {
///     [permit.clone(), permit]
/// }
/// ```
///
/// ```compile_fail,E0616
/// fn alter(mut permit: abide::security::Permit, call: abide::call::ToolCall) {
///     permit.call = call;
/// }
/// ```
///
/// ```compile_fail,E0277
/// fn read_one(text: &str) -> abide::security::Permit {
///     serde_json::from_str(text).unwrap()
/// }
/// ```
#[derive(Debug)]
#[must_use = "a permit is counted and audited as a call: make the call"]
pub struct Permit {
    call: ToolCall,
    effect: Effect,
    limits: CallLimits,
    run: RunId,
    stand_in: Option<Value>,
}

/// What a permit permits.
#[derive(Debug)]
#[must_use = "a permit is counted and audited as a call: make the call"]
pub enum Passage {
    /// To make the call.
    Live(Permitted),
    /// Not to make the call, and to show the program this instead of a reply.
    DryRun(ToolCall, Value),
}

/// A call that is to be made: what tools take, and the only thing they take. Made out of a [`Permit`] and of nothing else.
#[derive(Debug)]
#[must_use = "a permit is counted and audited as a call: make the call"]
pub struct Permitted {
    call: ToolCall,
    effect: Effect,
    limits: CallLimits,
}

impl Permitted {
    /// The tool.
    pub fn tool(&self) -> &ToolName {
        &self.call.tool
    }

    /// What the call does to the world.
    pub fn effect(&self) -> Effect {
        self.effect
    }

    /// What the call may take.
    pub fn limits(&self) -> CallLimits {
        self.limits
    }

    /// The call, for making it.
    pub(crate) fn into_call(self) -> ToolCall {
        self.call
    }
}

impl Permit {
    /// The tool.
    pub fn tool(&self) -> &ToolName {
        &self.call.tool
    }

    /// What the call does to the world.
    pub fn effect(&self) -> Effect {
        self.effect
    }

    /// The run it was issued to.
    pub fn run(&self) -> RunId {
        self.run
    }

    /// What is permitted.
    pub fn into_passage(self) -> Passage {
        match self.stand_in {
            None => Passage::Live(Permitted { call: self.call, effect: self.effect, limits: self.limits }),
            Some(stand_in) => Passage::DryRun(self.call, stand_in),
        }
    }

    pub(super) fn new(call: ToolCall, effect: Effect, run: RunId, stand_in: Option<Value>) -> Self {
        Self { call, effect, limits: CallLimits::default(), run, stand_in }
    }

    pub(super) fn limited(self, limits: CallLimits) -> Self {
        Self { limits, ..self }
    }
}
