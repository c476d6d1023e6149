use std::{
    borrow::Cow,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
};

use abide_base::clock::Clock;
use abide_guard::{Guard, Session};
use abide_lm::{LmReply, LmRequest, Part};

use super::{CallError, Infrastructure, Limits, Shared};
use crate::{
    adapter::{Adapter, Prompt},
    episode::{ModelStep, Recorder},
};

/// What one run may touch. Cheap to clone; clones are of the same run.
#[derive(Clone)]
pub struct Cx {
    shared: Arc<Shared>,
    run: Arc<RunState>,
    recorder: Recorder,
}

struct RunState {
    session: Session,
    seed: u64,
    model_calls: AtomicU32,
}

impl Cx {
    pub(super) fn new(shared: Arc<Shared>, session: Session, recorder: Recorder, seed: u64) -> Self {
        let run = RunState { session, seed, model_calls: AtomicU32::new(0) };
        Self { shared, run: Arc::new(run), recorder }
    }

    /// Asks the model; counted, recorded, and refused when the run's calls are used up. Secrets of the boundary are taken out
    /// of the messages, wherever they came from.
    ///
    /// # Errors
    /// [`CallError::ModelCalls`] when the run's calls are used up, [`CallError::Infrastructure`] when the model gives no reply.
    pub async fn ask(&self, signature: &str, prompt: impl Into<Prompt>) -> Result<LmReply, CallError> {
        self.send(signature, prompt.into()).await
    }

    async fn send(&self, signature: &str, mut prompt: Prompt) -> Result<LmReply, CallError> {
        let limit = self.shared.limits.model_calls;
        if self.run.model_calls.fetch_add(1, Ordering::Relaxed) >= limit {
            return Err(CallError::ModelCalls(limit));
        }
        for part in prompt.messages.iter_mut().flat_map(|message| &mut message.parts) {
            self.scrub(part);
        }
        let mut request = LmRequest::new(prompt.messages);
        request.stable_messages = prompt.stable_messages;
        request.format = prompt.format;
        request.tools = prompt.tools;
        request.tool_choice = prompt.tool_choice;
        request.sampling.temperature = self.shared.limits.temperature;
        request.max_tokens = self.shared.limits.reply_tokens;
        // providers take a signed 32-bit seed at least
        request.sampling.seed = Some(self.run.seed & 0x7fff_ffff);
        let start = self.shared.clock.elapsed();
        let result = self.shared.lm.complete(&request).await;
        let elapsed = self.shared.clock.elapsed().saturating_sub(start);
        let signature = signature.to_owned();
        let step = match &result {
            Ok(reply) => ModelStep {
                signature,
                attempts: reply.attempts,
                usage: reply.usage,
                request_id: reply.request_id.clone(),
                elapsed,
                failure: None,
            },
            Err(error) => ModelStep {
                signature,
                attempts: error.attempts(),
                usage: Default::default(),
                request_id: None,
                elapsed,
                failure: Some(error.to_string()),
            },
        };
        self.recorder.model(step);
        result.map_err(|error| {
            if error.is_unanswerable() { CallError::Unanswerable(error) } else { Infrastructure::Model(error).into() }
        })
    }

    /// Takes the boundary's secrets out of a part. What a provider signed goes back as it came: it was made of scrubbed prompts.
    fn scrub(&self, part: &mut Part) {
        let scrub = |text: &mut String| {
            if let Cow::Owned(clean) = self.shared.redactor.scrub(text) {
                *text = clean;
            }
        };
        match part {
            Part::Text { text } => scrub(text),
            Part::ToolCall(call) => [&mut call.id, &mut call.name, &mut call.arguments].into_iter().for_each(scrub),
            Part::ToolResult(result) => [&mut result.id, &mut result.content].into_iter().for_each(scrub),
            _ => {}
        }
    }

    /// The same run, for a module with this name: what audit rows say of who wanted a call.
    #[must_use]
    pub fn asked_by(&self, module: &str) -> Self {
        Self { recorder: self.recorder.asked_by(module), ..self.clone() }
    }

    /// How prompts are written and replies read.
    pub fn adapter(&self) -> &dyn Adapter {
        self.shared.adapter.as_ref()
    }

    /// The record of the run.
    pub fn recorder(&self) -> &Recorder {
        &self.recorder
    }

    /// The seed of the run.
    pub fn seed(&self) -> u64 {
        self.run.seed
    }

    /// The limits of the run.
    pub fn limits(&self) -> &Limits {
        &self.shared.limits
    }

    /// The clock.
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.shared.clock
    }

    pub(crate) fn guard(&self) -> &Guard {
        &self.shared.guard
    }

    pub(crate) fn session(&self) -> &Session {
        &self.run.session
    }
}
