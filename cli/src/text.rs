//! What commands print: names and words from outside must not steer a terminal, whether for people or as JSON.

use std::{
    fmt::Display,
    io::{self, Write},
};

use abide_base::shown::shown;
use serde::Serialize;

use crate::form::Form;

/// One result: a line of JSON, or its words.
pub(super) fn say<T: Serialize + ToString>(one: &T, form: Form, out: &mut dyn Write) -> io::Result<()> {
    match form {
        Form::Json => say_json(one, out),
        Form::Summary => writeln!(out, "{}", shown(&one.to_string())),
    }
}

/// A line of JSON.
pub(super) fn say_json<T: Serialize>(one: &T, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "{}", plain(&serde_json::to_vec(one)?))
}

/// A line of JSON in visible ASCII: what does not show stands in its strings only, and is written there as an escape.
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

/// A message of several lines, with all that does not show as an escape.
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

/// A number of things.
pub(super) fn plural(count: impl Display, what: &str) -> String {
    let count = count.to_string();
    format!("{count} {what}{}", if count == "1" { "" } else { "s" })
}
