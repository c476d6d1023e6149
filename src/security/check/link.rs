//! Links in texts: where they lead, as every reader of the text could take them.

use percent_encoding::percent_decode_str;
use unicode_normalization::UnicodeNormalization;
use url::{Host, Url};

use super::markup::begins_a_tag;

/// Whether a text is an `https` address at one of the hosts, and nothing that another parser could read as another one
/// (no user name, port, backslash, blank or escape before the path, and no path that goes up).
pub(super) fn is_address_at(text: &str, hosts: &[String]) -> bool {
    let Some(rest) = text.strip_prefix("https://") else { return false };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | ':' | '[' | ']');
    if authority.is_empty() || !authority.chars().all(is_plain) {
        return false;
    }
    let path = rest.split(['?', '#']).next().unwrap_or_default();
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
/// HTML but for
/// `<https://…>`, entities, backslashes, invisible characters, definitions of links, and a word with a colon and something right
/// behind it that is no figure: it could be a scheme.
pub(in crate::security) fn leads_only_to(text: &str, hosts: &[String]) -> bool {
    if has_html(text) || text.contains(['\\', '\t']) || has_invisible(text) {
        return false;
    }
    let lower = text.to_lowercase();
    if SCHEMES.iter().any(|scheme| has_scheme(&lower, scheme)) {
        return false;
    }
    let Some(rest) = without_addresses(&lower, hosts) else { return false };
    let splits = |c: char| c.is_whitespace() || (c.is_ascii_punctuation() && !".-_/:@=&?#+%".contains(c));
    !["//", "](", "]:"].iter().any(|mark| rest.contains(mark))
        && !has_any_scheme(&rest)
        && rest.split(splits).filter(|part| !is_mail_address(part)).all(|part| {
            let names = part.split(['/', ':', '=', '&', '?', '#', '@', '%', '+']);
            // signs of other scripts can be part of a name, or end it
            names.flat_map(|name| std::iter::once(name).chain(name.split(is_foreign_sign))).all(|name| {
                let name = name.trim_matches(['.', '-', '_']);
                !is_host_like(name) || is_one_of(name, hosts)
            })
        })
}

/// Whether a path has parts like `..` when it is decoded, as often as anybody may, or cannot be decoded.
fn goes_up(path: &str) -> bool {
    let mut pieces = path.split('%');
    let mut once = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        once.push('%');
        once.push_str(piece.trim_start_matches("25"));
    }
    let Ok(decoded) = percent_decode_str(&once).decode_utf8() else { return true };
    let still_coded = percent_decode_str(&decoded).count() < decoded.len();
    let plain: String = decoded.nfkc().collect();
    still_coded
        || plain.split(['/', '\\']).any(|part| {
            let name = part.split(';').next().unwrap_or_default();
            name.contains('.') && name.chars().all(|c| c == '.' || c.is_whitespace() || c.is_control())
        })
}

/// Characters that every program takes into an address; at any other one some end it.
fn is_of_address(c: char) -> bool {
    c.is_ascii_alphanumeric() || "._~:/?#@!$&=+%-".contains(c)
}

/// The text with its `https` addresses taken out, if all of them lead to the hosts and end where everybody sees them end.
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
            || is_closed(after.trim_start_matches(|c| "\"'()*,;<>[]`{}|.:!?".contains(c)));
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

/// Whether nothing but a blank or the end of the text comes next.
fn is_closed(after: &str) -> bool {
    after.chars().next().is_none_or(char::is_whitespace)
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
                !word.is_empty() && name.get(word.len()..).is_some_and(|rest| rest.starts_with(';'))
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

/// Whether a host, with or without `www.`, is one of those listed.
fn is_one_of(host: &str, hosts: &[String]) -> bool {
    let plain = host.strip_prefix("www.").unwrap_or(host);
    hosts.iter().any(|listed| match listed.strip_prefix('*') {
        Some(domain) => host.len() > domain.len() && host.ends_with(domain),
        None => listed == host || listed == plain,
    })
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

/// Ends of names that are files and no domains.
const FILE_KINDS: [&str; 22] = [
    "txt", "pdf", "doc", "docx", "xls", "xlsx", "ppt", "pptx", "csv", "tsv", "json", "xml", "yaml", "yml", "log",
    "html", "htm", "png", "jpg", "jpeg", "gif", "svg",
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

/// Whether a text has characters that take up no room: they can hide a link, or be one that is only seen by machines. What chooses
/// between the two looks of a symbol is none.
pub(super) fn has_invisible(text: &str) -> bool {
    let mut before = None;
    text.char_indices().any(|(at, c)| {
        let after = text.get(at + c.len_utf8()..).unwrap_or_default();
        is_invisible_between(before.replace(c), c, after)
    })
}

/// Whether a character takes up no room where it stands.
pub(super) fn is_invisible_between(before: Option<char>, c: char, after: &str) -> bool {
    let is_look = matches!(c, '\u{fe0e}' | '\u{fe0f}')
        && before.is_some_and(|base| match base {
            '0'..='9' | '#' | '*' => after.starts_with('\u{20e3}'),
            base => has_two_looks(base),
        });
    is_invisible(c) && !is_look
}

/// Unicode's `Default_Ignorable_Code_Point`, and the marks for notes between the lines.
pub(super) fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}'
            | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}'
            | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}'
    )
}

/// Symbols that are drawn as text or in colours.
fn has_two_looks(c: char) -> bool {
    matches!(
        c,
        '\u{a9}' | '\u{ae}' | '\u{203c}' | '\u{2049}' | '\u{2122}' | '\u{2139}' | '\u{2190}'..='\u{2bff}'
            | '\u{3030}' | '\u{303d}' | '\u{3297}' | '\u{3299}' | '\u{1f000}'..='\u{1faff}'
    )
}

/// A mail address and nothing else, which a rule for recipients is for.
fn is_mail_address(part: &str) -> bool {
    let Some((mailbox, domain)) = part.trim_end_matches(['.', '?', ':']).split_once('@') else { return false };
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '+' | '-');
    !mailbox.is_empty()
        && mailbox.chars().all(is_plain)
        && domain.chars().all(|c| is_plain(c) && !matches!(c, '_' | '+'))
}

/// Whether a word with dots in it could be a host. Where letters beyond ASCII are in it, it could be one in some script.
fn is_host_like(name: &str) -> bool {
    let Some((rest, end)) = name.rsplit_once(is_dot) else { return false };
    // a full stop between two sentences of a script without blanks is none
    let is_sentence = !name.contains('.') && !rest.ends_with(|c: char| c.is_ascii_alphanumeric());
    let is_word = end.chars().count() >= 2 && end.chars().all(|c| c.is_alphabetic() || !c.is_ascii());
    let is_domain = (is_word || end.starts_with("xn--")) && !FILE_KINDS.contains(&end);
    let is_address =
        Host::parse(name).is_ok_and(|host| !matches!(host, Host::Domain(_))) && name.matches('.').count() == 3;
    !rest.is_empty() && !is_sentence && (is_domain || is_address)
}

fn is_dot(c: char) -> bool {
    matches!(c, '.' | '\u{3002}' | '\u{ff0e}' | '\u{ff61}')
}

fn is_foreign_sign(c: char) -> bool {
    !c.is_ascii() && !c.is_alphanumeric() && !c.is_whitespace() && !is_dot(c)
}

#[cfg(test)]
mod tests;
