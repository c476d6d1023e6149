//! CPU time of this program.

use std::{fs, path::Path, time::Duration};

/// The time that a thread has spent on a CPU, by its folder in `/proc`. The scheduler brings it up to date a few hundred times a
/// second, so only longer spans mean something.
pub fn on_cpu(thread: impl AsRef<Path>) -> Duration {
    let file = thread.as_ref().join("schedstat");
    let text =
        fs::read_to_string(&file).unwrap_or_else(|error| panic!("CPU times need Linux: `{}`: {error}", file.display()));
    Duration::from_nanos(text.split(' ').next().unwrap().parse().unwrap())
}
