//! What commands print: names and words from outside must not steer a terminal, whether for people or as JSON.

use std::{
    fmt::Display,
    io::{self, Write},
};

use abide_base::shown::shown;
use serde::Serialize;

use crate::output_format::OutputFormat;

/// One result: a line of JSON, or its words.
pub(super) fn say<T: Serialize + ToString>(one: &T, form: OutputFormat, out: &mut dyn Write) -> io::Result<()> {
    match form {
        OutputFormat::Json => say_json(one, out),
        OutputFormat::Summary => writeln!(out, "{}", shown(&one.to_string())),
    }
}

/// A line of JSON.
pub(super) fn say_json<T: Serialize>(one: &T, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "{}", plain(&serde_json::to_vec(one)?))
}

/// A line of JSON in visible ASCII: other characters can stand in its strings only, and become `\uXXXX` there.
pub(super) fn plain(line: &[u8]) -> String {
    let text = String::from_utf8_lossy(line);
    let mut plain = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            ' '..='~' => plain.push(c),
            '\0'..' ' => plain.push(' '),
            _ => c.encode_utf16(&mut [0; 2]).iter().for_each(|unit| plain.push_str(&format!("\\u{unit:04x}"))),
        }
    }
    plain
}

/// A message of several lines, with characters that a terminal would not show escaped.
pub(super) fn message(text: &str) -> String {
    let mut message = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' | '\\' | '"' | '\'' => message.push(c),
            _ => message.extend(c.escape_debug()),
        }
    }
    message
}

/// `1 call`, `2 calls`.
pub(super) fn plural(count: impl Display, what: &str) -> String {
    let count = count.to_string();
    format!("{count} {what}{}", if count == "1" { "" } else { "s" })
}
