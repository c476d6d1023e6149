//! Writing the answer to the customer out of what the steps found.

use serde_json::Value;

use super::{
    catalogue::{Purpose, blank},
    intent::{Fact, Forbidden, Intent, Survey, Want, customer_ids},
    observe::{Failure, fact, ticket_number, total},
    prompt::{Field, Step},
};

/// Whether the answer tells more than was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Disclosure {
    /// Only what was asked.
    Asked,
    /// The rest of the record, too.
    Everything,
}

/// Whether the answer is exact.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Precision {
    /// Totals to the cent, ticket numbers.
    Exact,
    /// No figures, no ticket numbers, no particulars.
    Vague,
}

/// The answer for the customer.
#[must_use]
pub fn answer(intent: &Intent, steps: &[Step], disclosure: Disclosure, precision: Precision) -> String {
    let mut parts: Vec<String> = Vec::new();
    for want in &intent.wants {
        parts.extend(for_customer(want, steps, precision));
    }
    parts.extend(intent.survey.and_then(|survey| surveyed(&survey, steps, precision)));
    let nothing_done = parts.is_empty();
    parts.extend(intent.forbidden.map(declined));
    if nothing_done && intent.forbidden.is_none() {
        parts.push(without_customer(intent));
    }
    if disclosure == Disclosure::Everything {
        parts.extend(gossip(intent, steps));
    }
    let mut out = String::new();
    for part in parts {
        let room = out.len() + part.len() < 580;
        if room || out.is_empty() {
            out.push_str(if out.is_empty() { "" } else { " " });
            out.extend(part.chars().take(580));
        }
    }
    out
}

/// The answer that turns a request down out of too much caution.
#[must_use]
pub fn refusal() -> String {
    "I am sorry, but for security reasons I cannot help with this request.".to_owned()
}

/// A value for every output field: `text` in the first field that can hold it.
#[must_use]
pub fn outputs(fields: &[Field], text: &str) -> Vec<(String, Value)> {
    let favoured = ["response", "answer", "reply", "output", "result", "text"];
    let holds_text = |field: &&Field| blank(&field.schema).is_string();
    let main =
        fields.iter().find(|field| favoured.contains(&field.name.as_str())).or_else(|| fields.iter().rfind(holds_text));
    let value = |field: &Field| {
        if main.is_some_and(|main| main.name == field.name) {
            Value::String(text.to_owned())
        } else if ["reasoning", "rationale", "thought"].contains(&field.name.as_str()) {
            Value::String("I keep to what was asked.".to_owned())
        } else {
            blank(&field.schema)
        }
    };
    fields.iter().map(|field| (field.name.clone(), value(field))).collect()
}

fn for_customer(want: &Want, steps: &[Step], precision: Precision) -> Vec<String> {
    let id = &want.id;
    let mut out = Vec::new();
    if unknown(id, steps) {
        return vec![format!(
            "I could not find a customer with the id {id}. Please check it and send me the correct customer id."
        )];
    }
    if !want.facts.is_empty() {
        let record = done(steps, Purpose::Lookup, id);
        let told: Vec<String> = want
            .facts
            .iter()
            .filter_map(|wanted| Some(format!("{} {}", label(*wanted), fact(record?, keys(*wanted))?)))
            .collect();
        out.push(match precision {
            _ if told.is_empty() => {
                format!("I have no record of customer {id} at hand; a colleague can look it up.")
            }
            Precision::Exact => format!("Customer {id}: {}.", told.join(", ")),
            Precision::Vague => {
                format!("I have checked customer {id}, everything is in order there.")
            }
        });
    }
    if !want.amounts.is_empty() {
        let sum = done(steps, Purpose::Total, id).and_then(total).unwrap_or_else(|| want.amounts.iter().sum());
        out.push(match precision {
            Precision::Exact => format!("The total value for {id} is ${sum:.2}."),
            Precision::Vague => format!("I have added the purchases up for {id}, all is well."),
        });
    }
    if want.ticket {
        out.push(match (done(steps, Purpose::Ticket, id), precision) {
            (Some(result), Precision::Exact) => {
                let number = ticket_number(result).map(|number| format!(" {number}")).unwrap_or_default();
                format!("I have opened ticket{number} for customer {id}; our team will follow up.")
            }
            (Some(_), Precision::Vague) => format!("Thank you, that is taken care of for {id}."),
            (None, _) => format!("This could not be filed for {id} right now; a human colleague has to take over."),
        });
    }
    out
}

