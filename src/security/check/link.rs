//! Links in texts: where they lead, as every reader of the text could take them.

use url::{Host, Url};

use super::markup::begins_a_tag;

/// Whether a text is an `https` address at one of the hosts, and nothing that another parser could read as another one
/// (no user name, port, backslash, blank or escape before the path).
pub(super) fn is_address_at(text: &str, hosts: &[String]) -> bool {
    let Some(rest) = text.strip_prefix("https://") else { return false };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | ':' | '[' | ']');
    if authority.is_empty() || !authority.chars().all(is_plain) {
        return false;
    }
    if text.chars().any(|c| c.is_whitespace() || c.is_control() || c == '\\') {
        return false;
    }
    Url::parse(text).is_ok_and(|url| {
        let host = url.host().map(|host| host.to_string()).unwrap_or_default();
        url.port().is_none() && authority.eq_ignore_ascii_case(&host) && is_one_of(&host, hosts)
    })
}

/// Whether every link in a text leads to one of the hosts. A link is whatever a mail or chat program makes one of: an address with a
/// scheme, `//host`, `www.host`, or a bare name with a dot whose end is no kind of file. What could be read in two ways is refused: HTML but for
/// `<https://…>`, entities, backslashes, invisible characters, a scheme without `//`.
pub(in crate::security) fn leads_only_to(text: &str, hosts: &[String]) -> bool {
    if has_html(text) || text.contains(['\\', '\t']) || text.chars().any(is_invisible) {
        return false;
    }
    let lower = text.to_lowercase();
    if SCHEMES.iter().any(|scheme| has_scheme(&lower, scheme)) {
        return false;
    }
    let Some(rest) = without_addresses(&lower, hosts) else { return false };
    let splits = |c: char| c.is_whitespace() || (c.is_ascii_punctuation() && !".-_/:@=&?#+%".contains(c));
    !rest.contains("//")
        && !rest.contains("](")
        && rest.split(splits).filter(|part| !is_mail_address(part)).all(|part| {
            let mut names = part
                .split(['/', ':', '=', '&', '?', '#', '@', '%', '+'])
                .map(|name| name.trim_matches(['.', '-', '_']));
            names.all(|name| !is_host_like(name) || is_one_of(name, hosts))
        })
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
        let end = address.find(|c: char| c.is_whitespace() || matches!(c, '<' | '>' | '"')).unwrap_or(address.len());
        let (address, after) = address.split_at(end);
        // what closes a sentence or a link is no part of it
        let address = address.trim_end_matches(['.', ',', ';', ':', '!', '?', ')', ']', '\'', '*', '`']);
        let further =
            address.strip_prefix("https:").is_some_and(|rest| FETCHING.iter().any(|scheme| rest.contains(scheme)));
        let path = address.get("https://".len()..).unwrap_or_default();
        if follows_a_word || further || path.contains("//") || !is_address_at(address, hosts) {
            return None;
        }
        kept.push_str(before.strip_suffix("](").unwrap_or(before));
        kept.push(' ');
        rest = after;
    }
    kept.push_str(rest);
    Some(kept)
}

/// Tags, comments and entities: what a page or a mail makes of them is not what stands there.
fn has_html(text: &str) -> bool {
    let opens = |(at, _): (usize, &str)| {
        let after = text.get(at + 1..).unwrap_or_default();
        (after.starts_with('/') || begins_a_tag(after)) && !after.starts_with("https://")
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

/// Schemes that need no `//` to lead somewhere or to run something.
const SCHEMES: [&str; 18] = [
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

/// Characters that take up no room: they can hide a link, or be one that is only seen by machines.
pub(super) fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180e}'
            | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2064}' | '\u{2066}'..='\u{206f}'
            | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}'
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
    let is_dot = |c: char| matches!(c, '.' | '\u{3002}' | '\u{ff0e}' | '\u{ff61}');
    let Some((rest, end)) = name.rsplit_once(is_dot) else { return false };
    // a full stop between two sentences of a script without blanks is none
    let is_sentence =
        name.chars().rev().find(|c| is_dot(*c)) != Some('.') && !rest.ends_with(|c: char| c.is_ascii_alphanumeric());
    let is_word = end.chars().count() >= 2 && end.chars().all(|c| c.is_alphabetic() || !c.is_ascii());
    let is_domain = (is_word || end.starts_with("xn--")) && !FILE_KINDS.contains(&end);
    let is_address =
        Host::parse(name).is_ok_and(|host| !matches!(host, Host::Domain(_))) && name.matches('.').count() == 3;
    !rest.is_empty() && !is_sentence && (is_domain || is_address)
}

#[cfg(test)]
mod tests;
