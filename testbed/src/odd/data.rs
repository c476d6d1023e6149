use toml::Table;

use super::{Case, Error};

/// The files of cases by name.
const FILES: &[(&str, &str)] = &[
    ("ordinary", include_str!("../../wild/ordinary.toml")),
    ("sessions", include_str!("../../wild/sessions.toml")),
    ("starts", include_str!("../../wild/starts.toml")),
    ("replies", include_str!("../../wild/replies.toml")),
    ("envelopes", include_str!("../../wild/envelopes.toml")),
    ("streams", include_str!("../../wild/streams.toml")),
    ("listings", include_str!("../../wild/listings.toml")),
    ("hellos", include_str!("../../wild/hellos.toml")),
    ("errors", include_str!("../../wild/errors.toml")),
    ("unconfirmed", include_str!("../../wild/unconfirmed.toml")),
    ("issuers", include_str!("../../wild/issuers.toml")),
    ("tokens", include_str!("../../wild/tokens.toml")),
    ("grants", include_str!("../../wild/grants.toml")),
    ("schemas", include_str!("../../wild/schemas.toml")),
    ("hostile", include_str!("../../wild/hostile.toml")),
    ("policy", include_str!("../../wild/policy.toml")),
    ("limits", include_str!("../../wild/limits.toml")),
    ("providers", include_str!("../../wild/providers.toml")),
    ("markup", include_str!("../../wild/markup.toml")),
];

/// A file: what all of its cases have in common, and the cases.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    base: Table,
    case: Vec<Table>,
}

/// All cases, file by file.
///
/// # Errors
/// A file is wrong.
pub fn cases() -> Result<Vec<Case>, Error> {
    let mut cases = Vec::new();
    for (kind, text) in FILES {
        cases.extend(read(kind, text)?);
    }
    Ok(cases)
}

pub(super) fn read(kind: &str, text: &str) -> Result<Vec<Case>, Error> {
    let wrong = |error: String| Error::File { file: format!("{kind}.toml"), error };
    let file: File = toml::from_str(text).map_err(|error| wrong(error.to_string()))?;
    let whole = |own: Table| {
        let name = own.get("name").and_then(toml::Value::as_str).unwrap_or("without a name").to_owned();
        let mut table = file.base.clone();
        if own.contains_key("expect") {
            // what is expected is said as a whole
            table.remove("expect");
        }
        lay(&mut table, own);
        table.insert("kind".to_owned(), kind.into());
        table.try_into().map_err(|error: toml::de::Error| wrong(format!("`{name}`: {}", error.message())))
    };
    file.case.into_iter().map(whole).collect()
}

/// Lays a table over another one, table by table.
fn lay(below: &mut Table, above: Table) {
    for (key, value) in above {
        match (below.get_mut(&key), value) {
            (Some(toml::Value::Table(below)), toml::Value::Table(above)) => lay(below, above),
            (_, value) => drop(below.insert(key, value)),
        }
    }
}
