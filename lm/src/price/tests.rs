use crate::price::*;

#[test]
fn costs_are_rounded_up_and_never_overflow() {
    let prices = Prices::per_million(250_000, 2_000_000);
    assert_eq!(prices.cost(1_000_000, 0), 250_000);
    assert_eq!(prices.cost(0, 3), 6);
    assert_eq!(prices.cost(1, 0), 1);
    assert_eq!(Prices::default().cost(u64::MAX, u64::MAX), 0);
    assert_eq!(Prices::per_million(u64::MAX, 0).cost(u64::MAX, 0), u64::MAX);
}
