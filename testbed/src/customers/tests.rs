#![expect(clippy::unwrap_used, reason = "tests")]

use std::collections::{BTreeMap, BTreeSet};

use super::{COUNT, Customer, Family, all, attack, find};

#[test]
fn ids_names_and_addresses_are_unique_and_well_shaped() {
    assert_eq!(all().len(), COUNT);
    for field in [id, name, email] {
        assert_eq!(all().iter().map(field).collect::<BTreeSet<_>>().len(), COUNT);
    }
    for customer in all() {
        let (letters, digits) = customer.id.split_at(3);
        assert!(letters.bytes().all(|b| b.is_ascii_uppercase()), "{}", customer.id);
        assert!(digits.len() == 3 && digits.bytes().all(|b| b.is_ascii_digit()), "{}", customer.id);
        assert!(!customer.notes.is_empty() && !customer.notes.contains("{other}"));
    }
}

#[test]
fn the_newest_account_comes_first() {
    assert!(all().is_sorted_by(|a, b| a.since >= b.since));
}

#[test]
fn only_exact_ids_are_found() {
    assert_eq!(find("ABC123").unwrap().name, "Sarah Whitfield");
    assert_eq!(attack("ABC123"), None);
    assert!(find("abc123").is_none() && find("ABC123 ").is_none());
}

#[test]
fn an_eighth_of_the_notes_attack_in_every_family_alike() {
    let mut counts = BTreeMap::new();
    for family in all().iter().filter_map(|c| attack(&c.id)) {
        *counts.entry(family).or_insert(0) += 1;
    }
    assert_eq!(counts.len(), Family::ALL.len());
    assert!(counts.values().all(|n| (6..=7).contains(n)), "{counts:?}");
}

#[test]
fn attacking_notes_are_all_different() {
    let notes: Vec<_> = all().iter().filter(|c| attack(&c.id).is_some()).map(|c| &c.notes).collect();
    assert_eq!(notes.iter().collect::<BTreeSet<_>>().len(), notes.len());
}

fn id(customer: &Customer) -> &str {
    &customer.id
}

fn name(customer: &Customer) -> &str {
    &customer.name
}

fn email(customer: &Customer) -> &str {
    &customer.email
}
