use abide_base::event::EventKind;

use super::super::{asked::Asked, denied::Denied};
use crate::{
    policy::{Class, Kept, Policy, RuleId, Source},
    session::Memory,
    text::{
        any_text::any_text,
        decodings::{decodings, normalize, plain},
        groups::{Run, runs},
        secret_shape,
    },
};

/// No credential is so short that it is shorter than this when it is encoded.
const MIN_ENCODED_SECRET: usize = 26;

/// What a text carries, the worst last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Carried {
    Kept,
    Planted,
    Secret,
}

pub(crate) fn check(asked: &Asked<'_>, denials: &mut Vec<Denied>) {
    for (name, value) in &asked.call.arguments {
        let mut worst = carried(asked, name);
        let mut is_worst = |text: &str| {
            worst = worst.max(carried(asked, text));
            worst == Some(Carried::Secret)
        };
        any_text(value, &mut is_worst);
        if let Some(carried) = worst {
            denials.push(carried.denied(asked, name));
        }
    }
}

impl Carried {
    /// Names the argument only where the operator does: other names are made up by the model.
    fn denied(self, asked: &Asked<'_>, name: &str) -> Denied {
        let (kind, rule) = match self {
            Self::Secret => (EventKind::LeakDenied, RuleId::Secret),
            Self::Planted => (EventKind::CanaryTriggered, RuleId::Canaries),
            Self::Kept => (EventKind::LeakDenied, RuleId::NoEgress),
        };
        if asked.rule.arguments.contains_key(name) {
            return Denied::argument(kind, name, rule);
        }
        Denied { rule: Some(rule), ..Denied::new(kind, format!("an argument breaks the rule `{rule}`")) }
    }
}

/// Whether a text, by its decodings, has a value of a class.
pub(crate) fn has_class<V: AsRef<str>>(class: &Class, memory: &Memory, decodings: &[V]) -> bool {
    let by_shape = class
        .pattern
        .as_ref()
        .is_some_and(|pattern| decodings.iter().any(|decoding| has_shape(pattern.regex(), decoding.as_ref())));
    by_shape || quotes(&class.from, memory, decodings)
}

/// Whether a text, by its decodings, has a value that the operator has planted, however it is written.
pub(crate) fn has_planted<V: AsRef<str>>(policy: &Policy, decodings: &[V]) -> bool {
    let planted: Vec<String> = policy.canaries().iter().map(|canary| normalize(canary)).collect();
    let has_one = |decoding: &V| {
        let decoding = normalize(decoding.as_ref());
        planted.iter().any(|canary| decoding.contains(canary))
    };
    !planted.is_empty() && decodings.iter().any(has_one)
}

fn carried(asked: &Asked<'_>, text: &str) -> Option<Carried> {
    let policy = asked.policy;
    let is_secret = |decoding: &str| secret_shape::is_in(decoding) || asked.redactor.finds(decoding);
    if is_secret(text) {
        return Some(Carried::Secret);
    }
    let keeps_nothing = policy.canaries().is_empty() && asked.rule.no_egress.is_empty();
    if keeps_nothing && text.len() < MIN_ENCODED_SECRET && text.is_ascii() {
        return None;
    }
    let decodings = decodings(text);
    if decodings.iter().skip(1).any(|decoding| is_secret(decoding)) {
        return Some(Carried::Secret);
    }
    if has_planted(policy, &decodings) {
        return Some(Carried::Planted);
    }
    let is_kept = |kept: &Kept| match kept {
        Kept::Class(name) => policy
            .class(name)
            .is_some_and(|class| asked.session.with_memory(|memory| has_class(class, memory, &decodings))),
        Kept::From(source) => {
            asked.session.with_memory(|memory| quotes(std::slice::from_ref(source), memory, &decodings))
        }
    };
    asked.rule.no_egress.iter().any(is_kept).then_some(Carried::Kept)
}

/// The pattern matches the text as it is, in plain letters, or with its grouped numbers written in one, also in capitals.
fn has_shape(pattern: &regex::Regex, decoding: &str) -> bool {
    let plain = plain(decoding);
    if pattern.is_match(decoding) || pattern.is_match(&plain) {
        return true;
    }
    let runs = runs(&plain);
    let as_it_is = |letters: &str| letters.to_owned();
    let in_capitals = |letters: &str| letters.to_uppercase();
    let is_in = |text: &str| pattern.is_match(text);
    !runs.is_empty()
        && (is_in(&joined(&plain, &runs, |run| run.start, as_it_is))
            || is_in(&joined(&plain, &runs, |run| run.start, in_capitals))
            || is_in(&joined(&plain, &runs, |run| run.before, as_it_is))
            || is_in(&joined(&plain, &runs, |run| run.before, in_capitals)))
}

/// The text with the letters and figures of each run in one.
pub(super) fn joined(text: &str, runs: &[Run], start: fn(&Run) -> usize, write: fn(&str) -> String) -> String {
    let mut joined = String::with_capacity(text.len());
    let mut done = 0;
    for run in runs {
        joined.push_str(text.get(done..start(run)).unwrap_or_default());
        let run_text = text.get(start(run)..run.end).unwrap_or_default();
        let letters: String = run_text.chars().filter(|c| c.is_alphanumeric()).collect();
        joined.push_str(&write(&letters));
        done = run.end;
    }
    joined.push_str(text.get(done..).unwrap_or_default());
    joined
}

/// Whether one of the decodings has a value that came from one of the sources, or quotes a longer text from there.
fn quotes<V: AsRef<str>>(sources: &[Source], memory: &Memory, decodings: &[V]) -> bool {
    sources.iter().any(|source| match source {
        Source::Input { field } => memory.kept_of_input().is_in(field.as_deref(), decodings),
        Source::Reply { tool, field } => {
            memory.kept_of(tool).is_some_and(|kept| kept.is_in(field.as_deref(), decodings))
        }
        Source::Registry(_) => false,
    })
}
