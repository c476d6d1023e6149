//! Bars that a number must keep.

use std::{fmt, ops::RangeBounds, process::ExitCode};

/// One line for each number, and the exit code of all of them.
#[derive(Default)]
pub struct Verdict {
    missed: usize,
}

impl Verdict {
    /// Says what a number is, and whether it keeps its bar.
    pub fn number(&mut self, what: &str, number: f64, unit: &str, bar: impl RangeBounds<f64> + fmt::Debug) {
        let kept = bar.contains(&number);
        say(&format!("{}: {what}: {number:.1} {unit} (bar: {bar:?})", if kept { "kept" } else { "MISSED" }));
        self.missed += usize::from(!kept);
    }

    /// Failure if `ABIDE_BENCH_STRICT=1` and a bar was missed.
    pub fn exit_code(self) -> ExitCode {
        let strict = std::env::var("ABIDE_BENCH_STRICT").is_ok_and(|strict| strict == "1");
        if strict && self.missed > 0 { ExitCode::FAILURE } else { ExitCode::SUCCESS }
    }
}

/// Whether `cargo bench` started this program: `cargo test --benches` only wants to know that it runs.
pub fn is_measuring() -> bool {
    std::env::args().any(|argument| argument == "--bench")
}

/// Prints a line.
#[expect(clippy::print_stdout, reason = "what a bench is for")]
pub fn say(line: &str) {
    println!("{line}");
}
