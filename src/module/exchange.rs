use abide_base::event::{EventKind, SecurityEvent};
use abide_lm::LmReply;

use crate::{
    Fields, SignatureSpec, Slot, SlotState,
    adapter::{ParseError, Task},
    episode::Exchange,
    runtime::{CallError, Cx},
};

/// Asks for a slot's outputs and writes the exchange down, so that it may become a demonstration. The model is shown `shown`:
/// the inputs, and what is left out of demonstrations because it is the same in every exchange.
pub(super) async fn exchange(cx: &Cx, slot: &Slot, shown: &Fields, inputs: Fields) -> Result<Fields, CallError> {
    let outputs = ask(cx, slot.spec(), slot.state(), shown).await?;
    cx.recorder().exchange(Exchange { slot: slot.id().clone(), inputs, outputs: outputs.clone() });
    Ok(outputs)
}

/// Asks for a signature's outputs. A reply that cannot be used gets one corrective retry.
pub(super) async fn ask(
    cx: &Cx,
    spec: &SignatureSpec,
    state: &SlotState,
    inputs: &Fields,
) -> Result<Fields, CallError> {
    let task = &Task::new(spec, state, inputs);
    let reply = cx.ask(&spec.name, cx.adapter().render(task)).await?;
    let error = match cx.adapter().accept(task, &reply) {
        Ok(parsed) => return Ok(parsed.outputs),
        Err(error) => error,
    };
    reject(cx, spec, &error);
    if !may_be_corrected(&error, &reply) {
        return Err(rejected(cx, spec, &error));
    }
    let mut prompt = cx.adapter().render(task);
    // a provider refuses a message without content
    prompt.messages.extend(Some(reply.message()).filter(|message| !message.is_empty()));
    prompt.messages.push(cx.adapter().correct(task, &error));
    let reply = cx.ask(&spec.name, prompt).await?;
    cx.adapter().accept(task, &reply).map(|parsed| parsed.outputs).map_err(|error| {
        reject(cx, spec, &error);
        rejected(cx, spec, &error)
    })
}

/// Whether another request may help: not where the model declined, and not where its tokens ran out before the first word, since they
/// would again.
fn may_be_corrected(error: &ParseError, reply: &LmReply) -> bool {
    match error {
        ParseError::Declined => false,
        ParseError::CutOff => !reply.text.trim().is_empty(),
        _ => true,
    }
}

fn rejected(cx: &Cx, spec: &SignatureSpec, error: &ParseError) -> CallError {
    let mut reason = error.to_string();
    if *error == ParseError::CutOff {
        reason = format!(
            "the reply was cut off at its limit of {} tokens: raise `limits.reply_tokens`, which also holds what the model thinks",
            cx.limits().reply_tokens
        );
    }
    CallError::OutputRejected { signature: spec.name.clone(), reason }
}

/// Checks input values before any model is asked.
pub(super) fn check_input(cx: &Cx, spec: &SignatureSpec, inputs: &Fields) -> Result<(), CallError> {
    let errors = spec.check_inputs(inputs);
    if errors.is_empty() {
        return Ok(());
    }
    let error = CallError::InputRejected { signature: spec.name.clone(), errors };
    cx.recorder().event(SecurityEvent::new(EventKind::InputRejected, None, error.to_string()));
    Err(error)
}

/// The fields of a typed input.
pub(super) fn fields<T: serde::Serialize>(spec: &SignatureSpec, input: &T) -> Result<Fields, CallError> {
    Fields::of(input).map_err(|error| CallError::Module(format!("input of `{}` is not an object: {error}", spec.name)))
}

/// The typed form of checked outputs.
pub(super) fn typed<T: serde::de::DeserializeOwned>(
    cx: &Cx,
    spec: &SignatureSpec,
    outputs: &Fields,
) -> Result<T, CallError> {
    outputs.typed().map_err(|error| {
        let error = CallError::OutputRejected { signature: spec.name.clone(), reason: error.to_string() };
        cx.recorder().event(SecurityEvent::new(EventKind::OutputRejected, None, error.to_string()));
        error
    })
}

fn reject(cx: &Cx, spec: &SignatureSpec, error: &ParseError) {
    let detail = format!("output of `{}`: {error}", spec.name);
    cx.recorder().event(SecurityEvent::new(EventKind::OutputRejected, None, detail));
}
