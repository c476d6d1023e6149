use std::net::Ipv4Addr;

/// Whether nothing but a blank or the end of the text comes next.
pub(super) fn is_closed(after: &str) -> bool {
    after.chars().next().is_none_or(char::is_whitespace)
}

/// Whether a host, with or without `www.`, is one of those listed.
pub(super) fn is_one_of(host: &str, hosts: &[String]) -> bool {
    let plain = host.strip_prefix("www.").unwrap_or(host);
    hosts.iter().any(|listed| match listed.strip_prefix('*') {
        Some(domain) => host.len() > domain.len() && host.ends_with(domain),
        None => listed == host || listed == plain,
    })
}

/// A mail address and nothing else, which a rule for recipients is for.
pub(crate) fn is_mail_address(part: &str) -> bool {
    let Some((mailbox, domain)) = part.trim_end_matches(['.', '?', ':']).split_once('@') else { return false };
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '+' | '-');
    !mailbox.is_empty()
        && mailbox.chars().all(is_plain)
        && domain.chars().all(|c| is_plain(c) && !matches!(c, '_' | '+'))
}

/// Whether a name cannot be read as another one.
pub(super) fn is_plain_host(name: &str) -> bool {
    let is_label = |label: &str| {
        !label.is_empty()
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
    };
    name.split('.').all(is_label)
}

/// Whether a word with dots in it could be a host. Where letters beyond ASCII are in it, it could be one in some script.
pub(super) fn is_host_like(name: &str) -> bool {
    let Some((rest, end)) = name.rsplit_once(is_dot) else { return false };
    let is_word = end.chars().count() >= 2 && end.chars().all(|c| c.is_alphabetic() || !c.is_ascii());
    let is_domain = (is_word || end.starts_with("xn--")) && !FILE_KINDS.contains(&end);
    !rest.is_empty() && (is_domain || name.parse::<Ipv4Addr>().is_ok())
}

/// Ends of names that are files and no domains.
pub(super) const FILE_KINDS: [&str; 22] = [
    "txt", "pdf", "doc", "docx", "xls", "xlsx", "ppt", "pptx", "csv", "tsv", "json", "xml", "yaml", "yml", "log",
    "html", "htm", "png", "jpg", "jpeg", "gif", "svg",
];

pub(super) fn is_dot(c: char) -> bool {
    matches!(c, '.' | '\u{2024}' | '\u{3002}' | '\u{fe52}' | '\u{ff0e}' | '\u{ff61}')
}

pub(super) fn is_foreign_sign(c: char) -> bool {
    !c.is_ascii() && !c.is_alphanumeric() && !c.is_whitespace() && !is_dot(c)
}
