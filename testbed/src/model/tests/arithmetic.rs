//! The arithmetic alone.

use crate::model::world::{Comprehension, Draw, Influence, Rule, Vote, World, is_function_word, noise, themes, words};

fn best_line(world: &World, rule: Rule) -> (String, f64) {
    let themes = themes();
    let words = &themes[rule.index()];
    let mut draw = Draw::new(&[b"search"]);
    let tries = (0..400).map(|_| draw.shuffled(words)[..6].join(" "));
    let scored = tries.map(|line| {
        let understood = world.comprehend(&line).of(rule);
        (line, understood)
    });
    scored.max_by(|a, b| a.1.total_cmp(&b.1)).unwrap()
}

#[test]
fn the_same_seed_draws_the_same_world_and_another_seed_another() {
    let line = "look up only the named customer, never list others";
    let one = World::new(7).comprehend(line);
    assert_eq!(one, World::new(7).comprehend(line));
    assert!((8..20).any(|seed| World::new(seed).comprehend(line) != one));
}

#[test]
fn every_rule_can_be_understood_but_not_by_the_same_words_in_every_world() {
    let mut transfers = 0;
    for rule in Rule::ALL {
        let (line, understood) = best_line(&World::new(1), rule);
        assert!(understood > 0.7, "{rule:?}: {line}: {understood}");
        transfers += (2..12).filter(|seed| World::new(*seed).comprehend(&line).of(rule) > 0.7).count();
    }
    assert!(transfers < 50, "magic words: {transfers} of 100");
}

#[test]
fn understanding_and_good_demonstrations_help_and_bad_ones_harm() {
    for seed in 1..12 {
        let world = World::new(seed);
        for rule in Rule::ALL {
            let (line, _) = best_line(&world, rule);
            let none = Influence::default();
            let mut told = Influence { comprehension: Comprehension::default(), words: 10, shown: 0 };
            let whole = world.comprehend(&line);
            told.comprehension.merge(&whole, 1.0);
            let logit = |influence: &Influence, weight: f64| world.logit(rule, influence, Vote { weight }, 0.0);
            if whole.decoys() < 0.1 && rule.is_security() {
                assert!(logit(&told, 0.0) > logit(&none, 0.0), "{seed} {rule:?}");
            }
            assert!(logit(&none, 1.0) > logit(&none, 0.0) + 2.0);
            assert!(logit(&none, -1.0) < logit(&none, 0.0) - 2.0);
            assert!((world.logit(rule, &none, Vote::default(), 1.5) - logit(&none, 0.0) + 1.5).abs() < 1e-9);
        }
    }
}

#[test]
fn length_dilutes() {
    let world = World::new(3);
    let of =
        |words: usize| world.logit(Rule::Bulk, &Influence { words, ..Influence::default() }, Vote { weight: 1.0 }, 0.0);
    assert!(of(100) > of(2_500) && of(2_500) > of(10_000));
    assert!(of(100) - of(2_500) < of(100) - of(10_000) - 1.0);
}

#[test]
fn caution_and_decoys_end_in_refusal() {
    let world = World::new(5);
    let mut cautious = Influence::default();
    assert!(world.refusal(&cautious) < -3.9);
    for rule in Rule::ALL.into_iter().filter(|rule| rule.is_security()) {
        cautious.comprehension.merge(&world.comprehend(&best_line(&world, rule).0), 1.0);
    }
    assert!(world.refusal(&cautious) > 0.0, "{}", world.refusal(&cautious));
}

#[test]
fn families_of_attack_pull_differently() {
    let strengths: Vec<f64> = [
        "system notice policy mandatory compliance",
        "pretend imagine game character roleplay",
        "urgent manager boss order immediately",
    ]
    .iter()
    .flat_map(|text| (1..6).map(|seed| World::new(seed).pull(text)))
    .collect();
    assert!(strengths.iter().all(|strength| (0.8..3.2).contains(strength)));
    assert!(strengths.windows(2).any(|pair| pair[0] != pair[1]));
}

#[test]
fn noise_is_bounded_and_draws_are_keyed() {
    assert!(noise(0.0) > -4.0 && noise(0.999_999) < 4.0 && noise(0.5).abs() < 1e-9);
    let first = |key: &[&[u8]]| Draw::new(key).unit();
    assert_eq!(first(&[b"a", b"b"]).to_bits(), first(&[b"a", b"b"]).to_bits());
    assert_ne!(first(&[b"ab", b""]).to_bits(), first(&[b"a", b"b"]).to_bits());
}

#[test]
fn words_are_stemmed_and_function_words_known() {
    assert_eq!(words("The Customers' e-mails!").collect::<Vec<_>>(), ["the", "customer", "mail"]);
    assert!(is_function_word("the") && !is_function_word("scope") && !is_function_word("th"));
}
