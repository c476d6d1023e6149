use super::{Answer, ArgumentRule, Class, Limits, ReplyRule, ToolRule, WindowLimit, reader::join};

/// The keys of all tables that are read row by row.
pub const TABLES: [&[&str]; 7] =
    [ToolRule::KEYS, ArgumentRule::KEYS, ReplyRule::KEYS, Class::KEYS, Answer::KEYS, Limits::KEYS, WindowLimit::KEYS];

/// The place of a rule of a field, `path` being the names that lead to it. A field that is named like a key of rules stands under `fields`.
pub fn field_path(argument: &str, path: &[&str]) -> String {
    path.iter().fold(argument.to_owned(), |place, name| {
        let is_key = ArgumentRule::KEYS.contains(name);
        join(&if is_key { join(&place, "fields") } else { place }, name)
    })
}
