//! Arguments must fit the schema that the tool's server gives.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use abide_base::{
    call::{ToolCall, ToolSpec},
    event::EventKind,
    schema::{CheckPermits, Misfit, Place, Schema, SchemaError, declared_argument, declares, is_closed},
};
use abide_signatures::Digest;
use serde_json::Value;
use tokio::sync::OnceCell;

use crate::{check::denied::Denied, policy::RuleId};

/// More tools than any boundary has; a server that changes its tools for ever cannot fill the memory.
const MAX_SCHEMAS: usize = 4_096;

/// A schema that is compiled when it is first needed, once, and outside of any lock.
type Cell = Arc<OnceCell<Result<Arc<Schema>, SchemaError>>>;

/// Compiled schemas, by the digest of the tool's definition.
#[derive(Default)]
pub(crate) struct Schemas {
    known: Mutex<HashMap<Digest, Cell>>,
    permits: CheckPermits,
}

impl Schemas {
    /// Checks the arguments. A schema that cannot be used lets nothing through, nor does one that has properties let through an argument
    /// that it does not name: the server could take it for one that the operator has a rule for. The call is as before afterwards: its
    /// arguments are only lent to the validator, which wants them as one value.
    pub(crate) async fn check(&self, call: &mut ToolCall, tool: &ToolSpec) -> Result<(), Denied> {
        let schema = self.schema(tool).await.map_err(|error| unusable(&error))?;
        if is_closed(&tool.input_schema) && call.arguments.keys().any(|name| !declares(&tool.input_schema, name)) {
            return Err(Denied {
                rule: Some(RuleId::Schema),
                ..Denied::new(
                    EventKind::ArgumentsMalformed,
                    "there is an argument that the tool's schema does not name",
                )
            });
        }
        let arguments = Value::Object(std::mem::take(&mut call.arguments));
        let (arguments, found) = schema.check(arguments, &self.permits).await;
        if let Value::Object(arguments) = arguments {
            call.arguments = arguments;
        }
        found.map_err(|misfit| denied(&misfit, call, tool))
    }

    async fn schema(&self, tool: &ToolSpec) -> Result<Arc<Schema>, SchemaError> {
        let cell = self.cell(&tool.digest);
        let compile = || async { Schema::compile_apart(&tool.input_schema, &self.permits).await.map(Arc::new) };
        cell.get_or_init(compile).await.clone()
    }

    fn cell(&self, digest: &Digest) -> Cell {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(cell) = known.get(digest) {
            return Arc::clone(cell);
        }
        if known.len() >= MAX_SCHEMAS {
            known.clear();
        }
        Arc::clone(known.entry(digest.clone()).or_default())
    }
}

fn unusable(error: &SchemaError) -> Denied {
    let detail = format!("the tool's input schema cannot be used: {error}; ask the server's maintainer");
    Denied::new(EventKind::CheckFailed, detail)
}

fn denied(misfit: &Misfit, call: &ToolCall, tool: &ToolSpec) -> Denied {
    match misfit {
        Misfit::Value(place) => does_not_fit(place, call, tool),
        Misfit::TooCostly => Denied {
            rule: Some(RuleId::Schema),
            ..Denied::new(
                EventKind::ArgumentsMalformed,
                "checking the arguments against the tool's schema could take longer than a second: pass smaller arguments",
            )
        },
        Misfit::Failed => {
            Denied::new(EventKind::CheckFailed, "the arguments could not be checked against the tool's schema")
        }
    }
}

/// What does not fit, by the first thing that is found. An argument that is missing is named, and so is the type that the schema wants:
/// both are words of the tool's schema.
fn does_not_fit(place: &Place, call: &ToolCall, tool: &ToolSpec) -> Denied {
    let keyword = place.schema.rsplit('/').next().unwrap_or_default();
    let missing = (keyword == "required" && place.value.is_empty()).then(|| missing(call, tool)).flatten();
    let argument = declared_argument(&place.value, tool);
    let detail = match (&argument, &missing) {
        (None, Some(name)) => format!("argument `{name}` is missing: the tool's schema requires it"),
        _ => {
            let what = match &argument {
                Some(name) => format!("argument `{name}` does not fit the tool's schema"),
                None => "the arguments do not fit the tool's schema".to_owned(),
            };
            let wanted = type_wanted(&place.schema, tool);
            match wanted {
                Some(types) => format!("{what}: `type` {types}"),
                None if keyword.is_empty() => what,
                None => format!("{what}: `{keyword}`"),
            }
        }
    };
    Denied {
        argument: argument.or(missing),
        rule: Some(RuleId::Schema),
        ..Denied::new(EventKind::ArgumentsMalformed, detail)
    }
}

/// The first argument that the tool's schema requires and the call does not have.
fn missing(call: &ToolCall, tool: &ToolSpec) -> Option<String> {
    let mut required = tool.input_schema.get("required")?.as_array()?.iter().filter_map(Value::as_str);
    let name = required.find(|name| !call.arguments.contains_key(*name))?;
    declares(&tool.input_schema, name).then(|| name.to_owned())
}

/// The types that stand at this place of the tool's schema, if it is a `type`.
fn type_wanted(place: &str, tool: &ToolSpec) -> Option<String> {
    const TYPES: [&str; 7] = ["string", "number", "integer", "boolean", "array", "object", "null"];
    let wanted = tool.input_schema.pointer(place).filter(|_| place.ends_with("/type"))?;
    let listed = wanted.as_array().map_or(std::slice::from_ref(wanted), Vec::as_slice);
    let types: Vec<_> = TYPES.into_iter().filter(|name| listed.iter().any(|one| one == name)).collect();
    (!types.is_empty()).then(|| format!("`{}`", types.join("` or `")))
}

#[cfg(test)]
mod tests;
