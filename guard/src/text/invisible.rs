//! Characters that take up no room, such as zero-width ones: a text may look like another one because of them.

/// Whether a text has characters that take up no room: they can hide a link, or be one that is only seen by machines. What chooses
/// between the two looks of a symbol is none.
pub(crate) fn has_invisible(text: &str) -> bool {
    let mut before = None;
    text.char_indices().any(|(at, c)| {
        let after = text.get(at + c.len_utf8()..).unwrap_or_default();
        is_invisible_between(before.replace(c), c, after)
    })
}

/// Whether a character takes up no room where it stands.
pub(crate) fn is_invisible_between(before: Option<char>, c: char, after: &str) -> bool {
    let is_look = matches!(c, '\u{fe0e}' | '\u{fe0f}')
        && before.is_some_and(|base| match base {
            '0'..='9' | '#' | '*' => after.starts_with('\u{20e3}'),
            base => has_two_looks(base),
        });
    is_invisible(c) && !is_look && !joins(before, c, after.chars().next())
}

/// Unicode's `Default_Ignorable_Code_Point`, and the marks for notes between the lines.
pub(crate) fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}'
            | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}'
            | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}'
    )
}

/// Whether a joiner or non-joiner does what it is for: between letters that are written together, or symbols that become one.
pub(super) fn joins(before: Option<char>, c: char, after: Option<char>) -> bool {
    let (Some(before), Some(after)) = (before, after) else { return false };
    match c {
        '\u{200d}' if before == '\u{fe0f}' || has_two_looks(before) => has_two_looks(after),
        '\u{200c}' | '\u{200d}' => is_joining(before) && is_joining(after),
        _ => false,
    }
}

/// Letters of the Arabic, Syriac, Indic and Mongolian scripts, and the signs of the Indic ones that take a vowel away.
pub(super) fn is_joining(c: char) -> bool {
    let takes_vowel = matches!(c, '\u{900}'..='\u{d7f}') && u32::from(c) % 0x80 == 0x4d || c == '\u{dca}';
    takes_vowel
        || c.is_alphabetic()
            && matches!(c, '\u{620}'..='\u{7ff}' | '\u{840}'..='\u{dff}' | '\u{1820}'..='\u{18aa}' | '\u{fb50}'..='\u{fdfb}' | '\u{fe70}'..='\u{fefc}')
}

/// Symbols that are drawn as text or in colours.
pub(super) fn has_two_looks(c: char) -> bool {
    matches!(
        c,
        '\u{a9}' | '\u{ae}' | '\u{203c}' | '\u{2049}' | '\u{2122}' | '\u{2139}' | '\u{2190}'..='\u{2bff}'
            | '\u{3030}' | '\u{303d}' | '\u{3297}' | '\u{3299}' | '\u{1f000}'..='\u{1faff}'
    )
}
