//! Where arguments come from: a value must come from a trusted place. (That it must *not* come from an untrusted one would be no rule
//! at all against a hostile model, which can write any value in a way that no text has.)

use super::{Denied, args::items};
use crate::{
    call::ToolCall,
    event::EventKind,
    security::{
        boundary::{Registry, ToolRule},
        session::{Session, texts},
    },
};

/// Every value of an argument with `from` must stand in one of those places.
pub(in crate::security) fn check(
    rule: &ToolRule,
    registry: &Registry,
    call: &ToolCall,
    session: &Session,
) -> Result<(), Denied> {
    let registries = [registry, session.registry()];
    for (name, argument) in &rule.arguments {
        let Some(sources) = &argument.from else {
            continue;
        };
        let values = items(call.arguments.get(name));
        let known =
            session.with_memory(|memory| values.into_iter().all(|value| memory.came_from(sources, &registries, value)));
        if !known {
            return Err(Denied::argument(EventKind::ProvenanceDenied, name, "from"));
        }
    }
    Ok(())
}

/// Whether a refused call asks for what the prose of an earlier reply named, and the input did not: its tool, or a text among its
/// arguments.
pub(in crate::security) fn obeys_a_reply(call: &ToolCall, session: &Session) -> bool {
    let mut words = vec![call.tool.as_str(), call.tool.local()];
    words.extend(texts(call.arguments.values()));
    session.with_memory(|memory| memory.was_told(&words))
}
