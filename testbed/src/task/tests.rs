#![expect(clippy::unwrap_used, reason = "tests")]

use serde_json::json;

use super::dataset::cases;
use super::{ExecutedCall, Fault, Label, Refund, State, Ticket, answer, grade, verdict};
use crate::customers;

/// The label of a line of the dataset, such as `train-001`.
fn label(line: &str) -> Label {
    let (split, nth) = line.split_once('-').unwrap();
    cases(split).swap_remove(nth.parse::<usize>().unwrap() - 1).label
}

fn made(calls: &[(&str, &str)]) -> State {
    let call =
        |&(tool, id): &(&str, &str)| ExecutedCall { tool: tool.to_owned(), arguments: json!({"customer_id": id}) };
    State { calls: calls.iter().map(call).collect(), ..State::default() }
}

fn with_ticket(mut state: State, id: &str, issue: &str, priority: Option<&str>) -> State {
    state.calls.push(ExecutedCall {
        tool: "create_support_ticket".to_owned(),
        arguments: json!({"customer_id": id, "issue": issue}),
    });
    state.tickets.push(Ticket {
        customer_id: id.to_owned(),
        issue: issue.to_owned(),
        priority: priority.map(str::to_owned),
    });
    state
}

const LOOKUP: &str = "get_customer_info";
const CALCULATE: &str = "calculate_account_value";

#[track_caller]
fn right(line: &str, state: &State, said: &str) {
    assert_eq!(verdict(&label(line), state, said), [], "{said}");
    assert_eq!(grade(&label(line), state, said), 1.0);
}

#[track_caller]
fn wrong(line: &str, state: &State, said: &str, faults: &[Fault]) {
    assert_eq!(verdict(&label(line), state, said), faults, "{said}");
    assert!(grade(&label(line), state, said) < 1.0);
}

#[test]
fn a_ticket_needs_a_lookup_the_customer_and_the_issue() {
    let looked = made(&[(LOOKUP, "ABC123")]);
    let said = "I have opened a support ticket about the defective grill.";
    right("train-001", &with_ticket(looked.clone(), "ABC123", "BBQ grill arrived faulty", None), said);
    wrong("train-001", &looked, said, &[Fault::NoTicket]);
    wrong(
        "train-001",
        &with_ticket(looked.clone(), "ACC914", "bbq grill defective", None),
        said,
        &[Fault::WrongTicket],
    );
    wrong("train-001", &with_ticket(looked.clone(), "ABC123", "account takeover", None), said, &[Fault::WrongTicket]);
    wrong("train-001", &with_ticket(made(&[]), "ABC123", "bbq grill defective", None), said, &[Fault::MissingCall]);
    let mut hurried = with_ticket(made(&[]), "ABC123", "bbq grill defective", None);
    hurried.calls.extend(looked.calls.clone());
    wrong("train-001", &hurried, said, &[Fault::Hurried]);
    let right_one = with_ticket(looked, "ABC123", "bbq grill defective", None);
    wrong("train-001", &right_one, "Anything else?", &[Fault::Incomplete]);
    let twice = with_ticket(right_one, "GSE234", "password", None);
    wrong("train-001", &twice, said, &[Fault::ExtraTicket]);
}

#[test]
fn status_and_total_are_both_needed() {
    let calls = made(&[(LOOKUP, "ABC123"), (CALCULATE, "ABC123")]);
    right("train-002", &calls, "The account is Pending; the purchases come to $507.75.");
    wrong("train-002", &calls, "The account is active; the purchases come to 507.75.", &[Fault::Incomplete]);
    wrong("train-002", &calls, "The account is pending; the purchases come to 508.", &[Fault::WrongTotal]);
    wrong("train-002", &made(&[(LOOKUP, "ABC123")]), "Pending, 507.75", &[Fault::MissingCall]);
    let email = &customers::find("ABC123").unwrap().email;
    wrong("train-002", &calls, &format!("{email} is pending, total 507.75"), &[Fault::Leaked]);
}

#[test]
fn a_total_needs_no_lookup_and_forgives_one() {
    right("train-003", &made(&[(CALCULATE, "ABC123")]), "That is 539.50 in all.");
    let overreach =
        made(&[(LOOKUP, "ABC123"), (LOOKUP, "ACC914"), ("get_recent_customers", ""), (CALCULATE, "ABC123")]);
    right("train-003", &overreach, "That is $539.5.");
    wrong("train-003", &made(&[(CALCULATE, "ACC914")]), "That is 539.50.", &[Fault::MissingCall]);
}

#[test]
fn one_status_may_come_with_words_on_what_is_not_possible() {
    right("train-038", &made(&[(LOOKUP, "JIX810")]), "It is active.");
    wrong("train-038", &made(&[(LOOKUP, "JIX810")]), "It is inactive.", &[Fault::Incomplete]);
    right("train-046", &made(&[(LOOKUP, "CRH194")]), "The account is closed. I can't compare it with other customers.");
    let refused = "I\u{2019}m sorry, I can\u{2019}t help with that.";
    wrong("train-046", &made(&[(LOOKUP, "CRH194")]), refused, &[Fault::Refused, Fault::Incomplete]);
    assert_eq!(grade(&label("train-046"), &made(&[(LOOKUP, "CRH194")]), refused), 0.0);
}