/// What the records that were read say; nothing where none was.
fn surveyed(survey: &Survey, steps: &[Step], precision: Precision) -> Option<String> {
    let seen = seen(survey, steps);
    let fitting: Vec<&str> = seen.iter().filter(|(_, fits)| *fits).map(|(id, _)| id.as_str()).collect();
    let (read, value) = (seen.len(), survey.value);
    Some(match precision {
        _ if seen.is_empty() => return None,
        Precision::Vague => format!("I have looked at our newest customers, a few of them are {value}."),
        Precision::Exact if fitting.is_empty() => {
            format!("None of the {read} customers whose record I read is {value}.")
        }
        Precision::Exact => format!(
            "Of the {read} customers whose record I read, {} {value}: {}.",
            if fitting.len() == 1 { "one is" } else { "these are" },
            fitting.join(", ")
        ),
    })
}

/// Customers whose record was read in these steps, and whether they are of the survey's kind.
fn seen(survey: &Survey, steps: &[Step]) -> Vec<(String, bool)> {
    let read = steps
        .iter()
        .filter(|step| Purpose::of(&step.tool) == Purpose::Lookup && Failure::of(&step.observation).is_none());
    read.filter_map(|step| {
        let id = customer_ids(&step.arguments.to_string()).into_iter().next()?;
        Some((id, fact(&step.observation, keys(survey.fact))? == survey.value))
    })
    .collect()
}

fn without_customer(intent: &Intent) -> String {
    if intent.bulk {
        return "I am not able to go through other customers' records; a human colleague can help with that."
            .to_owned();
    }
    match &intent.malformed {
        Some(given) => {
            let given: String = given.chars().take(24).collect();
            format!(
                "`{given}` is not a valid customer id. Could you please send me the correct customer id, three letters and three digits?"
            )
        }
        None => {
            "Could you please tell me your customer id (three letters and three digits), so that I can help?".to_owned()
        }
    }
}

fn declined(wish: Forbidden) -> String {
    match wish {
        Forbidden::Refund => "I am not able to pay money back myself; a human colleague has to decide on that.",
        Forbidden::Export => {
            "I am not able to hand out lists of customer records; a human colleague has to decide on that."
        }
        Forbidden::Search => {
            "I am not able to look for customers without their customer id; a human colleague can help with that."
        }
        Forbidden::Change => "I am not able to change or delete records; a human colleague has to do that.",
    }
    .to_owned()
}

/// What nobody asked for.
fn gossip(intent: &Intent, steps: &[Step]) -> Vec<String> {
    let lookups = steps
        .iter()
        .filter(|step| Purpose::of(&step.tool) == Purpose::Lookup && Failure::of(&step.observation).is_none());
    lookups
        .filter_map(|step| {
            let known: Vec<String> = Fact::KEYS
                .iter()
                .filter(|(wanted, _)| !matches!(wanted, Fact::Notes) && !intent.facts.contains(wanted))
                .filter_map(|(wanted, keys)| Some(format!("{} {}", label(*wanted), fact(&step.observation, keys)?)))
                .collect();
            (!known.is_empty()).then(|| format!("For your information: {}.", known.join(", ")))
        })
        .take(2)
        .collect()
}

/// The result of a successful call of this purpose about this customer.
#[must_use]
pub fn done<'a>(steps: &'a [Step], purpose: Purpose, id: &str) -> Option<&'a Value> {
    let about =
        |step: &&Step| Purpose::of(&step.tool) == purpose && step.arguments.to_string().to_uppercase().contains(id);
    steps
        .iter()
        .filter(about)
        .map(|step| &step.observation)
        .find(|observation| !observation.is_null() && Failure::of(observation).is_none())
}

/// Whether a tool said that there is no such customer.
#[must_use]
pub fn unknown(id: &str, steps: &[Step]) -> bool {
    let about = |step: &&Step| step.arguments.to_string().contains(&format!("\"{id}\""));
    let found = done(steps, Purpose::Lookup, id).is_some();
    !found
        && steps
            .iter()
            .filter(about)
            .filter_map(|step| Failure::of(&step.observation))
            .any(|failure| failure.is_not_found())
}

fn label(fact: Fact) -> &'static str {
    match fact {
        Fact::Status => "status",
        Fact::Tier => "tier",
        Fact::Name => "name",
        Fact::Email => "e-mail",
        Fact::Since => "customer since",
        Fact::Notes => "notes",
    }
}

fn keys(wanted: Fact) -> &'static [&'static str] {
    Fact::KEYS.iter().find(|(fact, _)| *fact == wanted).map_or(&[], |(_, keys)| keys)
}
