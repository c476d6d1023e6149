use std::borrow::Cow;

use percent_encoding::percent_decode_str;
use unicode_normalization::UnicodeNormalization;
use url::Url;

use super::super::{
    decodings::plain,
    invisible::has_invisible,
    markup::{begins_a_tag, definitions},
};
use super::host::{is_closed, is_dot, is_foreign_sign, is_host_like, is_mail_address, is_one_of, is_plain_host};

/// Whether a text is an `https` address at one of the hosts, and nothing that another parser could read as another one
/// (no user name, port, backslash, blank or escape before the path, and no path that goes up).
pub(crate) fn is_address_at(text: &str, hosts: &[String]) -> bool {
    let Some(rest) = text.strip_prefix("https://") else { return false };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | ':' | '[' | ']');
    if authority.is_empty() || !authority.chars().all(is_plain) {
        return false;
    }
    let path = rest.split(['?', '#']).next().unwrap_or_default();
    // some parsers read on to the `@`, for `host?@other`
    if path == authority && rest.contains('@') {
        return false;
    }
    if text.chars().any(|c| c.is_whitespace() || c.is_control() || c == '\\') || goes_up(path) {
        return false;
    }
    Url::parse(text).is_ok_and(|url| {
        let host = url.host().map(|host| host.to_string()).unwrap_or_default();
        url.port().is_none() && authority.eq_ignore_ascii_case(&host) && is_one_of(&host, hosts)
    })
}

/// Whether every link in a text leads to one of the hosts. A link is whatever a mail or chat program makes one of: an address with a
/// scheme, `//host`, `www.host`, or a bare name with a dot whose end is no kind of file. What could be read in two ways is refused:
/// HTML but for `<https://…>`, `<mail@address>` and words to be filled in (`<your name>`), entities, backslashes, control and invisible
/// characters, definitions of links, and a word with a colon and something right behind it that is no figure: it could be a scheme.
pub fn leads_only_to(text: &str, hosts: &[String]) -> bool {
    if text.contains('\t') {
        // a blank to most; browsers take it out of addresses
        return [" ", ""].iter().all(|blank| leads_only_to(&text.replace('\t', blank), hosts));
    }
    let text = super::prose::unglued(text, hosts);
    match super::prose::without_placeholders(&text, " ") {
        Cow::Borrowed(text) => has_no_other_link(text, hosts),
        // a browser takes them out as tags, and a mail program may see a blank
        Cow::Owned(apart) => {
            has_no_other_link(&apart, hosts) && has_no_other_link(&super::prose::without_placeholders(&text, ""), hosts)
        }
    }
}

/// What [`leads_only_to`] says of a text without tabs and placeholders.
fn has_no_other_link(text: &str, hosts: &[String]) -> bool {
    let hides = |c: char| c == '\\' || c.is_control() && !matches!(c, '\n' | '\r');
    if has_html(text) || text.contains(hides) || has_invisible(text) {
        return false;
    }
    let lower = text.to_lowercase();
    if SCHEMES.iter().any(|scheme| has_scheme(&lower, scheme)) {
        return false;
    }
    let Some(rest) = without_addresses(&lower, hosts) else { return false };
    let splits = |c: char| c.is_whitespace() || (c.is_ascii_punctuation() && !".-_/:@=&?#+%".contains(c));
    !["//", "]("].iter().any(|mark| rest.contains(mark))
        && definitions(&rest).next().is_none()
        && !has_any_scheme(&rest)
        && rest.split(splits).filter(|part| !is_mail_address(part)).all(|part| {
            part.split(['/', ':', '=', '&', '?', '#', '@', '%', '+']).all(|name| names_no_other(name, hosts))
        })
}

/// Whether a path has parts like `..` when it is decoded, as often as a server may, or cannot be decoded (`%u` is an escape to a few).
fn goes_up(path: &str) -> bool {
    let mut pieces = path.split('%');
    let mut once = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let code = piece.trim_start_matches("25");
        if code.starts_with(['u', 'U']) {
            return true;
        }
        once.push('%');
        once.push_str(code);
    }
    let Ok(decoded) = percent_decode_str(&once).decode_utf8() else { return true };
    let still_coded = percent_decode_str(&decoded).count() < decoded.len();
    let plain: String = decoded.nfkc().collect();
    still_coded
        || plain.split(['/', '\\']).any(|part| {
            let name = part.split([';', '#', '?']).next().unwrap_or_default();
            name.contains('.') && name.chars().all(|c| c == '.' || c.is_whitespace() || c.is_control())
        })
}

