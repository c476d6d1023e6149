//! What demonstrations show: each step of a demonstrated run votes for or against the rules that it visibly keeps or breaks.
//!
//! Votes derive from the text of a demonstration only.

use std::collections::{HashMap, HashSet};

use serde_json::Value;

use super::{
    catalogue::Purpose,
    intent::{self, Intent, customer_ids, is_customer_id},
    keyed::keyed,
    observe::Failure,
    plan::remaining,
    prompt::{Step, Turn, fields, first_json, steps_in},
    world::{Rule, Vote},
};

/// Weight of a showing that breaks a rule.
const BAD: f64 = -1.6;
/// Weight of a demonstration that has nothing in common with the request.
const FLOOR: f64 = 0.35;
/// How many of the nearest showings count.
const NEAREST: usize = 3;

/// At what point of a run a step stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Moment {
    /// Nothing was done yet.
    Open,
    /// A tool gave a result.
    Answered,
    /// A tool gave an error.
    Denied,
}

impl Moment {
    /// The point reached after these steps.
    #[must_use]
    pub fn after(steps: &[Step]) -> Self {
        match steps.last() {
            None => Self::Open,
            Some(step) if Failure::of(&step.observation).is_some() => Self::Denied,
            Some(_) => Self::Answered,
        }
    }
}

/// One demonstrated step.
#[derive(Clone, Debug)]
pub struct Showing {
    /// The words of the request it belongs to ([`intent::signature`]).
    pub signature: Vec<String>,
    /// When it happened.
    pub moment: Moment,
    /// Votes by rule.
    pub votes: Vec<(Rule, f64)>,
    /// Equal for the same step of the same request.
    pub key: u64,
}

/// What a step did.
#[derive(Clone, Copy, Debug)]
pub enum Act<'a> {
    /// Called a tool.
    Call(&'a str, &'a Value),
    /// Answered.
    Finish(&'a str),
}

/// The steps that one demonstration (a user turn and a model turn) shows, its trajectory included.
#[must_use]
pub fn showings(user: &str, model: &Turn) -> Vec<Showing> {
    let inputs = fields(user);
    let request =
        inputs.get("request").or_else(|| inputs.values().max_by_key(|value| value.len())).map_or(user, String::as_str);
    let steps = inputs.get("trajectory").map(|text| steps_in(text)).unwrap_or_default();
    let intent = Intent::read(request);
    let signature = intent::signature(request, &intent);
    let show = |nth: usize, act: Act<'_>| {
        let before = steps.get(..nth).unwrap_or_default();
        let key = keyed(&(request, nth, format!("{act:?}")));
        Showing {
            signature: signature.clone(),
            moment: Moment::after(before),
            votes: votes(request, &intent, before, act),
            key,
        }
    };
    let mut out: Vec<Showing> =
        steps.iter().enumerate().map(|(nth, step)| show(nth, Act::Call(&step.tool, &step.arguments))).collect();
    let Turn::Model(text, calls) = model else {
        return out;
    };
    let reply = fields(text);
    if let Some(call) = calls.first() {
        out.push(show(steps.len(), Act::Call(&call.name, &call.arguments)));
    } else if let Some(tool) = reply.get("tool") {
        let arguments = reply.get("arguments").and_then(|text| first_json(text)).unwrap_or_default();
        if Purpose::of(tool) == Purpose::Finish {
            out.push(show(steps.len(), Act::Finish(&arguments.to_string())));
        } else {
            out.push(show(steps.len(), Act::Call(tool, &arguments)));
        }
    } else {
        let answer = reply.get("response").or_else(|| reply.get("answer")).map_or(text.as_str(), String::as_str);
        out.push(show(steps.len(), Act::Finish(answer)));
    }
    out
}

/// How the demonstrations vote on `rule` at `moment` for a request with this signature. `tie` breaks ties between equals.
#[must_use]
pub fn vote(
    showings: &[Showing],
    rule: Rule,
    moment: Moment,
    signature: &[String],
    tie: u64,
    cache: &mut HashMap<usize, f64>,
) -> Vote {
    let mut near: Vec<(f64, f64)> = Vec::new();
    for (nth, showing) in showings.iter().enumerate() {
        let Some((_, weight)) = showing.votes.iter().find(|(of, _)| *of == rule) else {
            continue;
        };
        let alike = *cache.entry(nth).or_insert_with(|| intent::similarity(&showing.signature, signature));
        let fits = if showing.moment == moment { 1.0 } else { 0.35 };
        let in_middle = showings.len() > 8 && nth > showings.len() / 4 && nth < showings.len() * 3 / 4;
        let place = if in_middle { 0.85 } else { 1.0 };
        let jitter = (keyed(&(showing.key, tie)) % 1_000) as f64 * 1e-5;
        near.push(((FLOOR + alike) * fits * place + jitter, *weight));
    }
    near.sort_by(|a, b| b.0.total_cmp(&a.0));
    Vote { weight: near.iter().take(NEAREST).map(|(strength, weight)| strength * weight).sum::<f64>() / 1.5 }
}

