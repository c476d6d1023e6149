//! The words of a text, and what stands between them.

/// A word of a text, without the signs around it. One of signs alone is empty.
#[derive(Clone, Copy)]
pub(super) struct Word<'t> {
    pub(super) text: &'t str,
    /// Where it begins, in bytes.
    pub(super) start: usize,
    /// The signs right before it.
    pub(super) before: &'t str,
    /// The signs right behind it.
    pub(super) behind: &'t str,
    pub(super) stop: Stop,
    /// Whether the next word is on another line, or behind a tab.
    pub(super) ends_line: bool,
}

/// What ends behind a word.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Stop {
    None,
    /// A part of a sentence, or an item of a list in it.
    Comma,
    /// A sentence, a paragraph, or an item of a list that has lines of its own.
    End,
}

impl Word<'_> {
    pub(super) fn end(&self) -> usize {
        self.start + self.text.len()
    }

    /// Whether nothing but blanks is between two words.
    pub(super) fn is_beside(&self, next: &Self) -> bool {
        self.stop == Stop::None && self.behind.is_empty() && next.before.is_empty() && !self.ends_line
    }

    /// Whether it is an amount of money, a part of a hundred, or the number of a thing: `$26`, `26%`, `#26`.
    pub(super) fn is_amount(&self) -> bool {
        self.before.contains(|c| is_currency(c) || c == '#') || self.behind.contains(|c| is_currency(c) || c == '%')
    }
}

pub(super) fn words(text: &str) -> Vec<Word<'_>> {
    let pieces = text.split_inclusive(char::is_whitespace).scan(0, |end, piece| {
        let start = *end;
        *end += piece.len();
        Some((start, piece.trim_end()))
    });
    let pieces = pieces.filter(|(_, piece)| !piece.is_empty());
    pieces.map(|(start, piece)| word(piece, start, text.get(start + piece.len()..).unwrap_or_default())).collect()
}

/// The word of a piece between blanks, with the text behind that.
fn word<'t>(piece: &'t str, start: usize, rest: &str) -> Word<'t> {
    let is_outside = |c: char| !c.is_alphanumeric() && c != '-';
    let trimmed = piece.trim_start_matches(is_outside);
    let (before, _) = piece.split_at(piece.len() - trimmed.len());
    let text = trimmed.trim_end_matches(is_outside).trim_end_matches('-');
    let behind = trimmed.get(text.len()..).unwrap_or_default();
    let lines = lines(rest);
    let ends = if text.is_empty() { piece } else { behind };
    let ends_item = lines > 1 || lines == 1 && is_item(rest.trim_start());
    let stop = match ends.chars().next_back() {
        _ if ends_item => Stop::End,
        Some(',' | ';') => Stop::Comma,
        _ if ends.contains(['.', '!', '?', ':']) => Stop::End,
        _ if ends.contains([',', ';']) => Stop::Comma,
        _ => Stop::None,
    };
    Word { text, start: start + before.len(), before, behind, stop, ends_line: lines > 0 }
}

/// How many lines or cells end before the next word.
fn lines(rest: &str) -> usize {
    let blank = rest.len() - rest.trim_start().len();
    let ends = |c: char| matches!(c, '\t' | '\n' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}');
    let blank = rest.get(..blank).unwrap_or_default();
    blank.matches(ends).count().max(blank.matches('\r').count())
}

/// Whether a line begins with the sign or the number of an item: `- two`, `2. two`.
fn is_item(line: &str) -> bool {
    let first = line.split(char::is_whitespace).next().unwrap_or_default();
    let number = first.strip_suffix(['.', ')']).unwrap_or_default();
    matches!(first, "-" | "*" | "+" | "\u{2013}" | "\u{2014}" | "\u{2022}" | "\u{b7}")
        || !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit())
}

pub(super) fn is_currency(c: char) -> bool {
    matches!(c, '$' | '\u{a2}'..='\u{a5}' | '\u{20a0}'..='\u{20cf}')
}
