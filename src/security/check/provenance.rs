//! Where arguments come from: a value must come from a trusted place. (That it must *not* come from an untrusted one would be no rule
//! at all against a hostile model, which can write any value in a way that no text has.)

use super::{Asked, Denied};
use crate::{
    call::ToolCall,
    event::EventKind,
    security::session::{Session, texts},
};

/// Every value of an argument with `from` must stand in one of those places.
pub(in crate::security) fn check(asked: &Asked<'_>, denials: &mut Vec<Denied>) {
    let registries = [asked.boundary.registry(), asked.session.registry()];
    for (name, argument) in &asked.rule.arguments {
        let Some(sources) = &argument.from else {
            continue;
        };
        let value = asked.call.arguments.get(name);
        let known =
            value.is_none_or(|value| asked.session.with_memory(|memory| memory.came_from(sources, &registries, value)));
        if !known {
            denials.push(Denied::argument(EventKind::ProvenanceDenied, name, "from"));
        }
    }
}

/// Whether a refused call asks for what the prose of an earlier reply named, and the input did not: its tool, or a text among its
/// arguments.
pub(in crate::security) fn obeys_a_reply(call: &ToolCall, session: &Session) -> bool {
    let mut words = vec![call.tool.as_str(), call.tool.local()];
    words.extend(texts(call.arguments.values()));
    session.with_memory(|memory| memory.was_told(&words))
}
