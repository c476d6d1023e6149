//! What a server gets that asks for input in the middle of a call: what the operator's policy says, and nothing else.

use abide_base::{call::json_bytes, schema::Schema};
use rmcp::model::{
    ClientCapabilities, ElicitRequestParams, ElicitResult, ElicitationAction, ElicitationCapability,
    FormElicitationCapability, InputRequest, InputRequests, InputResponses,
};
use serde_json::{Map, Value};

use crate::{ToolError, servers::InputPolicy};

/// The longest form that is looked at, in bytes: a server can send one after another.
const MAX_FORM: usize = 32 * 1024;

/// What we tell servers that we can do. Sampling and roots are never offered.
pub(super) fn capabilities(policy: &InputPolicy) -> ClientCapabilities {
    let mut capabilities = ClientCapabilities::default();
    if *policy != InputPolicy::Decline {
        let form = FormElicitationCapability::new().with_schema_validation(true);
        capabilities.elicitation = Some(ElicitationCapability::new().with_form(form));
    }
    capabilities
}

/// The answers to all questions of one round.
///
/// A question that is no form cannot be declined in the protocol's own words, and to one that the policy does not answer there is no
/// point in going on: then the call has failed.
pub(super) fn answer_all(policy: &InputPolicy, questions: &InputRequests) -> Result<InputResponses, ToolError> {
    let answered = |question: &InputRequest| match question {
        InputRequest::Elicitation(_) if *policy == InputPolicy::Decline => Err("a form to be filled in"),
        InputRequest::Elicitation(question) => {
            serde_json::to_value(answer(policy, &question.params)).map_err(|_| "a form that cannot be answered")
        }
        InputRequest::CreateMessage(_) => Err("a reply of a model"),
        InputRequest::ListRoots(_) => Err("a list of folders"),
        _ => Err("something unknown"),
    };
    questions
        .iter()
        .map(|(key, question)| match answered(question) {
            Ok(answer) => Ok((key.clone(), answer)),
            Err(wanted) => Err(ToolError::InputRequired { wanted }),
        })
        .collect()
}

/// The answer to one form. Questions that send a user to a page are declined: there is no user to go.
pub(super) fn answer(policy: &InputPolicy, question: &ElicitRequestParams) -> ElicitResult {
    let content = match question {
        ElicitRequestParams::FormElicitationParams { requested_schema, .. } => {
            serde_json::to_value(requested_schema).ok().and_then(|schema| fill(policy, &schema))
        }
        _ => None,
    };
    match content {
        Some(content) => ElicitResult::new(ElicitationAction::Accept).with_content(Value::Object(content)),
        None => ElicitResult::new(ElicitationAction::Decline),
    }
}

/// The form, filled in with what is known; none when something is missing or does not fit, or the form is longer than a user would fill
/// in.
fn fill(policy: &InputPolicy, schema: &Value) -> Option<Map<String, Value>> {
    json_bytes(schema, MAX_FORM)?;
    let fixed = match policy {
        InputPolicy::Decline => return None,
        InputPolicy::Defaults => None,
        InputPolicy::Answers(values) => Some(values),
    };
    let fields = schema.get("properties")?.as_object()?;
    let known = |(name, field): (&String, &Value)| {
        let value = fixed.and_then(|values| values.get(name)).or_else(|| field.get("default"))?;
        Some((name.clone(), value.clone()))
    };
    let content = Value::Object(fields.iter().filter_map(known).collect());
    if !Schema::compile(schema).ok()?.fits(&content) {
        return None;
    }
    match content {
        Value::Object(content) => Some(content),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
