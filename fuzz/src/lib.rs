//! What several targets need.

/// The first line, where it is a text, and all that follows it.
pub fn first_line(input: &[u8]) -> Option<(&str, &[u8])> {
    let end = input.iter().position(|byte| *byte == b'\n').unwrap_or(input.len());
    let (line, rest) = input.split_at(end);
    Some((std::str::from_utf8(line).ok()?, rest.get(1..).unwrap_or_default()))
}

/// What is said of a failure fits on a screen, however long that is which failed.
pub fn assert_short(error: &impl std::fmt::Display) {
    let text = error.to_string();
    assert!(text.len() <= 2_000, "{} bytes: {text}", text.len());
}

/// An address that a credential could be sent to.
pub fn assert_safe(url: &url::Url) {
    let is_loopback = match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost",
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        None => panic!("`{url}` has no host"),
    };
    assert!(url.scheme() == "https" || (url.scheme() == "http" && is_loopback), "`{url}`");
    assert!(url.username().is_empty() && url.password().is_none(), "`{url}`");
}
