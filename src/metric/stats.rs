use rand::{RngExt, SeedableRng, rngs::StdRng};
use serde::{Deserialize, Serialize};

/// An estimate and a range that holds the true value with a given confidence.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    /// The estimate.
    pub mean: f64,
    /// The lower end.
    pub low: f64,
    /// The upper end.
    pub high: f64,
}

/// How sure an interval is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Level {
    /// 95 of 100.
    P95,
}

const RESAMPLES: usize = 2_000;

impl Interval {
    /// The rate `hits / total` with its Wilson score interval
    /// ([Wilson 1927](https://doi.org/10.1080/01621459.1927.10502953)). Without data: 0, from 0 to 1.
    pub fn wilson(hits: usize, total: usize, level: Level) -> Self {
        if total == 0 {
            return Self { mean: 0.0, low: 0.0, high: 1.0 };
        }
        let Level::P95 = level;
        let z = 1.959_963_984_540_054_f64;
        let (n, p) = (total as f64, hits as f64 / total as f64);
        let scale = 1.0 + z * z / n;
        let centre = (p + z * z / (2.0 * n)) / scale;
        let half = z / scale * (p * (1.0 - p) / n + z * z / (4.0 * n * n)).sqrt();
        let low = if hits == 0 { 0.0 } else { (centre - half).max(0.0) };
        let high = if hits == total { 1.0 } else { (centre + half).min(1.0) };
        Self { mean: p, low, high }
    }

    /// The mean of values with its percentile bootstrap interval (2,000 resamples, seeded, so the same values give the same interval).
    pub fn bootstrap(values: &[f64], level: Level) -> Self {
        if values.is_empty() {
            return Self { mean: 0.0, low: 0.0, high: 1.0 };
        }
        let Level::P95 = level;
        let n = values.len();
        let mean = values.iter().sum::<f64>() / n as f64;
        let mut rng = StdRng::seed_from_u64(n as u64);
        let mut draw = || (0..n).filter_map(|_| values.get(rng.random_range(0..n))).sum::<f64>() / n as f64;
        let mut means: Vec<f64> = (0..RESAMPLES).map(|_| draw()).collect();
        means.sort_by(f64::total_cmp);
        let at = |share: f64| means.get((share * RESAMPLES as f64) as usize).copied().unwrap_or(mean);
        Self { mean, low: at(0.025), high: at(0.975) }
    }
}

#[cfg(test)]
mod tests;
