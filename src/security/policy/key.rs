use super::reader::join;

/// The place of a rule of a field, `path` being the names that lead to it. A field that is named like a key of rules stands under `fields`.
pub(in crate::security) fn field_path(argument: &str, path: &[&str]) -> String {
    path.iter().fold(argument.to_owned(), |place, name| {
        let is_key = ARGUMENT_KEYS.contains(name);
        join(&if is_key { join(&place, "fields") } else { place }, name)
    })
}

/// Keys of a rule; a table under any other key of one is a rule for a field of that name.
pub(in crate::security) const ARGUMENT_KEYS: &[&str] = &[
    "pattern",
    "enum",
    "min",
    "max",
    "min_chars",
    "max_chars",
    "max_items",
    "prefix",
    "hosts",
    "links",
    "path_root",
    "from",
    "as",
    "fields",
];
