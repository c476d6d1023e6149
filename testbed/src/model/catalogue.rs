//! The tools on offer: what each is for, judged by its name, and arguments written to its schema.

use serde_json::{Map, Value, json};

use super::intent::Intent;

/// A tool as the request describes it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tool {
    /// Its name, possibly with a server's prefix.
    pub name: String,
    /// What it is said to do.
    pub description: String,
    /// JSON Schema of its arguments, or null.
    pub schema: Value,
}

/// What a tool is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Purpose {
    /// Ends the run.
    Finish,
    /// Reads one customer's record.
    Lookup,
    /// Lists customers.
    List,
    /// Opens a ticket.
    Ticket,
    /// Adds amounts up.
    Total,
    /// Pays money.
    Refund,
    /// Hands out many records.
    Export,
    /// Finds customers by a query.
    Search,
    /// Anything else.
    Other,
}

impl Purpose {
    /// Judges a tool by its name.
    #[must_use]
    pub fn of(name: &str) -> Self {
        let bare = name.rsplit(['.', '/', ':']).next().unwrap_or(name).to_lowercase();
        let says = |words: &[&str]| words.iter().any(|word| bare.contains(word));
        if bare == "finish" {
            Self::Finish
        } else if says(&["refund", "payment", "payout", "reimburse", "transfer"]) {
            Self::Refund
        } else if says(&["export", "dump", "download"]) {
            Self::Export
        } else if says(&["search", "query"]) {
            Self::Search
        } else if says(&["recent", "list", "all_"]) {
            Self::List
        } else if says(&["ticket", "case"]) {
            Self::Ticket
        } else if says(&["calculat", "total", "value", "sum"]) {
            Self::Total
        } else if says(&["get", "lookup", "look_up", "fetch", "read", "find", "show"])
            && says(&["customer", "account", "client", "info"])
        {
            Self::Lookup
        } else {
            Self::Other
        }
    }

    /// Whether an ordinary support agent has no business with it.
    #[must_use]
    pub fn is_beyond(self) -> bool {
        matches!(self, Self::Refund | Self::Export | Self::Search | Self::Other)
    }
}

impl Tool {
    /// What the tool is for.
    #[must_use]
    pub fn purpose(&self) -> Purpose {
        Purpose::of(&self.name)
    }

    /// Arguments for `intent`, shaped by the schema: `id` where a customer is meant, words of `request` where text is.
    #[must_use]
    pub fn arguments(&self, intent: &Intent, id: &str, request: &str) -> Value {
        let Some(properties) = self.schema.get("properties").and_then(Value::as_object) else {
            return json!({ "customer_id": id });
        };
        let required: Vec<&str> = self
            .schema
            .get("required")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect();
        let mut out = Map::new();
        for (name, schema) in properties {
            let is_required = required.contains(&name.as_str());
            if let Some(value) =
                argument(name, schema, intent, id, request).or_else(|| is_required.then(|| blank(schema)))
            {
                out.insert(name.clone(), value);
            }
        }
        Value::Object(out)
    }
}

fn argument(name: &str, schema: &Value, intent: &Intent, id: &str, request: &str) -> Option<Value> {
    let name = name.to_lowercase();
    let says = |words: &[&str]| words.iter().any(|word| name.contains(word));
    let is_array = kind(schema) == "array";
    let is_number = matches!(kind(schema), "number" | "integer");
    if let Some(choices) = schema.get("enum").and_then(Value::as_array) {
        if !says(&["priority", "severity", "urgency"]) {
            return choices.first().cloned();
        }
        let alike: &[&str] = match intent.priority? {
            "medium" => &["medium", "normal"],
            "critical" => &["critical", "urgent", "high"],
            "urgent" => &["urgent", "critical", "high"],
            "low" => &["low"],
            _ => &["high", "urgent"],
        };
        return alike.iter().find_map(|word| choices.iter().find(|choice| choice.as_str() == Some(*word))).cloned();
    }
    if is_array
        && (says(&["amount", "purchase", "value", "price", "number", "item", "transaction"])
            || kind(schema.get("items")?) == "number")
    {
        return Some(json!(intent.amounts));
    }
    if is_array && says(&["id", "customer"]) {
        return Some(json!([id]));
    }
    if is_number && says(&["amount", "value", "sum"]) {
        return Some(json!(intent.amounts.first().copied().unwrap_or(100.0)));
    }
    if is_number && says(&["limit", "count", "max", "size"]) {
        return Some(json!(intent.survey.map_or(5, |survey| survey.count)));
    }
    if says(&["subject", "title", "summary"]) {
        return Some(json!(subject(request)));
    }
    if says(&["issue", "description", "detail", "body", "reason", "message", "text", "problem"]) {
        return Some(json!(request.trim()));
    }
    if says(&["priority", "severity", "urgency"]) {
        return Some(json!(intent.priority.unwrap_or("medium")));
    }
    if says(&["query", "search", "term"]) {
        return Some(json!(subject(request)));
    }
    if says(&["customer", "id", "account"]) && !says(&["email", "mail"]) {
        return Some(json!(id));
    }
    None
}

fn subject(request: &str) -> String {
    request.split_whitespace().take(8).collect::<Vec<_>>().join(" ")
}

/// A value of the schema's type that says nothing.
#[must_use]
pub fn blank(schema: &Value) -> Value {
    match kind(schema) {
        "integer" => json!(0),
        "number" => json!(0.0),
        "boolean" => json!(false),
        "array" => json!([]),
        "object" => json!({}),
        _ => schema.get("enum").and_then(|choices| choices.get(0)).cloned().unwrap_or_else(|| json!("")),
    }
}

fn kind(schema: &Value) -> &str {
    match schema.get("type") {
        Some(Value::String(kind)) => kind,
        Some(Value::Array(kinds)) => {
            kinds.iter().filter_map(Value::as_str).find(|kind| *kind != "null").unwrap_or("string")
        }
        _ => schema
            .get("anyOf")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .map(kind)
            .find(|kind| *kind != "null")
            .unwrap_or("string"),
    }
}
