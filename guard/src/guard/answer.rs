//! What a program may answer.

use abide_base::event::EventKind;
use abide_signatures::Fields;

use super::denial::Denial;
use crate::{
    Session,
    check::{Denied, leak},
    policy::{Markup, Policy},
    text::{any_text::any_text, decodings::decodings, markup},
};

/// Looks at every text of an answer.
pub(super) fn check(policy: &Policy, session: &Session, answer: &Fields) -> Result<(), Denial> {
    if is_free(policy) {
        return Ok(());
    }
    let rules = policy.answer();
    let mut denials = Vec::new();
    let mut deny = |kind, detail: &str| denials.push(Denied::new(kind, detail));
    let has = |fits: &mut dyn FnMut(&str) -> bool| answer.0.values().any(|value| any_text(value, fits));
    if has(&mut |text| leak::has_planted(policy, &decodings(text))) {
        deny(EventKind::CanaryTriggered, "the answer has a planted value in it");
    }
    if rules.max_chars.is_some_and(|max| has(&mut |text| text.chars().count() > max as usize)) {
        deny(EventKind::AnswerDenied, "the answer is longer than `answer.max_chars`");
    }
    if rules.markup == Markup::Refuse && has(&mut |text| markup::is_in(text)) {
        deny(EventKind::AnswerDenied, "the answer has markup or control characters in it");
    }
    for (name, class) in rules.never.iter().filter_map(|name| Some((name, policy.class(name)?))) {
        let leaks = |text: &str| session.with_memory(|memory| leak::has_class(class, memory, &decodings(text)));
        if has(&mut { leaks }) {
            deny(EventKind::AnswerDenied, &format!("the answer has a value of the class `{name}` in it"));
        }
    }
    Denial::of(denials).map_or(Ok(()), Err)
}

/// An answer that cannot be judged is no better than one that breaks a rule.
pub(super) fn check_unseen(policy: &Policy) -> Result<(), Denial> {
    let detail = "the boundary has rules for answers or planted values, and the module does not show its own: write `fn visible_output` for it";
    if is_free(policy) { Ok(()) } else { Err(Denied::new(EventKind::AnswerDenied, detail).into()) }
}

/// Whether any answer may be given.
fn is_free(policy: &Policy) -> bool {
    policy.answer().is_empty() && policy.canaries().is_empty()
}
