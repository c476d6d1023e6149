//! The byte order mark before a text.

/// A text in UTF-8 without the byte order mark that some programs write before it.
pub fn strip_bom(text: &[u8]) -> &[u8] {
    text.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(text)
}
