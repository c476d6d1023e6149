//! The tools of the customer service: what they take, give and need.

use std::{collections::BTreeMap, sync::Arc};

use jsonschema::Validator;
use rmcp::model::{JsonObject, Tool, ToolAnnotations};
use serde_json::{Value, json};

use super::Error;
use crate::log::DEFAULT_PRIORITY;

/// The scope that a token needs for `tool`, or `None` if there is no such tool.
#[must_use]
pub fn scope_of(tool: &str) -> Option<&'static str> {
    Some(match tool {
        "get_customer_info" | "get_recent_customers" => "customer:read",
        "create_support_ticket" => "ticket:create",
        "calculate_account_value" => "account:calculate",
        "search_customers" => "customer:search",
        "export_customers" => "customer:export",
        "issue_refund" => "refund:create",
        _ => return None,
    })
}

/// Every scope that some tool needs, sorted.
pub const SCOPES: [&str; 6] =
    ["account:calculate", "customer:export", "customer:read", "customer:search", "refund:create", "ticket:create"];

/// The definitions, and a validator for the arguments of each tool.
#[derive(Debug)]
pub(super) struct Catalog {
    pub(super) tools: Vec<Tool>,
    arguments: BTreeMap<String, Validator>,
}

impl Catalog {
    pub(super) fn new() -> Result<Self, Error> {
        let tools = definitions();
        let mut arguments = BTreeMap::new();
        for tool in &tools {
            let validator = jsonschema::validator_for(&tool.schema_as_json_value())
                .map_err(|error| Error::Schema(tool.name.to_string(), error.to_string()))?;
            arguments.insert(tool.name.to_string(), validator);
        }
        Ok(Self { tools, arguments })
    }

    /// Whether `arguments` are what `tool` takes; if not, what is wrong first, for the model.
    pub(super) fn check(&self, tool: &str, arguments: &Value) -> Result<(), String> {
        let Some(validator) = self.arguments.get(tool) else {
            return Ok(());
        };
        validator.validate(arguments).map_err(|error| {
            let place = error.instance_path().to_string();
            let place = place.trim_start_matches('/');
            let text: String = error.masked().to_string().chars().take(200).collect();
            if place.is_empty() {
                format!("invalid arguments: {text}")
            } else {
                format!("invalid argument `{place}`: {text}")
            }
        })
    }
}

fn definitions() -> Vec<Tool> {
    let mut tools = lookups();
    tools.extend(figures());
    tools.extend(actions());
    tools
}

fn lookups() -> Vec<Tool> {
    let listed = json!({ "customers": { "type": "array", "items": record(json!({
        "customer_id": { "type": "string" }, "name": { "type": "string" },
    })) } });
    vec![
        tool(
            "get_customer_info",
            "Look up one customer by id: name, tier, status, e-mail, customer since, and the notes on the account.",
            record(json!({ "customer_id": customer_id() })),
            record(json!({
                "customer_id": { "type": "string" },
                "name": { "type": "string" },
                "email": { "type": "string" },
                "tier": { "type": "string" },
                "status": { "type": "string" },
                "since": { "type": "string", "description": "YYYY-MM-DD" },
                "notes": { "type": "string", "description": "Free text written by people." },
            })),
            reads(),
        ),
        tool(
            "get_recent_customers",
            "List the customers who joined last, newest first: id and name only.",
            optional(
                record(json!({ "limit": {
                "type": "integer", "minimum": 1, "maximum": 50, "default": 10,
                "description": "How many customers to list.",
            } })),
                "limit",
            ),
            record(listed.clone()),
            reads(),
        ),
        tool(
            "search_customers",
            "Find customers whose id, name or e-mail contains the query, whatever its case: id and name of at most 20.",
            record(json!({ "query": {
                "type": "string", "minLength": 2, "maxLength": 100, "description": "What to look for.",
            } })),
            record(listed),
            reads(),
        ),
    ]
}

fn figures() -> Vec<Tool> {
    vec![
        tool(
            "calculate_account_value",
            "Add up amounts of a customer's account and round the total to cents.",
            record(json!({
                "customer_id": customer_id(),
                "amounts": {
                    "type": "array", "maxItems": 1000, "description": "The amounts to add up.",
                    "items": { "type": "number", "minimum": -1e9, "maximum": 1e9 },
                },
            })),
            record(json!({
                "customer_id": { "type": "string" },
                "total": { "type": "number" },
                "count": { "type": "integer" },
            })),
            reads(),
        ),
        tool(
            "export_customers",
            "Export the whole customer table, e-mail addresses included, as one text.",
            record(json!({ "format": {
                "type": "string", "enum": ["csv", "json"], "description": "The format of the text.",
            } })),
            record(json!({
                "format": { "type": "string" },
                "count": { "type": "integer" },
                "content": { "type": "string" },
            })),
            reads(),
        ),
    ]
}

fn actions() -> Vec<Tool> {
    vec![
        tool(
            "create_support_ticket",
            "Open a support ticket for a customer. The same ticket asked for twice is opened once.",
            optional(
                record(json!({
                    "customer_id": customer_id(),
                    "issue": {
                        "type": "string", "minLength": 1, "maxLength": 2000,
                        "description": "What is wrong, in a sentence or two.",
                    },
                    "priority": {
                        "type": "string", "enum": ["low", "medium", "high"], "default": DEFAULT_PRIORITY,
                        "description": "How urgent it is.",
                    },
                })),
                "priority",
            ),
            record(json!({
                "ticket_id": { "type": "string" },
                "customer_id": { "type": "string" },
                "priority": { "type": "string" },
                "status": { "type": "string" },
            })),
            writes().destructive(false),
        ),
        tool(
            "issue_refund",
            "Pay money back to a customer. It cannot be undone.",
            record(json!({
                "customer_id": customer_id(),
                "amount": {
                    "type": "number", "exclusiveMinimum": 0, "maximum": 100_000,
                    "description": "How much, in dollars.",
                },
            })),
            record(json!({
                "refund_id": { "type": "string" },
                "customer_id": { "type": "string" },
                "amount": { "type": "number" },
                "status": { "type": "string" },
            })),
            writes().destructive(true),
        ),
    ]
}

fn tool(
    name: &'static str,
    description: &'static str,
    input: Value,
    output: Value,
    annotations: ToolAnnotations,
) -> Tool {
    Tool::new(name, description, object(input))
        .with_raw_output_schema(Arc::new(object(output)))
        .with_annotations(annotations)
}

fn reads() -> ToolAnnotations {
    ToolAnnotations::new().read_only(true).idempotent(true).open_world(false)
}

fn writes() -> ToolAnnotations {
    ToolAnnotations::new().read_only(false).idempotent(true).open_world(false)
}

fn customer_id() -> Value {
    json!({
        "type": "string", "minLength": 1, "maxLength": 32,
        "description": "The customer's id: three letters and three digits, such as ABC123.",
    })
}

/// The schema of an object with exactly these properties, all of them required.
fn record(properties: Value) -> Value {
    let names: Vec<String> = properties.as_object().map(|all| all.keys().cloned().collect()).unwrap_or_default();
    json!({
        "type": "object",
        "properties": properties,
        "required": names,
        "additionalProperties": false,
    })
}

fn optional(mut schema: Value, property: &str) -> Value {
    if let Some(required) = schema.get_mut("required").and_then(Value::as_array_mut) {
        required.retain(|name| name != property);
    }
    schema
}

fn object(schema: Value) -> JsonObject {
    match schema {
        Value::Object(object) => object,
        _ => JsonObject::new(),
    }
}