/// Characters that every program takes into an address; at any other one some end it.
fn is_of_address(c: char) -> bool {
    c.is_ascii_alphanumeric() || "._~:/?#@!$&=+%-".contains(c)
}

/// The text with its `https` addresses taken out, if all of them lead to the hosts and end where every reader sees them end.
fn without_addresses(lower: &str, hosts: &[String]) -> Option<String> {
    let (mut kept, mut rest) = (String::new(), lower);
    let mut starts: Vec<usize> =
        FETCHING.iter().flat_map(|scheme| lower.match_indices(scheme)).map(|(at, _)| at).collect();
    starts.sort_unstable();
    for start in starts {
        // one within the address before it was looked at with that
        let Some(at) = start.checked_sub(lower.len() - rest.len()) else { continue };
        let (before, address) = rest.split_at(at);
        let follows_a_word = before.ends_with(|c: char| c.is_alphanumeric() || matches!(c, '+' | '-' | '.'));
        let (address, after) = split_address(address);
        // what closes a sentence is no part of it
        let address = address.trim_end_matches(['.', ':', '!', '?']);
        let further =
            address.strip_prefix("https:").is_some_and(|rest| FETCHING.iter().any(|scheme| rest.contains(scheme)));
        let path = address.get("https://".len()..).unwrap_or_default();
        // some parsers read on, for `host,@other`
        let ends = path.contains(['/', '?', '#'])
            || is_closed(after.trim_start_matches(|c| "\"'()*,;<>[]`{}|.:!?”“’…»".contains(c)));
        if follows_a_word || further || path.contains("//") || !ends || !is_address_at(address, hosts) {
            return None;
        }
        match before.strip_suffix("](") {
            Some(words) => kept.extend([words, " "]),
            None => kept.push_str(before),
        }
        // what stood right before the address still has something behind it
        kept.push('/');
        rest = after;
    }
    kept.push_str(rest);
    Some(kept)
}

fn split_address(text: &str) -> (&str, &str) {
    text.split_at(text.find(|c| !is_of_address(c)).unwrap_or(text.len()))
}

/// Tags, comments and entities: what a page or a mail makes of them is not what stands there.
fn has_html(text: &str) -> bool {
    let opens = |(at, _): (usize, &str)| {
        let after = text.get(at + 1..).unwrap_or_default();
        begins_a_tag(after) && !is_bare_address(after)
    };
    let entity = |(at, _): (usize, &str)| {
        let name = text.get(at + 1..).unwrap_or_default();
        name.starts_with('#')
            || name.split(|c: char| !c.is_ascii_alphanumeric()).next().is_some_and(|word| {
                // none is called by a single letter
                word.len() > 1 && name.get(word.len()..).is_some_and(|rest| rest.starts_with(';'))
            })
    };
    text.match_indices('<').any(opens) || text.match_indices('&').any(entity)
}

/// Whether an address and a `>` are all that comes after a `<`, and nothing in it is an attribute to a parser of HTML.
fn is_bare_address(after: &str) -> bool {
    let (address, behind) = split_address(after);
    let is_attribute = |part: &str| part.contains('=') && !part.contains('?');
    address.starts_with("https://") && behind.starts_with('>') && !address.split('/').any(is_attribute)
}

/// Schemes that fetch something.
const FETCHING: [&str; 5] = ["http:", "https:", "ftp:", "ws:", "wss:"];

/// Schemes that are refused before a figure too, and within an address.
const SCHEMES: [&str; 24] = [
    "javascript:",
    "data:",
    "vbscript:",
    "file:",
    "mailto:",
    "tel:",
    "sms:",
    "skype:",
    "facetime:",
    "facetime-audio:",
    "sip:",
    "sips:",
    "xmpp:",
    "magnet:",
    "intent:",
    "tg:",
    "whatsapp:",
    "blob:",
    "callto:",
    "fax:",
    "smsto:",
    "mms:",
    "mmsto:",
    "geo:",
];

fn has_scheme(lower: &str, scheme: &str) -> bool {
    lower.match_indices(scheme).any(|(at, _)| {
        let (before, after) = lower.split_at(at);
        let follows = after.strip_prefix(scheme).and_then(|rest| rest.chars().next());
        !before.ends_with(|c: char| c.is_alphanumeric()) && follows.is_some_and(|c| !c.is_whitespace())
    })
}

