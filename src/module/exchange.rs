use abide_base::event::{EventKind, SecurityEvent};
use abide_lm::{Finish, LmReply};

use crate::{
    Fields, SignatureSpec, Slot, SlotState,
    adapter::{Leniency, ParseError, Task},
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
    let error = match read(cx, task, &reply) {
        Ok(outputs) => return Ok(outputs),
        Err(error) => error,
    };
    reject(cx, spec, &error);
    let mut prompt = cx.adapter().render(task);
    // a provider refuses a message without content
    prompt.messages.extend(Some(reply.message()).filter(|message| !message.is_empty()));
    prompt.messages.push(cx.adapter().correct(task, &error));
    let reply = cx.ask(&spec.name, prompt).await?;
    read(cx, task, &reply).map_err(|error| {
        reject(cx, spec, &error);
        CallError::OutputRejected { signature: spec.name.clone(), reason: error.to_string() }
    })
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

fn read(cx: &Cx, task: &Task<'_>, reply: &LmReply) -> Result<Fields, ParseError> {
    let parsed = cx.adapter().parse(task, reply)?;
    if reply.finish == Finish::Limit && parsed.leniencies.contains(&Leniency::Unclosed) {
        return Err(ParseError::CutOff);
    }
    Ok(parsed.outputs)
}

fn reject(cx: &Cx, spec: &SignatureSpec, error: &ParseError) {
    let detail = format!("output of `{}`: {error}", spec.name);
    cx.recorder().event(SecurityEvent::new(EventKind::OutputRejected, None, detail));
}
