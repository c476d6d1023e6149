//! What a program may answer.

use super::super::{
    check::{Denied, leak},
    text::{markup, views::views, written::any_written},
};
use crate::{
    Fields,
    event::EventKind,
    security::{
        Session,
        policy::{Markup, Policy},
    },
};

/// Looks at every text of an answer. `shown` is none where the program does not let itself be looked at
/// ([`Module::shown`](crate::Module::shown)): an answer that cannot be judged is no better than one that breaks a rule.
pub(crate) fn check(policy: &Policy, session: &Session, shown: Option<&Fields>) -> Result<(), Denied> {
    let rules = policy.answer();
    if rules.is_empty() && policy.canaries().is_empty() {
        return Ok(());
    }
    let denied = |kind, detail: &str| Err(Denied::new(kind, detail));
    let Some(shown) = shown else {
        return denied(
            EventKind::AnswerDenied,
            "the boundary has rules for answers or planted values, and the module does not show its own: write `fn shown` for it",
        );
    };
    let has = |fits: &mut dyn FnMut(&str) -> bool| shown.0.values().any(|value| any_written(value, fits));
    if has(&mut |text| leak::has_planted(policy, &views(text))) {
        return denied(EventKind::CanaryObeyed, "the answer has a planted value in it");
    }
    if rules.max_chars.is_some_and(|max| has(&mut |text| text.chars().count() > max as usize)) {
        return denied(EventKind::AnswerDenied, "the answer is longer than `answer.max_chars`");
    }
    if rules.markup == Markup::Refuse && has(&mut |text| markup::is_in(text)) {
        return denied(EventKind::AnswerDenied, "the answer has markup or control characters in it");
    }
    for (name, class) in rules.never.iter().filter_map(|name| Some((name, policy.class(name)?))) {
        let leaks = |text: &str| session.with_memory(|memory| leak::has_class(class, memory, &views(text)));
        if has(&mut { leaks }) {
            return denied(EventKind::AnswerDenied, &format!("the answer has a value of the class `{name}` in it"));
        }
    }
    Ok(())
}
