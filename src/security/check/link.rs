//! Links in texts: where they lead, as every reader of the text could take them.

use url::{Host, Url};

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
/// scheme, `//host`, `www.host`, or a bare name with a dot whose end is no kind of file.
pub(in crate::security) fn leads_only_to(text: &str, hosts: &[String]) -> bool {
    let lower = text.to_lowercase();
    if SCHEMES.iter().any(|scheme| has_scheme(&lower, scheme)) || text.chars().any(is_invisible) {
        return false;
    }
    let parts = lower.split(|c: char| {
        c.is_whitespace()
            || matches!(
                c,
                '<' | '>' | '(' | ')' | '[' | ']' | '{' | '}' | '"' | '\'' | '`' | ',' | ';' | '|' | '!' | '*'
            )
    });
    parts.filter(|part| part.contains(['.', '/', ':'])).all(|part| match part.split_once("//") {
        Some((scheme, rest)) if scheme.ends_with(':') || scheme.is_empty() => {
            let rest = rest.trim_start_matches('/').trim_end_matches(['.', '?', ':']);
            // every further address in it could be where it leads in the end
            is_address_at(&format!("https://{rest}"), hosts) && !rest.contains("//") && matches!(scheme, "" | "https:")
        }
        _ => bare_names(part).all(|name| is_one_of(name, hosts)),
    })
}

/// Whether a host, with or without `www.`, is one of those listed.
fn is_one_of(host: &str, hosts: &[String]) -> bool {
    let plain = host.strip_prefix("www.").unwrap_or(host);
    hosts.iter().any(|listed| match listed.strip_prefix('*') {
        Some(domain) => host.len() > domain.len() && host.ends_with(domain),
        None => listed == host || listed == plain,
    })
}

/// Schemes that need no `//` to lead somewhere or to run something.
const SCHEMES: [&str; 7] = ["javascript:", "data:", "vbscript:", "file:", "mailto:", "tel:", "sms:"];

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

/// Names in a part of a text that programs take for hosts. What follows `@` is a mail address, which a rule for recipients is for.
fn bare_names(part: &str) -> impl Iterator<Item = &str> {
    part.split(['/', ':', '=', '&', '?', '#'])
        .filter(|piece| !piece.contains('@'))
        .map(|piece| piece.trim_matches(['.', '-', '_']))
        .filter(|piece| is_host_like(piece))
}

fn is_host_like(name: &str) -> bool {
    let Some((rest, end)) = name.rsplit_once(['.', '\u{3002}', '\u{ff0e}', '\u{ff61}']) else { return false };
    let is_label = |c: char| c.is_alphanumeric() || matches!(c, '-' | '.' | '_');
    let is_domain = end.chars().count() >= 2 && end.chars().all(char::is_alphabetic) && !FILE_KINDS.contains(&end);
    let is_address =
        Host::parse(name).is_ok_and(|host| !matches!(host, Host::Domain(_))) && name.matches('.').count() == 3;
    !rest.is_empty() && rest.chars().all(is_label) && (is_domain || is_address)
}

#[cfg(test)]
mod tests;
