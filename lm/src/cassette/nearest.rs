//! Which recorded request is the nearest to an unknown one, and where both part.

use serde_json::Value;

/// Characters of a text that are shown.
const SHOWN: usize = 60;
/// Characters that are shown before the first difference.
const BEFORE: usize = 15;

/// What the nearest of the recorded requests has instead. All of them are redacted.
pub(super) fn describe<'v>(recorded: impl Iterator<Item = &'v Value>, asked: &Value) -> String {
    // of equally near ones the last, which is the newest
    match recorded.max_by_key(|known| nearness(known, asked)) {
        Some(nearest) => format!("the nearest one differs in {}", difference(nearest, asked)),
        None => "nothing is recorded".to_owned(),
    }
}

/// Leading messages that are equal, other fields that are, and characters of the first message that is not.
fn nearness(known: &Value, asked: &Value) -> (usize, usize, usize) {
    let (ours, theirs) = (messages(known), messages(asked));
    let same = ours.iter().zip(theirs).take_while(|(a, b)| a == b).count();
    let fields = fields(asked).filter(|(name, value)| known.get(*name) == Some(*value)).count();
    let start = match (ours.get(same), theirs.get(same)) {
        (Some(ours), Some(theirs)) => common(&text(ours), &text(theirs)),
        _ => 0,
    };
    (same, fields, start)
}

fn difference(known: &Value, asked: &Value) -> String {
    let (ours, theirs) = (messages(known), messages(asked));
    let same = ours.iter().zip(theirs).take_while(|(a, b)| a == b).count();
    match (ours.get(same), theirs.get(same)) {
        (Some(ours), Some(theirs)) => {
            let role = |message: &Value| message.get("role").and_then(Value::as_str).unwrap_or("?").to_owned();
            let (ours, theirs, whose) = match (role(ours), role(theirs)) {
                (a, b) if a == b => (text(ours), text(theirs), a),
                (a, b) => (a.clone(), b.clone(), format!("{a}, asked {b}")),
            };
            let (known, asked) = parted(&ours, &theirs);
            format!("message {} ({whose}): recorded `{known}`, asked `{asked}`", same + 1)
        }
        (None, None) => field_difference(known, asked),
        _ => format!("the number of messages: recorded {}, asked {}", ours.len(), theirs.len()),
    }
}

fn field_difference(known: &Value, asked: &Value) -> String {
    let names = fields(asked).chain(fields(known)).map(|(name, _)| name);
    let Some(name) = names.into_iter().find(|name| known.get(*name) != asked.get(*name)) else {
        return "nothing that can be told".to_owned();
    };
    let shown = |value: Option<&Value>| value.map_or_else(|| "nothing".to_owned(), ToString::to_string);
    let (known, asked) = (shown(known.get(name)), shown(asked.get(name)));
    let (known, asked) = parted(&known, &asked);
    format!("`{name}`: recorded `{known}`, asked `{asked}`")
}

fn messages(request: &Value) -> &[Value] {
    request.get("messages").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

fn fields(request: &Value) -> impl Iterator<Item = (&str, &Value)> {
    let fields = request.as_object().into_iter().flatten();
    fields.map(|(name, value)| (name.as_str(), value)).filter(|(name, _)| *name != "messages")
}

/// The text of a message that is only text; else its JSON.
fn text(message: &Value) -> String {
    let parts = message.get("parts").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    match parts {
        [only] => only.get("text").and_then(Value::as_str).map_or_else(|| only.to_string(), str::to_owned),
        parts => parts.iter().map(ToString::to_string).collect(),
    }
}

fn common(a: &str, b: &str) -> usize {
    a.chars().zip(b.chars()).take_while(|(a, b)| a == b).count()
}

/// Both texts where they part.
fn parted(a: &str, b: &str) -> (String, String) {
    let start = common(a, b).saturating_sub(BEFORE);
    let cut = |text: &str| {
        let shown: String =
            text.chars().skip(start).take(SHOWN).map(|c| if c.is_control() { ' ' } else { c }).collect();
        let more = if text.chars().count() > start + SHOWN { "…" } else { "" };
        format!("{}{shown}{more}", if start > 0 { "…" } else { "" })
    };
    (cut(a), cut(b))
}
