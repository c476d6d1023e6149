//! A field of a reply, as a rule of sequence asks for it.

use serde_json::Value;

/// The one value that a field has wherever it stands in a value. A path leads through objects, and through every item of a list.
pub(super) fn field_of<'v>(value: &'v Value, path: &str) -> Option<&'v Value> {
    let mut found = None;
    let is_clear = gather(value, Some(path), &mut found);
    found.filter(|_| is_clear)
}

/// Whether all places have the field, with one value; what is left of the path is `None` if a value is reached.
fn gather<'v>(value: &'v Value, path: Option<&str>, found: &mut Option<&'v Value>) -> bool {
    match (value, path) {
        (Value::Array(list), _) => !list.is_empty() && list.iter().all(|item| gather(item, path, found)),
        (Value::Object(map), Some(path)) => {
            // a key can have dots itself: where it could be read in two ways, both must say the same
            let whole = map.get(path).map(|value| (value, None));
            let below = path.match_indices('.').filter_map(|(at, _)| {
                let (key, rest) = path.split_at(at);
                Some((map.get(key)?, rest.get(1..)))
            });
            let mut ways = whole.into_iter().chain(below).peekable();
            ways.peek().is_some() && ways.all(|(value, rest)| gather(value, rest, found))
        }
        (Value::Object(_), None) | (_, Some(_)) => false,
        (value, None) => *found.get_or_insert(value) == value,
    }
}

#[cfg(test)]
mod tests;
