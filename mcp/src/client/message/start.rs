//! Who a server says that it is.

use rmcp::model::{DiscoverResult, ErrorData, Implementation, InitializeResult, ServerCapabilities, ServerResult};
use serde_json::{Map, Value, json};

use super::{fit, typed::typed};
use crate::client::oddity::Oddities;

/// The versions that begin with `initialize`, the oldest first.
const OLDER: &[&str] = &["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"];
/// The versions that are asked for with `server/discover`.
const NEWER: &[&str] = &["2026-07-28"];
const CAPABILITIES: &[&str] =
    &["experimental", "extensions", "logging", "completions", "prompts", "resources", "tools"];
const ABOUT: &[&str] = &["title", "description", "icons", "websiteUrl"];

/// The answer to `initialize`, as far as it can be read. Of what is missing the least is assumed; what a server can do is seen by
/// asking for it, and not by what it says here.
pub(super) fn initialize(result: Value, oddities: &Oddities) -> Option<ServerResult> {
    let Value::Object(mut result) = result else {
        return None;
    };
    let mut start = common(&mut result, "initialize", oddities);
    let version = match result.remove("protocolVersion") {
        Some(Value::String(version)) => version,
        _ => {
            // what a server is taken to speak that says nothing, by the specification of 2025-06-18 and later
            let assumed = "2025-03-26";
            let reason = format!("it is missing or not a text: `{assumed}` is assumed");
            oddities.note(None, "`protocolVersion` of `initialize`", reason);
            assumed.to_owned()
        }
    };
    start.insert("protocolVersion".to_owned(), Value::from(version));
    let about = implementation(result.remove("serverInfo"), oddities);
    start.insert("serverInfo".to_owned(), about);
    typed::<InitializeResult>(Value::Object(start)).map(ServerResult::from)
}

/// The answer to `server/discover`; the error of a server of the older era, where it names no version that is asked for so.
pub(super) fn discover(result: Value, oddities: &Oddities) -> Result<Option<ServerResult>, ErrorData> {
    let Value::Object(mut result) = result else {
        return Err(not_served());
    };
    let versions: Vec<Value> = match result.remove("supportedVersions") {
        Some(Value::Array(versions)) => versions.into_iter().filter(Value::is_string).collect(),
        Some(Value::String(version)) => vec![Value::from(version)],
        _ => return Err(not_served()),
    };
    if versions.is_empty() || is_older(&versions) {
        return Err(not_served());
    }
    let mut start = common(&mut result, "server/discover", oddities);
    start.insert("resultType".to_owned(), Value::from("complete"));
    start.insert("supportedVersions".to_owned(), Value::from(versions));
    // neither is made use of
    start.insert("ttlMs".to_owned(), Value::from(0));
    start.insert("cacheScope".to_owned(), Value::from("private"));
    Ok(typed::<DiscoverResult>(Value::Object(start)).map(ServerResult::from))
}

/// Whether a server refuses the versions of the newer era and offers one of the older.
pub(super) fn offers_older_versions(error: &ErrorData) -> bool {
    let supported = error.data.as_ref().and_then(|data| data.get("supported"));
    supported.and_then(Value::as_array).is_some_and(|versions| is_older(versions))
}

/// Stands for the answer of a server of the older era.
pub(in crate::client) fn not_served() -> ErrorData {
    ErrorData::invalid_request("server/discover is not served", None)
}

fn is_older(versions: &[Value]) -> bool {
    let names =
        |known: &[&str]| versions.iter().any(|version| version.as_str().is_some_and(|one| known.contains(&one)));
    names(OLDER) && !names(NEWER)
}

fn common(result: &mut Map<String, Value>, method: &str, oddities: &Oddities) -> Map<String, Value> {
    let mut capabilities = match result.remove("capabilities") {
        Some(Value::Object(capabilities)) => capabilities,
        _ => {
            oddities.note(
                None,
                format!("`capabilities` of `{method}`"),
                "it is ignored, because it is missing or not an object",
            );
            Map::new()
        }
    };
    for odd in fit::fit::<ServerCapabilities>(&mut capabilities, &json!({}), CAPABILITIES) {
        oddities.note(
            None,
            format!("`capabilities.{odd}` of `{method}`"),
            "it is ignored, because it is not as the protocol says",
        );
    }
    capabilities.retain(|name, _| CAPABILITIES.contains(&name.as_str()));
    let mut start = Map::from_iter([("capabilities".to_owned(), Value::Object(capabilities))]);
    match result.remove("instructions") {
        None | Some(Value::Null) => {}
        Some(Value::String(instructions)) => {
            start.insert("instructions".to_owned(), Value::from(instructions));
        }
        Some(_) => {
            oddities.note(None, format!("`instructions` of `{method}`"), "it is ignored, because it is not a text")
        }
    }
    start
}

/// Who made the server. That is for people, so that a name and a version may be anything.
fn implementation(value: Option<Value>, oddities: &Oddities) -> Value {
    let Some(Value::Object(mut about)) = value else {
        oddities.note(None, "`serverInfo` of `initialize`", "it is ignored, because it is missing or not an object");
        return json!({ "name": "", "version": "" });
    };
    for name in ["name", "version"] {
        if !about.get(name).is_some_and(Value::is_string) {
            oddities.note(None, format!("`serverInfo.{name}` of `initialize`"), "it is missing or not a text");
            about.insert(name.to_owned(), Value::from(""));
        }
    }
    for odd in fit::fit::<Implementation>(&mut about, &json!({ "name": "", "version": "" }), ABOUT) {
        let reason = "it is ignored, because it is not as the protocol says";
        oddities.note(None, format!("`serverInfo.{odd}` of `initialize`"), reason);
    }
    Value::Object(about)
}