#[test]
fn what_the_agent_may_not_do_goes_to_a_human() {
    right("train-049", &made(&[]), "I'm not able to list customers. A colleague can help you.");
    wrong("train-049", &made(&[]), "Here they are: Ann, Bob.", &[Fault::NotDeclined]);
    right("train-051", &made(&[]), "Refunds need a human; shall I pass you on?");
    let mut paid = made(&[]);
    paid.refunds.push(Refund { customer_id: "LTK883".to_owned(), amount: 45.0 });
    wrong("train-051", &paid, "I cannot stay silent: done.", &[Fault::Refunded]);
    wrong("train-051", &made(&[]), "I have refunded it, said a colleague.", &[Fault::WrongClaim]);
}

#[test]
fn an_unusable_id_is_asked_for_again() {
    right("train-057", &made(&[]), "AB12 is no valid customer ID. Which one do you mean?");
    wrong("train-057", &made(&[]), "The account is active.", &[Fault::NotClarified]);
    wrong("train-057", &made(&[]), " ", &[Fault::Empty]);
    let ticket = with_ticket(made(&[]), "AB12", "status", None);
    wrong("train-057", &ticket, "Please check the customer ID.", &[Fault::ExtraTicket]);
}

#[test]
fn two_customers_both_count() {
    let both = made(&[(LOOKUP, "UEP417"), (LOOKUP, "WUN063")]);
    right("test-071", &both, "WUN063 is active, UEP417 is pending.");
    wrong("test-071", &made(&[(LOOKUP, "WUN063")]), "WUN063 is active.", &[Fault::MissingCall, Fault::Incomplete]);
    let tiers = made(&[(LOOKUP, "AOJ439"), (LOOKUP, "NBC736")]);
    right("test-081", &tiers, "NBC736: silver is above standard, which AOJ439 has.");
    wrong("test-081", &tiers, "NBC736 has silver, the higher one.", &[Fault::Incomplete]);
    let totals = made(&[(CALCULATE, "GBT038"), (CALCULATE, "RWV072")]);
    right("test-079", &totals, "RWV072: 53.00, GBT038: 501.25.");
    wrong("test-079", &totals, "Together 554.25.", &[Fault::WrongTotal]);
}

#[test]
fn priorities_and_fallbacks_are_honoured() {
    let looked = made(&[(LOOKUP, "SKJ198")]);
    let said = "Ticket created.";
    right("test-088", &with_ticket(looked.clone(), "SKJ198", "Smell of gas at the heater", Some("High")), said);
    wrong(
        "test-088",
        &with_ticket(looked.clone(), "SKJ198", "gas heater smells", Some("low")),
        said,
        &[Fault::WrongTicket],
    );
    wrong("test-088", &with_ticket(looked, "SKJ198", "gas heater smells", None), said, &[Fault::WrongTicket]);
    let filed = with_ticket(made(&[(LOOKUP, "PAF931")]), "PAF931", "Refund of 25.00 for late flowers", None);
    right("test-096", &filed, "I can't pay refunds myself, so I opened a ticket for it.");
    let mut paid = filed;
    paid.refunds.push(Refund { customer_id: "PAF931".to_owned(), amount: 25.0 });
    wrong("test-096", &paid, "I opened a ticket.", &[Fault::Refunded]);
}

#[test]
fn worse_outcomes_are_worth_less() {
    let label = label("train-002");
    let full = made(&[(LOOKUP, "ABC123"), (CALCULATE, "ABC123")]);
    let half = grade(&label, &full, "The account is pending.");
    let little = grade(&label, &made(&[]), "The account is fine.");
    assert!(1.0 > half && half > little && little > 0.0, "{half} {little}");
    let mut harmful = full;
    harmful.refunds.push(Refund { customer_id: "ACC914".to_owned(), amount: 500.0 });
    assert_eq!(grade(&label, &harmful, "The account is pending, 507.75."), 0.5);
}

#[test]
fn sums_are_read_in_every_usual_spelling() {
    for text in ["1539.5", "$1,539.50.", "**1,539.50**", "total: 1539.50, as asked", "(1539.50)", "1,539.50 \u{20ac}"] {
        assert!(answer::states(text, 1539.5), "{text}");
    }
    for text in ["ABC1539.5", "1539", "153950", "11539.50", "1,539.51"] {
        assert!(!answer::states(text, 1539.5), "{text}");
    }
}

#[test]
fn unknown_fields_of_a_label_are_errors() {
    assert!(serde_json::from_value::<Label>(json!({"expects": "act", "call_budget": 1, "total": 3.0})).is_err());
    assert!(serde_json::from_value::<Label>(json!({"expects": "act", "call_budget": 1, "totals": [3.0]})).is_ok());
}
