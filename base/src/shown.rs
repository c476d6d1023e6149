//! Text from outside, safe on a terminal.

use std::fmt::{self, Write};

/// Text from outside, safe on a terminal and in a review: control characters, bidirectional marks and everything else
/// that does not show is written as an escape (`\n`, `\u{202e}`), and so is the backslash.
pub fn shown(text: &str) -> impl fmt::Display + '_ {
    Shown(text)
}

struct Shown<'a>(&'a str);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.chars().try_for_each(|c| match c {
            '"' | '\'' => f.write_char(c),
            _ => c.escape_debug().try_for_each(|c| f.write_char(c)),
        })
    }
}
