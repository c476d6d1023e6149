use super::*;

#[test]
fn wilson_agrees_with_published_values() {
    // Newcombe 1998, table I: 81 of 263, 15 of 148, 0 of 20, 1 of 29
    for (hits, total, low, high) in
        [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)]
    {
        let interval = Interval::wilson(hits, total, Level::P95);
        assert!(
            (interval.low - low).abs() < 5e-5 && (interval.high - high).abs() < 5e-5,
            "{hits}/{total}: {interval:?}"
        );
    }
    assert_eq!(Interval::wilson(0, 0, Level::P95), Interval { mean: 0.0, low: 0.0, high: 1.0 });
}

#[test]
fn the_bootstrap_is_repeatable_and_covers_the_mean() {
    let values: Vec<f64> = (0..50).map(|i| f64::from(i % 5) / 4.0).collect();
    let interval = Interval::bootstrap(&values, Level::P95);
    assert_eq!(interval, Interval::bootstrap(&values, Level::P95));
    assert!(interval.low < interval.mean && interval.mean < interval.high);
    // standard error is about 0.05, so the interval is about 0.2 wide
    assert!((0.12..0.28).contains(&(interval.high - interval.low)), "{interval:?}");
}
