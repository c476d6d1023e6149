use crate::price::*;

#[test]
fn costs_are_rounded_up_and_never_overflow() {
    let prices = Prices::per_million(250_000, 2_000_000);
    assert_eq!(prices.cost(1_000_000, 0), 250_000);
    assert_eq!(prices.cost(0, 3), 6);
    assert_eq!(prices.cost(1, 0), 1);
    assert_eq!(Prices::default().cost(u64::MAX, u64::MAX), 0);
    assert_eq!(Prices::per_million(u64::MAX, 0).cost(u64::MAX, 0), u64::MAX);
    assert_eq!(Prices::per_million(u64::MAX, u64::MAX).cost(u64::MAX, u64::MAX), u64::MAX);
}

#[test]
fn cached_tokens_have_a_price_of_their_own() {
    let used = |prompt_tokens, cached_tokens| Usage { prompt_tokens, cached_tokens, ..Usage::default() };
    let prices = Prices::per_million(1_000_000, 0);
    assert_eq!(prices.cost_of(&used(100, 60)), 100);
    assert_eq!(prices.cached(100_000).cost_of(&used(100, 60)), 46);
    assert_eq!(prices.cached(100_000).cost_of(&used(100, 900)), 10, "no more than there are");
    assert_eq!(prices.cached(100_000).cost(100, 0), 100);
}

#[test]
fn unknown_is_not_free() {
    assert!(Prices::FREE.are_known());
    assert!(!Prices::default().are_known());
    assert!(!Prices::default().cached(5).are_known());
    assert_ne!(Prices::FREE, Prices::default());
}
