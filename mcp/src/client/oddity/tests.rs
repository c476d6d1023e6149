#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use abide_base::secret::Secret;

use super::super::oddity::*;

fn oddities(redactor: Redactor) -> Oddities {
    Oddities::new("crm".to_owned().try_into().unwrap(), redactor)
}

#[test]
fn each_is_kept_once_and_not_for_ever() {
    let oddities = oddities(Redactor::new());
    for round in 0..2 {
        for number in 0..1_000 {
            oddities.note(None, format!("tool `{number}`"), "it has no `inputSchema`");
        }
        assert_eq!(oddities.all().len(), MAX_NOTED, "round {round}");
    }
    assert_eq!(oddities.clone().all()[1].part, "tool `1`");
}

#[test]
fn what_is_noted_holds_no_secret_and_steers_no_terminal() {
    let redactor = Redactor::new();
    redactor.learn(&Secret::new("a-secret-token".to_owned()));
    let oddities = oddities(redactor);
    let name = format!("a-secret-token \u{1b}[2J\u{202e}` {}", "x".repeat(10_000));
    oddities.note(None, format!("tool `{}`", quoted(&name)), quoted("a-secret-token\n"));
    let shown = oddities.all()[0].to_string();
    assert!(!shown.contains("a-secret-token"), "{shown}");
    assert!(shown.chars().count() < 300 && !shown.contains(['\u{1b}', '\u{202e}', '\n']), "{shown}");
    assert_eq!(shown.matches('`').count(), 4, "{shown}");
}
