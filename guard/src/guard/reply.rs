//! What of a reply the program may see.

use abide_base::{
    call::{ToolName, ToolReply, json_bytes},
    event::{EventKind, SecurityEvent},
};
use serde_json::Value;

use crate::{
    Session,
    check::leak,
    policy::{Class, Markup, Policy, ToolRule},
    text::{any_text::any_text, control, decodings::decodings, markers, markup},
};

/// What stands where a value was taken out; whatever stands around it, the two are no markup.
pub(crate) const MASK: &str = "{hidden}";

/// Why the program must not see a reply at all.
pub(crate) fn withheld(rule: &ToolRule, tool: &ToolName, reply: &ToolReply) -> Option<SecurityEvent> {
    let allowed = &rule.reply;
    let reason = if allowed.max_bytes.is_some_and(|max| json_bytes(&reply.content, max as usize).is_none()) {
        "the reply is longer than `reply.max_bytes`: it was withheld"
    } else if allowed.markup == Markup::Refuse && any_text(&reply.content, &mut markup::is_in) {
        "the reply has markup or control characters: it was withheld"
    } else {
        return None;
    };
    Some(SecurityEvent::new(EventKind::ReplyDenied, Some(tool), reason))
}

/// Takes out of a reply what the program must not see, and notes text in it that is made to be taken for an order.
pub(crate) fn clean(
    policy: &Policy,
    rule: &ToolRule,
    tool: &ToolName,
    reply: &mut ToolReply,
    session: &Session,
) -> Vec<SecurityEvent> {
    let event = |kind, detail: String| SecurityEvent::new(kind, Some(tool), detail);
    let found = markers::find(&reply.content);
    let mut events: Vec<_> =
        found.into_iter().map(|kind| event(EventKind::InjectionSeen, format!("the reply has {kind} in it"))).collect();
    let stripped = &mut |text: &str| markup::is_in(text).then(|| markup::strip(text));
    if rule.reply.markup == Markup::Strip && replace(&mut reply.content, stripped) {
        events.push(event(EventKind::ReplyDenied, "markup or control characters were taken out of the reply".into()));
    }
    if rule.reply.markup != Markup::Keep {
        // another way to end a line is no markup
        replace(&mut reply.content, &mut control::with_line_feeds);
    }
    for (name, class) in rule.reply.hide.iter().filter_map(|name| Some((name, policy.class(name)?))) {
        let hidden = &mut |text: &str| hide(class, session, text);
        if replace(&mut reply.content, hidden) {
            let detail = format!("values of the class `{name}` were taken out of the reply");
            events.push(event(EventKind::ReplyDenied, detail));
        }
    }
    events
}

/// The text without values of the class. What is written with blanks, or encoded, or came from a field of the class is hidden with all
/// that is around it.
fn hide(class: &Class, session: &Session, text: &str) -> Option<String> {
    let clean = match &class.pattern {
        Some(pattern) => pattern.regex().replace_all(text, MASK).into_owned(),
        None => text.to_owned(),
    };
    let still_has = session.with_memory(|memory| leak::has_class(class, memory, &decodings(&clean)));
    let clean = if still_has { MASK.to_owned() } else { clean };
    (clean != text).then_some(clean)
}

/// Replaces texts, keys included, and numbers that are written like one; says whether there was anything to replace.
fn replace(value: &mut Value, with: &mut dyn FnMut(&str) -> Option<String>) -> bool {
    match value {
        Value::String(text) => with(text).map(|clean| *text = clean).is_some(),
        Value::Number(number) => match with(&number.to_string()) {
            Some(clean) => {
                *value = Value::String(clean);
                true
            }
            None => false,
        },
        Value::Array(list) => list.iter_mut().fold(false, |any, item| replace(item, with) | any),
        Value::Object(map) => {
            let mut any = false;
            let clean = std::mem::take(map).into_iter().map(|(key, mut item)| {
                any |= replace(&mut item, with);
                let renamed = with(&key);
                any |= renamed.is_some();
                (renamed.unwrap_or(key), item)
            });
            *map = clean.collect();
            any
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests;
