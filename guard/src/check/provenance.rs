//! Where arguments come from (information-flow or taint tracking, by values): a value must come from a trusted place. (That it must *not* come from an untrusted one would be no rule
//! at all against a hostile model, which can write any value in a way that no text has.)

use abide_base::{call::ToolCall, event::EventKind};
use serde_json::Value;

use super::{args::field, asked::Asked, denied::Denied};
use crate::{
    policy::{ArgumentRule, Registry, RuleId, WrittenAs, field_path},
    session::{Origin, Session, texts},
};

/// Every value of an argument with `from` must stand in one of those places. What had to be read for that goes into `readings`.
pub(crate) fn check(asked: &Asked<'_>, denials: &mut Vec<Denied>, readings: &mut Vec<Reading>) {
    let registries = [asked.policy.registry(), asked.session.registry()];
    for (name, argument) in &asked.rule.arguments {
        let Some(value) = asked.call.arguments.get(name) else { continue };
        if let Some(origin) = Origin::of(argument, &registries) {
            if !asked.session.with_memory(|memory| memory.is_from(&origin, value)) {
                denials.push(Denied::argument(EventKind::ProvenanceDenied, name, RuleId::From));
            }
            readings.extend(Reading::of(&origin, || name.clone()));
        }
        if !argument.fields.is_empty() {
            fields(asked.session, &registries, (name, argument), value, |path, origin, leaf| {
                denials.extend(
                    leaf.map(|leaf| field::denied(EventKind::ProvenanceDenied, (name, path), leaf, RuleId::From)),
                );
                readings.extend(Reading::of(origin, || field_path(name, path)));
            });
        }
    }
}

/// Looks for the values of each field that has `from`, and tells of each rule the first leaf that came from nowhere.
pub fn fields(
    session: &Session,
    registries: &[&Registry],
    (name, argument): (&str, &ArgumentRule),
    value: &Value,
    mut tell: impl FnMut(&[&str], &Origin<'_>, Option<&str>),
) {
    for (path, rule) in argument.all().into_iter().filter(|(path, _)| !path.is_empty()) {
        let Some(origin) = Origin::of(rule, registries) else { continue };
        let unknown = session
            .with_memory(|memory| field::first_item(name, &path, value, &mut |leaf| !memory.is_from(&origin, leaf)));
        tell(&path, &origin, unknown.as_deref());
    }
}

/// A value that stood in the input in another way than the call has it, and that a rule let count (`as`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reading {
    /// The argument, or the path of the field in it; names that the boundary has.
    pub(crate) argument: String,
    pub(crate) written_as: WrittenAs,
}

impl Reading {
    fn of(origin: &Origin<'_>, argument: impl FnOnce() -> String) -> Option<Self> {
        origin.written_as().map(|written_as| Self { argument: argument(), written_as })
    }
}

/// Whether a refused call asks for what the prose of an earlier reply named, and the input did not: its tool, or a text among its
/// arguments.
pub(crate) fn follows_injected_text(call: &ToolCall, session: &Session) -> bool {
    let mut words = vec![call.tool.as_str(), call.tool.local()];
    words.extend(texts(call.arguments.values()));
    session.with_memory(|memory| memory.was_told(&words))
}
