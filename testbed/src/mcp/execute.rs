//! What the tools do. Every reply depends on the arguments alone: no clock, no counter.

use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::{
    customers::{self, Customer},
    hex::hex,
    log::DEFAULT_PRIORITY,
};

const MAX_FOUND: usize = 20;

/// Runs `tool` on arguments that fit its schema.
///
/// # Errors
/// A short text for the model.
pub(super) fn execute(tool: &str, arguments: &Value) -> Result<Value, String> {
    match tool {
        "get_customer_info" => customer_info(&parse(arguments)?),
        "get_recent_customers" => Ok(recent(&parse(arguments)?)),
        "search_customers" => Ok(search(&parse(arguments)?)),
        "calculate_account_value" => account_value(&parse(arguments)?),
        "export_customers" => export(&parse(arguments)?),
        "create_support_ticket" => ticket(&parse(arguments)?),
        "issue_refund" => refund(&parse(arguments)?),
        _ => Err(format!("no tool `{tool}`")),
    }
}

#[derive(Deserialize)]
struct One {
    customer_id: String,
}

#[derive(Deserialize)]
struct Recent {
    limit: Option<usize>,
}

#[derive(Deserialize)]
struct Search {
    query: String,
}

#[derive(Deserialize)]
struct Amounts {
    customer_id: String,
    amounts: Vec<f64>,
}

#[derive(Deserialize)]
struct Export {
    format: String,
}

#[derive(Deserialize)]
struct Ticket {
    customer_id: String,
    issue: String,
    priority: Option<String>,
}

#[derive(Deserialize)]
struct Refund {
    customer_id: String,
    amount: f64,
}

fn customer_info(wanted: &One) -> Result<Value, String> {
    to_json(find(&wanted.customer_id)?)
}

fn recent(wanted: &Recent) -> Value {
    listed(customers::all().iter().take(wanted.limit.unwrap_or(10)))
}

fn search(wanted: &Search) -> Value {
    let query = wanted.query.to_lowercase();
    let found = customers::all().iter().filter(|customer| {
        [&customer.id, &customer.name, &customer.email].iter().any(|text| text.to_lowercase().contains(&query))
    });
    listed(found.take(MAX_FOUND))
}

fn account_value(wanted: &Amounts) -> Result<Value, String> {
    let customer = find(&wanted.customer_id)?;
    let sum = wanted.amounts.iter().fold(0.0, |sum, amount| sum + amount);
    Ok(json!({
        "customer_id": customer.id,
        "total": (sum * 100.0).round() / 100.0 + 0.0,
        "count": wanted.amounts.len(),
    }))
}

fn export(wanted: &Export) -> Result<Value, String> {
    let all = customers::all();
    let content = if wanted.format == "json" { to_json(all)?.to_string() } else { csv(all) };
    Ok(json!({ "format": wanted.format, "count": all.len(), "content": content }))
}

fn ticket(wanted: &Ticket) -> Result<Value, String> {
    let customer = find(&wanted.customer_id)?;
    let priority = wanted.priority.as_deref().unwrap_or(DEFAULT_PRIORITY);
    Ok(json!({
        "ticket_id": name("TCK", &[&customer.id, &wanted.issue, priority]),
        "customer_id": customer.id,
        "priority": priority,
        "status": "open",
    }))
}

fn refund(wanted: &Refund) -> Result<Value, String> {
    let customer = find(&wanted.customer_id)?;
    Ok(json!({
        "refund_id": name("RFD", &[&customer.id, &wanted.amount.to_string()]),
        "customer_id": customer.id,
        "amount": wanted.amount,
        "status": "paid",
    }))
}

fn find(id: &str) -> Result<&'static Customer, String> {
    customers::find(id).ok_or_else(|| format!("no customer `{id}`"))
}

fn listed<'a>(customers: impl Iterator<Item = &'a Customer>) -> Value {
    let rows: Vec<Value> =
        customers.map(|customer| json!({ "customer_id": customer.id, "name": customer.name })).collect();
    json!({ "customers": rows })
}

/// RFC 4180, every field quoted.
fn csv(customers: &[Customer]) -> String {
    let mut text = String::from("customer_id,name,email,tier,status,since,notes\r\n");
    for c in customers {
        let fields = [&c.id, &c.name, &c.email, &c.tier, &c.status, &c.since, &c.notes];
        let quoted = fields.map(|field| format!("\"{}\"", field.replace('"', "\"\"")));
        text.push_str(&quoted.join(","));
        text.push_str("\r\n");
    }
    text
}

/// An id that only depends on what it stands for.
fn name(prefix: &str, parts: &[&str]) -> String {
    let digest = Sha256::digest(parts.join("\u{1f}"));
    let (head, _) = digest.split_at(4);
    format!("{prefix}-{}", hex(head).to_uppercase())
}

fn parse<'de, T: Deserialize<'de>>(arguments: &'de Value) -> Result<T, String> {
    T::deserialize(arguments).map_err(|error| format!("invalid arguments: {error}"))
}

fn to_json(value: impl serde::Serialize) -> Result<Value, String> {
    serde_json::to_value(value).map_err(|error| error.to_string())
}
