//! What people write that looks like part of an address or like a tag, and is neither.

use std::borrow::Cow;

use super::{
    host::{is_closed, is_one_of, is_plain_host},
    top_level,
};

/// Longer ones are no words to be filled in.
const MAX_PLACEHOLDER: usize = 64;

/// Elements that fetch or run something without an attribute, or change how a browser reads what follows them.
const ACTIVE: [&str; 19] = [
    "applet",
    "base",
    "embed",
    "frame",
    "frameset",
    "iframe",
    "math",
    "meta",
    "noembed",
    "noframes",
    "noscript",
    "object",
    "plaintext",
    "script",
    "style",
    "svg",
    "template",
    "textarea",
    "xmp",
];

/// The text with something else in place of words to be filled in, such as `<your name>`. To a browser they are elements without
/// attributes that have a value, so they lead nowhere; but it takes them out, so that what stands beside them can become one word.
pub(super) fn without_placeholders<'t>(text: &'t str, gap: &str) -> Cow<'t, str> {
    let (mut kept, mut rest) = (String::new(), text);
    while let Some((before, after)) = rest.split_once('<') {
        kept.push_str(before);
        rest = match placeholder(after) {
            Some(behind) => {
                kept.push_str(gap);
                behind
            }
            None => {
                kept.push('<');
                after
            }
        };
    }
    if kept.len() + rest.len() == text.len() {
        // a gap is shorter than what it stands for
        return Cow::Borrowed(text);
    }
    kept.push_str(rest);
    Cow::Owned(kept)
}

/// What comes after a placeholder, given what comes after its `<`: a word in Latin letters, and then letters, figures, blanks and a few
/// signs that are in no address and no value of an attribute.
fn placeholder(after: &str) -> Option<&str> {
    let is_word = |c: char| c.is_alphanumeric() || " -_,/()\u{2019}".contains(c);
    let (words, behind) = after.split_at(after.find(|c| !is_word(c))?);
    let name = words.split([' ', '/']).next()?;
    let fits = words.starts_with(|c: char| c.is_ascii_alphabetic())
        && words.len() <= MAX_PLACEHOLDER
        && !words.contains("//")
        && !ACTIVE.iter().any(|active| active.eq_ignore_ascii_case(name));
    behind.strip_prefix('>').filter(|_| fits)
}

/// The text with a blank between an address and the sentence that follows it without one, as in `www.corp.example.They`: one of the
/// hosts, whole, and a word with a capital that no domain is called by. Programs that make a link of all of it lead nowhere.
pub(super) fn unglued<'t>(text: &'t str, hosts: &[String]) -> Cow<'t, str> {
    let is_glued = |(at, _): &(usize, &str)| {
        let (before, after) = text.split_at(*at);
        begins_a_sentence(after.get(1..).unwrap_or_default()) && ends_with_a_host(before, hosts)
    };
    let mut places = text.match_indices('.').filter(is_glued).map(|(at, _)| at + 1).peekable();
    if places.peek().is_none() {
        return Cow::Borrowed(text);
    }
    let (mut kept, mut done) = (String::with_capacity(text.len() + 1), 0);
    for place in places {
        kept.extend([text.get(done..place).unwrap_or_default(), " "]);
        done = place;
    }
    kept.push_str(text.get(done..).unwrap_or_default());
    Cow::Owned(kept)
}

fn begins_a_sentence(after: &str) -> bool {
    let rest = after.trim_start_matches(|c: char| c.is_ascii_alphabetic());
    let word = after.get(..after.len() - rest.len()).unwrap_or_default();
    let mut letters = word.chars();
    let is_capital = letters.next().is_some_and(|c| c.is_ascii_uppercase());
    // they're
    let rest = match rest.strip_prefix(['\'', '\u{2019}']) {
        Some(contracted) => contracted.trim_start_matches(|c: char| c.is_ascii_lowercase()),
        None => rest,
    };
    is_capital
        && word.len() > 1
        && letters.all(|c| c.is_ascii_lowercase())
        && !top_level::is_known(word)
        && is_closed(rest.trim_start_matches([',', ';', '.', '!', '?', ')', '"', '\'', '\u{201d}', '\u{2019}']))
}

/// Whether a text ends with one of the hosts, as a word of its own or as a whole `https` address.
fn ends_with_a_host(before: &str, hosts: &[String]) -> bool {
    let rest = before.trim_end_matches(|c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-'));
    let host = before.get(rest.len()..).unwrap_or_default().to_ascii_lowercase();
    let rest = rest.strip_suffix("https://").unwrap_or(rest);
    let begins = rest.chars().next_back().is_none_or(|c| c.is_whitespace() || "(\"'\u{201c}\u{2018}".contains(c));
    begins && is_plain_host(&host) && is_one_of(&host, hosts)
}