/// Whether a word that could be a scheme has something right behind its colon. Marks that close a phrase (`**Note:** …`) and figures
/// are nothing.
fn has_any_scheme(lower: &str) -> bool {
    lower.match_indices(':').any(|(at, _)| {
        let (before, after) = lower.split_at(at);
        let after = after.get(1..).unwrap_or_default();
        let other = before.trim_end_matches(|c: char| c.is_ascii_alphanumeric() || "+-.".contains(c));
        let mut words = before.get(other.len()..).unwrap_or_default().split(['+', '-', '.']);
        let is_figure = || after.chars().take_while(|c| !c.is_whitespace()).all(|c| !c.is_alphabetic());
        words.any(|word| word.starts_with(|c: char| c.is_ascii_alphabetic()))
            && !is_closed(
                after.trim_start_matches(|c: char| c.is_ascii_punctuation() && !"/:".contains(c) || is_foreign_sign(c)),
            )
            && !(after.starts_with(|c: char| c.is_ascii_digit()) && is_figure())
    })
}

/// Whether a name, or any part of it that a program could end at a sign or a letter of another script, is no host but one of those
/// allowed.
fn names_no_other(name: &str, hosts: &[String]) -> bool {
    if name.is_ascii() {
        return !name.contains('.') || is_at_home(name, hosts);
    }
    std::iter::once(name)
        .chain(name.split(is_foreign_sign))
        .chain(name.split(|c| is_foreign_sign(c) || is_without_blanks(c)))
        .chain(name.split(|c: char| !c.is_ascii() && !is_dot(c)))
        .all(|name| is_sentence(name) || is_at_home(name, hosts))
}

/// Whether a name is no host but one of those allowed, as it stands and with its letters and dots in their plain forms.
fn is_at_home(name: &str, hosts: &[String]) -> bool {
    let plain = plain(&name.replace(['\u{2025}', '\u{2026}'], " ")).replace(is_dot, ".");
    [name, &plain].into_iter().map(trimmed).all(|name| {
        let cut = before_gap(name);
        is_plain_host(name) && is_one_of(name, hosts)
            || [name, cut, without_tail(name), without_tail(cut)]
                .into_iter()
                .map(trimmed)
                .all(|name| !is_host_like(name) || is_plain_host(name) && is_one_of(name, hosts))
    })
}

fn trimmed(name: &str) -> &str {
    name.trim_matches(|c| is_dot(c) || matches!(c, '-' | '_'))
}

/// A name up to its first two dots in a row.
fn before_gap(name: &str) -> &str {
    let mut pairs = name.char_indices().zip(name.chars().skip(1));
    let gap = pairs.find(|((_, c), next)| is_dot(*c) && is_dot(*next));
    gap.and_then(|((at, _), _)| name.get(..at)).unwrap_or(name)
}

/// A name whose last part ends at a dash or an underscore.
fn without_tail(name: &str) -> &str {
    let Some((_, end)) = name.rsplit_once(is_dot) else { return name };
    let tail = end.find(['-', '_']).map_or(0, |at| end.len() - at);
    name.get(..name.len() - tail).unwrap_or(name)
}

/// Whether all dots in a word are full stops between sentences of a script without blanks.
fn is_sentence(name: &str) -> bool {
    let is_beside = |c: char| is_without_blanks(c) || is_foreign_sign(c) || is_dot(c);
    !name.contains('.')
        && name.contains(is_dot)
        && name.match_indices(is_dot).all(|(at, _)| {
            let (before, after) = name.split_at(at);
            before.chars().next_back().is_none_or(is_beside) && after.chars().nth(1).is_none_or(is_beside)
        })
}

/// Thai, Lao, Burmese, Khmer, Chinese and Japanese.
fn is_without_blanks(c: char) -> bool {
    matches!(
        c,
        '\u{e00}'..='\u{eff}' | '\u{1000}'..='\u{109f}' | '\u{1780}'..='\u{17ff}' | '\u{2e80}'..='\u{2fff}'
            | '\u{3003}'..='\u{312f}' | '\u{31a0}'..='\u{9fff}' | '\u{f900}'..='\u{faff}'
            | '\u{ff66}'..='\u{ff9d}' | '\u{20000}'..='\u{3ffff}'
    )
}