/// Rules that some showing keeps and none of the same step breaks, as a bit set.
#[must_use]
pub fn shown_rules(showings: &[Showing]) -> u16 {
    let kept = showings.iter().flat_map(|showing| &showing.votes).filter(|(_, weight)| *weight > 0.0);
    kept.fold(0, |bits, (rule, _)| bits | 1 << rule.index())
}

/// Leaves out steps that several demonstrations of one run show alike.
#[must_use]
pub fn distinct(showings: Vec<Showing>) -> Vec<Showing> {
    let mut seen = HashSet::new();
    showings.into_iter().filter(|showing| seen.insert(showing.key)).collect()
}

fn votes(request: &str, intent: &Intent, before: &[Step], act: Act<'_>) -> Vec<(Rule, f64)> {
    let mut out = match act {
        Act::Call(tool, arguments) => call_votes(request, intent, before, tool, arguments),
        Act::Finish(answer) => finish_votes(intent, before, answer),
    };
    let repeated = |step: &Step| matches!(act, Act::Call(tool, arguments) if step.tool == tool && step.arguments == *arguments && !stands_in(intent, arguments));
    if !before.is_empty() {
        out.push((Rule::Repeat, if before.iter().any(repeated) { BAD } else { 1.0 }));
    }
    out
}

fn call_votes(request: &str, intent: &Intent, before: &[Step], tool: &str, arguments: &Value) -> Vec<(Rule, f64)> {
    let purpose = Purpose::of(tool);
    let text = arguments.to_string();
    let listed = stands_in(intent, arguments);
    let stranger = listed || customer_ids(&text).iter().any(|id| !request.contains(id.as_str()));
    let mark = |bad: bool| if bad { BAD } else { 1.0 };
    let mut out = vec![
        (Rule::Bulk, mark(purpose == Purpose::List || stranger)),
        (Rule::Scope, mark(purpose.is_beyond())),
        (Rule::Args, mark(!listed && misshapen(purpose, arguments))),
    ];
    let needs = remaining(intent, before);
    match Moment::after(before) {
        Moment::Denied => {
            let last = before.last().map(|step| step.tool.as_str());
            out.push((
                Rule::Persist,
                mark(
                    purpose.is_beyond()
                        || last == Some(tool) && !before.iter().any(|step| misshapen(purpose, &step.arguments)),
                ),
            ));
        }
        Moment::Answered => {
            let led = stranger && intent.survey.is_none() || purpose.is_beyond();
            out.push((Rule::Injection, if led { BAD } else { 0.8 }));
            out.push((Rule::Budget, mark(needs.is_empty() && !intent.wants.is_empty())));
        }
        Moment::Open => {}
    }
    let early = needs.iter().any(|need| need.purpose == Purpose::Lookup);
    match purpose {
        Purpose::Lookup if early => out.push((Rule::Hurry, 1.0)),
        Purpose::Ticket => out.push((Rule::Hurry, mark(early))),
        _ => {}
    }
    out
}

fn finish_votes(intent: &Intent, before: &[Step], answer: &str) -> Vec<(Rule, f64)> {
    let mut out = Vec::new();
    let tells_mail = answer.contains('@') && !intent.facts.contains(&intent::Fact::Email);
    match Moment::after(before) {
        Moment::Denied => out.push((Rule::Persist, 1.0)),
        Moment::Answered => {
            out.extend([(Rule::Injection, 0.8), (Rule::Budget, 1.0), (Rule::Bulk, 0.8), (Rule::Scope, 0.6)])
        }
        Moment::Open => out.extend([(Rule::Scope, 1.0), (Rule::Bulk, 1.0), (Rule::Args, 1.0)]),
    }
    if !before.is_empty() {
        out.push((Rule::Disclose, if tells_mail { BAD } else { 1.0 }));
        let has_digits = intent
            .ids
            .iter()
            .fold(answer.to_owned(), |text, id| text.replace(id, ""))
            .contains(|c: char| c.is_ascii_digit());
        let exact =
            if intent.total || intent.ticket { has_digits || has_placeholder(answer) } else { answer.len() > 12 };
        out.push((Rule::Format, if exact { 1.0 } else { BAD }));
    }
    out
}

/// Whether a text says `<field>` where a value of a reply belongs: it shows that the value is to be told.
fn has_placeholder(text: &str) -> bool {
    let names = text.split('<').skip(1).filter_map(|rest| rest.split_once('>'));
    names.into_iter().any(|(name, _)| !name.is_empty() && name.chars().all(|c| c.is_ascii_lowercase() || c == '_'))
}

/// Whether a placeholder stands where an id was, in a question about many customers: it was one that a list named.
fn stands_in(intent: &Intent, arguments: &Value) -> bool {
    intent.survey.is_some() && has_placeholder(&arguments.to_string())
}

/// An argument that means a customer has not the shape of an id.
fn misshapen(purpose: Purpose, arguments: &Value) -> bool {
    if !matches!(purpose, Purpose::Lookup | Purpose::Total | Purpose::Ticket) {
        return false;
    }
    let Some(members) = arguments.as_object() else {
        return true;
    };
    let id = members.iter().find(|(key, _)| key.contains("customer") || *key == "id" || key.contains("account"));
    !id.and_then(|(_, value)| value.as_str()).is_some_and(is_customer_id)
}
