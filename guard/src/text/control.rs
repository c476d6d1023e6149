//! Control characters in texts: what a terminal obeys instead of showing it.

/// Whether a text has a control character other than a tab and the end of a line.
pub(super) fn is_in(text: &str) -> bool {
    text.char_indices().any(|(at, c)| is_control(c, text.get(at + c.len_utf8()..).unwrap_or_default()))
}

/// Whether a character steers a terminal, or ends a line in a way that some programs do not show: C0 and C1 but for tab, line feed and
/// a carriage return right before one, and the separators of lines and paragraphs.
pub(super) fn is_control(c: char, after: &str) -> bool {
    match c {
        '\t' | '\n' => false,
        '\r' => !after.starts_with('\n'),
        '\u{2028}' | '\u{2029}' => true,
        c => c.is_control(),
    }
}

/// What stands for a control character in a text without them, and what comes after it: of a sequence that it begins (ECMA-48: colours,
/// moves, titles, links) nothing stays.
pub(super) fn taken_out(c: char, after: &str) -> (Option<char>, &str) {
    let behind = match c {
        '\r' | '\u{2028}' | '\u{2029}' => return (Some('\n'), after),
        '\u{1b}' => match after.chars().next() {
            Some('[') => after.get(1..).and_then(after_parameters),
            Some(']' | 'P' | 'X' | '^' | '_') => after.get(1..).and_then(after_terminator),
            _ => None,
        },
        // without a parameter the letter behind it is as likely one of the text
        '\u{9b}' => Some(after).filter(|after| after.starts_with(is_parameter)).and_then(after_parameters),
        '\u{90}' | '\u{98}' | '\u{9d}' | '\u{9e}' | '\u{9f}' => after_terminator(after),
        _ => None,
    };
    (None, behind.unwrap_or(after))
}

fn is_parameter(c: char) -> bool {
    matches!(c, '0'..='?')
}

/// What comes after the last character of a sequence that has parameters.
fn after_parameters(body: &str) -> Option<&str> {
    let rest = body.trim_start_matches(is_parameter).trim_start_matches(|c| matches!(c, ' '..='/'));
    rest.strip_prefix(|c| matches!(c, '@'..='~'))
}

/// What comes after the terminator of a sequence that has a text. Any other control character breaks it off.
fn after_terminator(body: &str) -> Option<&str> {
    let (text, behind) = body.split_once(char::is_control)?;
    match body.get(text.len()..)?.chars().next()? {
        '\u{7}' | '\u{9c}' => Some(behind),
        '\u{1b}' => behind.strip_prefix('\\'),
        _ => None,
    }
}

/// The text with a line feed for each carriage return and line feed; `None` if there is no such pair.
pub(crate) fn with_line_feeds(text: &str) -> Option<String> {
    text.contains("\r\n").then(|| text.replace("\r\n", "\n"))
}
